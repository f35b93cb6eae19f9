"""The table of the contest, and where the two sides' answers differ."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contest import CONTEXT_LENGTHS, pieces

Answers = dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Row:
    """One line: what was asked of both sides, and what came out."""

    work: str
    ours: str
    """Figure of byheart with its unit."""
    peer: str
    """Who, and its figure; empty where there is none."""
    ratio: float | None
    """How many times better ours is."""
    target: str
    reached: bool | None
    """None where there is no target or nothing to compare with."""


def markdown(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| work | byheart | peer | ratio | target | reached |", "|---|---|---|---|---|---|"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:,.{0 if row.ratio >= 100 else 1 if row.ratio >= 10 else 2}f}x"
        reached = {None: "", True: "yes", False: "no"}[row.reached]
        lines.append(f"| {row.work} | {row.ours} | {row.peer} | {ratio} | {row.target} | {reached} |")
    return "\n".join(lines)


def plain(rows: list[Row]) -> list[dict[str, Any]]:
    """The rows as JSON values."""
    return [asdict(row) for row in rows]


def load(path: Path) -> Answers | None:
    """The answers of a side, or None where it has none."""
    if not path.exists():
        return None
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def suffix_lengths(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """From the longest match starting at each position, the longest ending after each: shape [num_symbols]."""
    found = np.empty_like(lengths)
    start = 0
    for end in range(1, lengths.size + 1):
        while start < end and start + lengths[start] < end:
            start += 1
        found[end - 1] = end - start
    return found


def _differing(ours: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64], where: Any = None) -> tuple[int, int]:
    same = min(ours.size, theirs.size)
    differs = ours[:same] != theirs[:same]
    if where is not None:
        differs = differs[where[:same]]
    return int(differs.sum()), int(differs.size)


def _rows(answers: Answers, length: int) -> list[tuple[list[int], list[int]]]:
    offsets = answers[f"next_{length}_offsets"]
    symbols, counts = answers[f"next_{length}_symbols"], answers[f"next_{length}_counts"]
    both = zip(pieces(symbols, offsets), pieces(counts, offsets), strict=True)
    return [(some.tolist(), times.tolist()) for some, times in both]


def agreement(work: Path, most_context_tokens: int) -> dict[str, tuple[int, int]]:
    """For each question that two sides answered: how many answers differ, of how many.

    Args:
        work: folder of the answers.
        most_context_tokens: infini-gram was given no more before a position; longer suffixes are not compared.
    """
    found: dict[str, tuple[int, int]] = {}
    ours = load(next(iter(sorted(work.glob("ours-[0-9]*.npz"), reverse=True)), work / "none"))
    if ours is None:
        return found
    gram, counts, dawg = load(work / "infini-gram.npz"), load(work / "tokengrams.npz"), load(work / "rusty-dawg.npz")
    if gram is not None:
        # It was given pieces; in ours a match goes on after the end of a piece.
        inside = np.arange(gram["held_out_lengths"].shape[1])
        whole = ours["held_out_lengths"][gram["held_out_starts"][:, None] + inside]
        cut = np.minimum(whole, inside.size - inside)
        found["longest match, infini-gram"] = _differing(cut.ravel(), gram["held_out_lengths"].ravel())
        ends = gram["suffix_ends"]
        lengths = ours["suffix_lengths"][ends]
        short = lengths < most_context_tokens
        found["longest suffix, infini-gram"] = _differing(lengths, gram["suffix_lengths"], short)
        # After the empty suffix ours counts the tokens of documents, infini-gram those and its marks.
        short &= lengths > 0
        for name in ("counts", "next"):
            found[f"longest suffix, its {name}, infini-gram"] = _differing(
                ours[f"suffix_{name}"][ends], gram[f"suffix_{name}"], short
            )
    for name, peer in (("infini-gram", gram), ("tokengrams", counts)):
        if peer is not None:
            found[f"count, {name}"] = _differing(ours["counts"], peer["counts"])
            for length in CONTEXT_LENGTHS:
                pairs = list(zip(_rows(ours, length), _rows(peer, length), strict=False))
                found[f"next tokens of {length}, {name}"] = sum(a != b for a, b in pairs), len(pairs)
    part = load(work / "ours-part.npz")
    if dawg is not None and part is not None:
        found["longest match, rusty-dawg"] = _differing(suffix_lengths(part["lengths"]), dawg["ends"])
    return found
