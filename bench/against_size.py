"""Bits per byte of unseen text against the size of the corpus, for every memorizer and the reference transformer.

    python bench/against_size.py

Corpora are beginnings of the library's training part in a fixed shuffled order (bench/yardstick/library.py), so each
contains the smaller ones. One tokenizer serves all: a BPE of 2,048 trained on the smallest, for one that was trained on
more would tell a small corpus about text that it does not have. The mixture is fitted on the calibration part. The
transformer takes 4 passes over its corpus, but at most --most-steps, then twice as many from the beginning again, as
long as the first 1,000 tokens of each calibration file gain by it; the best number of steps is drawn.

Every point is a line of docs/images/memorizers-against-size.csv as soon as it is measured. A second call goes on where
the first stopped, and draws the figure beside it. --only names subjects, --again measures them anew.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from yardstick import ALL_NAMES, SMALL_VOCABULARY, TRANSFORMER
from yardstick.drawing import draw
from yardstick.library import Library, Texts, encoded, index_of, library, say
from yardstick.points import Point, Points
from yardstick.strength import bits_per_byte, document_nats

from byheart.core.progress import Progress
from byheart.core.streams import stream
from byheart.core.tokens import Floats
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.memorizers import build
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import Mixture

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 1 << 40)
"""Bytes; the last is all of the training part."""
PASSES = 4
CHOICE_TOKENS = 1_000
"""Of each calibration file: the number of steps is chosen on them."""
SUBJECTS = (*ALL_NAMES, TRANSFORMER)


@dataclass(frozen=True)
class Setting:
    """What all points share."""

    parts: Library
    tokenizer: Tokenizer
    calibration: Texts
    choice: Texts
    """Beginnings of the calibration part's files."""
    report: Texts

    @property
    def uniform_bits_per_byte(self) -> float:
        """What guessing costs."""
        return float(np.log2(self.tokenizer.vocabulary_size) * self.report.num_tokens / self.report.num_bytes)


def setting() -> Setting:
    """Reads the library and trains the tokenizer."""
    parts = library()
    tokenizer = Tokenizer.train(parts.beginning(SIZES[0]), SMALL_VOCABULARY)
    whole = encode_corpus(parts.calibration, tokenizer).documents
    cut = [(one.token_ids[:CHOICE_TOKENS], int(one.byte_ends[:CHOICE_TOKENS][-1])) for one in whole if one.num_tokens]
    choice = Texts([ids for ids, _ in cut], [num_bytes for _, num_bytes in cut])
    calibration, report = (encoded(part, tokenizer) for part in (parts.calibration, parts.report))
    return Setting(parts, tokenizer, calibration, choice, report)


def memorizer_points(shared: Setting, num_bytes: int, missing: set[str]) -> Iterator[Point]:
    """Those of one corpus that are missing; for the mixture all others are built."""
    texts = encoded(shared.parts.beginning(num_bytes), shared.tokenizer)
    index, size, end = index_of(texts, shared.tokenizer), shared.tokenizer.vocabulary_size, shared.tokenizer.end_id
    built: dict[str, Memorizer] = {}
    names = [name for name in ALL_NAMES if name != "mixture"]
    for name in (*names, "mixture"):
        if name not in missing and "mixture" not in missing:
            continue
        started = time.perf_counter()
        if name == "mixture":
            built[name] = Mixture([built[member] for member in names], calibration=shared.calibration.tokens)
        else:
            built[name] = build(name, index, vocabulary_size=size, end_id=end)
        seconds = time.perf_counter() - started
        if name in missing:
            logs = built[name].log_probabilities_nats
            yield Point.of(
                name,
                texts,
                bits_per_byte(document_nats(logs, shared.report), shared.report),
                calibration=bits_per_byte(document_nats(logs, shared.calibration), shared.calibration).value,
                seconds=seconds,
                size_bytes=built[name].size_bytes,
            )


