"""byheart's side, through the public class: `python -m contest.ours TASK MATERIAL WORK RESULT`."""

import os
import resource
import shutil
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byheart.index import Index
from contest import CONTEXT_LENGTHS, SEPARATOR, VOCABULARY_SIZE, pieces, questions
from contest.process import write_result
from contest.timing import best, each_seconds, timed

Tokens = npt.NDArray[np.uint16]
MOST_SECONDS = 20.0
LONG_MATCH = 32


def _resident_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _documents(tokens: Tokens) -> list[Tokens]:
    marks = np.flatnonzero(tokens == SEPARATOR)
    return [tokens[a + 1 : b] for a, b in pairwise(marks)]


def _index(documents: list[Tokens]) -> Index:
    names = [str(i) for i in range(len(documents))]
    return Index.build(documents, names, unit="tokens", alphabet_size=VOCABULARY_SIZE)


def compile_kernels() -> dict[str, Any]:
    """Builds and asks an index of a few tokens; the machine code is kept for the processes that follow."""
    index = _index([np.array([1, 2, 1], dtype=np.uint16)])
    index.longest_suffixes(np.array([1, 2]))
    index.next_symbol_counts(np.array([1]))
    return {}


def build(material: Path, work: Path) -> dict[str, Any]:
    """Sorts and saves the whole corpus. Kernels are compiled beforehand, on a corpus of a few tokens."""
    compile_seconds, _ = timed(compile_kernels)
    documents = _documents(np.load(material / "tokens.npy"))
    folder = work / "ours.idx"
    shutil.rmtree(folder, ignore_errors=True)
    before = _resident_bytes()
    sort_seconds, index = timed(lambda: _index(documents))
    save_seconds, _ = timed(lambda: index.save(folder))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "compile_seconds": compile_seconds,
        "sort_seconds": sort_seconds,
        "save_seconds": save_seconds,
        "disk_bytes": size,
        "peak_before_bytes": before,
        "peak_bytes": _resident_bytes(),
        "cores": len(os.sched_getaffinity(0)),
    }


def ask(material: Path, work: Path, *, everything: bool) -> dict[str, Any]:
    """Opens the index and asks it about whole texts, and everything else that the peers are asked too."""
    cores = len(os.sched_getaffinity(0))
    first_open, _ = timed(lambda: Index.open(work / "ours.idx"))
    time.sleep(2.5)  # files younger than two seconds are not yet trusted to be unchanged
    Index.open(work / "ours.idx")
    open_seconds, index = best(lambda: Index.open(work / "ours.idx"))
    held_out, copied = np.load(material / "held_out.npy"), np.load(material / "copied.npy")
    found: dict[str, Any] = {"cores": cores, "first_open_seconds": first_open, "open_seconds": open_seconds}
    answers: dict[str, Any] = {}
    for name, text in (("held_out", held_out), ("copied", copied)):
        seconds, matches = best(lambda text=text: index.longest_matches(text))
        found[f"{name}_tokens"], found[f"{name}_seconds"] = int(text.size), seconds
        found[f"{name}_median_match"] = float(np.median(matches.lengths))
        found[f"{name}_long_share"] = float((matches.lengths >= LONG_MATCH).mean())
        answers[f"{name}_lengths"] = matches.lengths
    seconds, suffixes = best(lambda: index.longest_suffixes(held_out))
    found["suffix_tokens"], found["suffix_seconds"] = int(held_out.size), seconds
    answers["suffix_lengths"], answers["suffix_counts"] = suffixes.lengths, suffixes.counts
    answers["suffix_next"] = suffixes.next_counts
    if everything:
        _ask_single(index, held_out, copied, work, found, answers)
    np.savez(work / f"ours-{cores}.npz", **answers)
    return found


def _ask_single(
    index: Index, held_out: Tokens, copied: Tokens, work: Path, found: dict[str, Any], answers: dict[str, Any]
) -> None:
    """Contexts and patterns; draws them, since a context must occur, and leaves them to the peers."""
    asked: dict[str, Any] = {}
    for length in CONTEXT_LENGTHS:
        starts = questions.context_starts(held_out, length)
        contexts = [held_out[s : s + length] for s in starts]
        there = np.flatnonzero(index.counts(contexts))[: questions.NUM_CONTEXTS]
        chosen = [contexts[i] for i in there]
        asked[f"contexts_{length}"] = np.stack(chosen)
        each, rows = each_seconds([lambda c=c: index.next_symbol_counts(c) for c in chosen], MOST_SECONDS)
        found[f"next_{length}_seconds"] = each
        found[f"next_{length}_different"] = float(np.median([row.symbols.size for row in rows]))
        together, _ = best(lambda c=chosen: index.next_symbol_rows(c))
        found[f"next_{length}_batched_seconds"] = together / len(chosen)
        answers[f"next_{length}_offsets"] = np.cumsum([0, *(row.symbols.size for row in rows)])
        answers[f"next_{length}_symbols"] = np.concatenate([row.symbols for row in rows])
        answers[f"next_{length}_counts"] = np.concatenate([row.counts for row in rows])
    flat, offsets = questions.patterns(held_out, copied)
    asked["patterns"], asked["pattern_offsets"] = flat, offsets
    listed = pieces(flat, offsets)
    seconds, counts = best(lambda: index.counts(listed))
    found["count_patterns"], found["count_seconds"] = len(listed), seconds
    answers["counts"] = counts
    questions.save_questions(work, asked)


def part(material: Path, work: Path, num_tokens: int) -> dict[str, Any]:
    """Longest matches in the first documents only, for a peer whose memory holds no more."""
    tokens = np.load(material / "tokens.npy", mmap_mode="r")[:num_tokens]
    last = int(np.flatnonzero(tokens == SEPARATOR)[-1])
    index = _index(_documents(np.array(tokens[: last + 1])))
    held_out = np.load(material / "held_out.npy")
    seconds, matches = best(lambda: index.longest_matches(held_out))
    np.savez(work / "ours-part.npz", lengths=matches.lengths)
    return {"cores": len(os.sched_getaffinity(0)), "tokens": int(held_out.size), "seconds": seconds}


def main() -> None:
    """One task in this process."""
    task, material, work, *rest, result = sys.argv[1:]
    folders = Path(material), Path(work)
    if task == "compile":
        write_result(result, compile_kernels())
    elif task == "build":
        write_result(result, build(*folders))
    elif task == "part":
        write_result(result, part(*folders, int(rest[0])))
    else:
        write_result(result, ask(*folders, everything=task == "ask"))


if __name__ == "__main__":
    main()
