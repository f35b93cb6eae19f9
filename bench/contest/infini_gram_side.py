"""infini-gram, in the peers' environment: `python -m contest.infini_gram_side TASK MATERIAL WORK [BUDGET] RESULT`.

Its index is made by its own `python -m infini_gram.indexing`, which takes tokens where the files `tokenized.0` and
`offset.0` exist already; so its tokenizing is not timed, as ours is not.
"""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from contest import CONTEXT_LENGTHS, SEPARATOR, VOCABULARY_SIZE, pieces
from contest.process import finished, write_result
from contest.timing import best, best_affordable, each_seconds, timed

CONTEXT_TOKENS = 200
"""infgram_prob is given so many tokens before the position: more only costs it time, and a longer match is rare."""
ANY_SUPPORT = 10**9
PIECE_TOKENS = 256
_TOOK = re.compile(r"build_sa\): Done\. Took ([\d.]+) seconds")


def write_tokens(material: Path, folder: Path) -> None:
    """What its indexing leaves after the first step: a mark before each document, none at the end."""
    tokens = np.load(material / "tokens.npy", mmap_mode="r")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "texts").mkdir()
    tokens[:-1].astype("<u2").tofile(folder / "tokenized.0")
    (np.flatnonzero(tokens[:-1] == SEPARATOR) * 2).astype("<u8").tofile(folder / "offset.0")


def build(folder: Path, num_processes: int) -> dict[str, Any]:
    """Runs its indexing; the seconds are those that it prints for sorting, without the start of its interpreter."""
    (folder / "table.0").unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "infini_gram.indexing",
        "--data_dir",
        str(folder / "texts"),
        "--save_dir",
        str(folder),
    ]
    command += [
        "--token_dtype",
        "u16",
        "--version",
        "4",
        "--cpus",
        str(num_processes),
        "--mem",
        "8",
        "--ulimit",
        "1024",
    ]
    done = finished(command, folder=folder)
    took = _TOOK.search(done.output)
    if done.code or took is None:
        return {"failed": done.output[-500:]}
    files = [folder / name for name in ("tokenized.0", "offset.0", "table.0")]
    return {
        "seconds": float(took[1]),
        "disk_bytes": sum(path.stat().st_size for path in files),
        "peak_bytes": done.peak_bytes,
    }


def _continuations(reply: Any) -> list[tuple[int, int]]:
    """Next tokens and their counts; it names the end of a document by the end token that it was given."""
    pairs = ((token, one["cont_cnt"]) for token, one in reply["result_by_token_id"].items())
    return sorted((SEPARATOR if token == VOCABULARY_SIZE else token, count) for token, count in pairs)


def ask(material: Path, work: Path, budget_seconds: float) -> dict[str, Any]:
    """Every question that it can answer, through its Python class."""
    from infini_gram.engine import InfiniGramEngine

    def opened(*, load_to_ram: bool) -> Any:
        return InfiniGramEngine(
            str(work / "infini-gram"),
            eos_token_id=VOCABULARY_SIZE,
            vocab_size=VOCABULARY_SIZE + 1,
            token_dtype="u16",
            load_to_ram=load_to_ram,
            max_support=1000,
        )

    open_seconds, engine = best(lambda: opened(load_to_ram=False))
    held_out = np.load(material / "held_out.npy").tolist()
    asked = np.load(work / "questions.npz")
    found: dict[str, Any] = {"open_seconds": open_seconds}
    answers: dict[str, Any] = {}
    probe = held_out[:2000]
    mapped, _ = best(lambda: engine.creativity(probe))
    in_memory = opened(load_to_ram=True)
    loaded, _ = best(lambda: in_memory.creativity(probe))
    found["loaded_to_ram"] = loaded < mapped
    if loaded < mapped:
        engine = in_memory
    # It cannot answer all: pieces and places from everywhere, so that what it is timed on is like the whole.
    rng = np.random.default_rng(0)
    starts = rng.permutation(len(held_out) // PIECE_TOKENS) * PIECE_TOKENS

    def longest(num: int) -> list[Any]:
        return [engine.creativity(held_out[s : s + PIECE_TOKENS]) for s in starts[:num].tolist()]

    num, seconds, reply = best_affordable(longest, len(starts), budget_seconds)
    found["held_out_tokens"], found["held_out_seconds"] = num * PIECE_TOKENS, seconds
    answers["held_out_starts"] = starts[:num]
    answers["held_out_lengths"] = np.array([r["rs"] for r in reply]) - np.arange(PIECE_TOKENS)
    ends = 1 + rng.permutation(len(held_out) - 1)

    def probabilities(num: int) -> list[Any]:
        return [engine.infgram_prob(held_out[max(0, e - CONTEXT_TOKENS) : e], held_out[e]) for e in ends[:num].tolist()]

    num, seconds, reply = best_affordable(probabilities, len(ends), budget_seconds)
    found["suffix_tokens"], found["suffix_seconds"] = num, seconds
    answers["suffix_ends"] = ends[:num]
    answers["suffix_lengths"] = np.array([r["suffix_len"] for r in reply])
    answers["suffix_counts"] = np.array([r["prompt_cnt"] for r in reply])
    answers["suffix_next"] = np.array([r["cont_cnt"] for r in reply])
    for length in CONTEXT_LENGTHS:
        contexts = asked[f"contexts_{length}"].tolist()
        for name, support in (("default", 1000), ("exact", ANY_SUPPORT)):
            asks = [lambda c=c, s=support: engine.ntd(c, max_support=s) for c in contexts]
            each, replies = each_seconds(asks, budget_seconds / 2)
            found[f"next_{length}_{name}_seconds"] = each
            found[f"next_{length}_{name}_approximate"] = sum(r["approx"] for r in replies)
        rows = [_continuations(reply) for reply in replies]
        answers[f"next_{length}_offsets"] = np.cumsum([0, *map(len, rows)])
        answers[f"next_{length}_symbols"] = np.array([t for row in rows for t, _ in row])
        answers[f"next_{length}_counts"] = np.array([c for row in rows for _, c in row])
    flat, offsets = asked["patterns"].tolist(), asked["pattern_offsets"].tolist()
    listed = pieces(flat, offsets)
    num, seconds, reply = best_affordable(lambda n: [engine.count(p) for p in listed[:n]], len(listed), budget_seconds)
    found["count_patterns"], found["count_seconds"] = num, seconds
    answers["counts"] = np.array([r["count"] for r in reply])
    np.savez(work / "infini-gram.npz", **answers)
    return found


def main() -> None:
    """One task in this process."""
    task, material, work, *rest, result = sys.argv[1:]
    if task == "write":
        seconds, _ = timed(lambda: write_tokens(Path(material), Path(work) / "infini-gram"))
        write_result(result, {"seconds": seconds})
    elif task == "build":
        write_result(result, build(Path(work) / "infini-gram", num_processes=2))
    else:
        write_result(result, ask(Path(material), Path(work), float(rest[0])))


if __name__ == "__main__":
    main()