def transformer_points(shared: Setting, num_bytes: int, known: list[Point], most_steps: int) -> Iterator[Point]:
    """Those of one corpus, more and more steps as long as the calibration part gains by them."""
    texts = encoded(shared.parts.beginning(num_bytes), shared.tokenizer)
    done = {point.steps: point for point in known}
    best, steps = np.inf, min(PASSES * texts.num_tokens // 1024, most_steps)
    while True:
        if steps not in done:
            done[steps] = train(shared, texts, steps)
            yield done[steps]
        reached = done[steps].calibration_bits_per_byte
        if reached >= best or steps == most_steps:
            return
        best, steps = reached, min(2 * steps, most_steps)


def train(shared: Setting, texts: Texts, steps: int) -> Point:
    """One run of the reference transformer, from new weights."""
    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.evaluation import evaluate
    from byheart.models.transformer.recipe import TrainingRecipe
    from byheart.models.transformer.training import train

    config = NetworkConfig(vocabulary_size=shared.tokenizer.vocabulary_size, end_id=shared.tokenizer.end_id)
    recipe = TrainingRecipe(num_steps=steps)
    trained = train(texts.tokens, config, recipe, rng=stream(0, "bench", "memorizers", "train"), on_progress=heard())

    def nats(part: Texts) -> Floats:
        return np.array([evaluate(trained.network, [ids]).total_nats for ids in part.tokens])

    return Point.of(
        TRANSFORMER,
        texts,
        bits_per_byte(nats(shared.report), shared.report),
        calibration=bits_per_byte(nats(shared.choice), shared.choice).value,
        seconds=trained.seconds,
        size_bytes=sum(4 * parameter.numel() for parameter in trained.network.parameters()),
        steps=steps,
    )


def heard() -> Progress:
    """Progress on standard error, every 100 steps."""

    def on_progress(stage: str, done: float, total: float, note: str = "") -> None:
        if done % 100 == 0:
            say(f"  {stage} {done:,.0f} of {total:,.0f}, {note}")

    return on_progress


def main() -> None:
    """Measures what is missing, then draws."""
    parser = argparse.ArgumentParser(description="Bits per byte of unseen text against the size of the corpus.")
    parser.add_argument("--most-steps", type=int, default=2_000, help="of the transformer, at each size")
    parser.add_argument("--threads", type=int, default=1, help="of the transformer")
    parser.add_argument("--only", nargs="*", choices=SUBJECTS, default=SUBJECTS, help="measure these; none: only draw")
    parser.add_argument("--again", action="store_true", help="measure anew what was measured")
    asked = parser.parse_args()
    points = Points(IMAGES / "memorizers-against-size.csv")
    if asked.only:
        shared = setting()
        points.open(shared.parts.name, shared.uniform_bits_per_byte, without=asked.only if asked.again else ())
        measure_memorizers(shared, points, set(asked.only) - {TRANSFORMER})
        if TRANSFORMER in asked.only:
            measure_transformer(shared, points, asked.most_steps, asked.threads)
    draw(points, IMAGES / "memorizers-against-size.svg")


def measure_memorizers(shared: Setting, points: Points, wanted: set[str]) -> None:
    """Every point of theirs that is not there yet."""
    for num_bytes in SIZES:
        size = shared.parts.beginning(num_bytes).num_bytes
        missing = wanted - {point.subject for point in points.at(size)}
        if missing:
            say(f"{size / 1e6:.1f} MB: {', '.join(sorted(missing))}")
            for point in memorizer_points(shared, num_bytes, missing):
                points.add(point)


def measure_transformer(shared: Setting, points: Points, most_steps: int, threads: int) -> None:
    """Every point of the transformer that is not there yet."""
    try:
        import torch
    except ImportError:
        say("torch is not installed, so the transformer is left out")
        return
    torch.set_num_threads(threads)
    for num_bytes in SIZES:
        size = shared.parts.beginning(num_bytes).num_bytes
        known = [point for point in points.at(size) if point.subject == TRANSFORMER]
        say(f"{size / 1e6:.1f} MB: {TRANSFORMER}")
        for point in transformer_points(shared, num_bytes, known, most_steps):
            points.add(point)


if __name__ == "__main__":
    main()
