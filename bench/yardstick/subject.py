"""One memorizer in a process of its own: what it costs and how well it knows text that it does not hold.

`python -m yardstick.subject warm|all|speed NAME FOLDER RESULT`: `warm` compiles its kernels, `all` measures everything,
`speed` no more than building, scoring and bits per byte, for a vocabulary where all statistics of all text take long.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from contest.process import write_result
from contest.timing import best, timed

from byheart.core.decoding import Decoding
from byheart.core.streams import stream
from byheart.index import Index
from byheart.memorizers import build
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import Mixture
from yardstick import strength
from yardstick.library import Texts, facts_of, load

BUILD_SECONDS = 12.0
"""A build that takes longer is measured once."""
NUM_PROMPTS, PROMPT_TOKENS, WRITTEN_TOKENS = 8, 64, 64
DECODING = Decoding(temperature=1.0, top_k=40)


def peak_bytes() -> int:
    """Largest resident memory of this process since `forget_peak`."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(found[1]) * 1024 if found else 0


def forget_peak() -> None:
    """Starts a new peak from what is resident now, so that reading and compiling before are not counted."""
    Path("/proc/self/clear_refs").write_text("5", "utf-8")


def make(name: str, folder: Path, index: str, calibration: Texts) -> Callable[[], Memorizer]:
    """What builds the memorizer of one of the two indexes, which are opened here."""
    facts, opened = facts_of(folder), Index.open(folder / index)
    tokens = calibration.tokens if name == "mixture" else []

    def once() -> Memorizer:
        size, end = facts["vocabulary_size"], facts["end_id"]
        return build(name, opened, vocabulary_size=size, end_id=end, calibration=tokens)

    return once


def written_per_second(memorizer: Memorizer, texts: Texts) -> float:
    """Tokens per second that it writes, prompts of PROMPT_TOKENS read first."""
    long = [ids[:PROMPT_TOKENS] for ids in texts.tokens if ids.size >= PROMPT_TOKENS][:NUM_PROMPTS]
    rng = stream(0, "bench", "memorizers", "writing")
    seconds, written = timed(lambda: memorizer.sample(long, DECODING, WRITTEN_TOKENS, rng=rng))
    return sum(ids.size for ids in written) / seconds


def warm(name: str, folder: Path) -> Memorizer:
    """Builds a small one and lets it do everything once, so that no kernel is compiled later."""
    calibration = load(folder / "calibration.npz")
    short = Texts([ids[:200] for ids in calibration.tokens[:5]], [200] * 5)
    memorizer = make(name, folder, "small.idx", short)()
    strength.top_1_accuracy(memorizer, short)
    strength.abstention_share(memorizer, short)
    memorizer.log_probabilities_nats(short.tokens[0])
    memorizer.sample([short.tokens[0][:4]], DECODING, 4, rng=stream(0, "bench", "memorizers", "warm"))
    return memorizer


def mixture_facts(memorizer: Mixture, calibration: Texts) -> dict[str, Any]:
    """Its weights, and what fitting them takes after the members are there."""
    seconds, _ = timed(lambda: Mixture(memorizer.members, calibration=calibration.tokens))
    return {
        "fit_seconds": seconds,
        "members": [member.name.removeprefix("memorizer:") for member in memorizer.members],
        "bucket_starts": memorizer.bucket_starts.tolist(),
        "weights": memorizer.weights.tolist(),
        "calibration_tokens": memorizer.calibration_tokens.tolist(),
    }


def measure(name: str, folder: Path, *, whole: bool) -> dict[str, Any]:
    """Everything of one memorizer; without `whole` the parts that take long are left out."""
    calibration, report = load(folder / "calibration.npz"), load(folder / "report.npz")
    warm(name, folder)
    once = make(name, folder, "train.idx", calibration)
    forget_peak()
    before = peak_bytes()
    build_seconds, memorizer = timed(once)
    found: dict[str, Any] = {"peak_bytes": peak_bytes(), "before_bytes": before, "size_bytes": memorizer.size_bytes}
    if build_seconds < BUILD_SECONDS:
        build_seconds = min(build_seconds, best(once)[0])
    found["build_seconds"] = build_seconds
    seconds, nats = best(lambda: strength.document_nats(memorizer.log_probabilities_nats, report))
    found["tokens_per_second"] = report.num_tokens / seconds
    found["bits_per_byte"] = vars(strength.bits_per_byte(nats, report))
    piece = max(report.tokens, key=len)[: 5_000 if whole else 500]
    found["statistics_seconds"] = best(lambda: memorizer.score([piece]))[0] / piece.size
    found["abstention_share"] = strength.abstention_share(memorizer, report)
    found["written_per_second"] = written_per_second(memorizer, report)
    if whole:
        found["top_1_accuracy"] = strength.top_1_accuracy(memorizer, report)
    if isinstance(memorizer, Mixture):
        found |= mixture_facts(memorizer, calibration)
    return found


if __name__ == "__main__":
    what, subject, material, result = sys.argv[1:]
    np.seterr(all="raise", under="ignore")
    if what == "warm":
        warm(subject, Path(material))
    else:
        write_result(result, measure(subject, Path(material), whole=what == "all"))
