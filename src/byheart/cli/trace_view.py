"""A traced text in the terminal: copied runs coloured by their length, or in numbered brackets without colours."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from byheart.study.tracing import Copied, Trace

Piece = tuple[str, dict[str, Any]]
SPANS_LISTED = 20
_STEPS = ((1, 229), (2, 221), (4, 214), (8, 208))
"""From so many times the shortest span on, this colour of the 256 behind black letters: pale yellow to orange, readable
on a dark and on a light terminal."""
_WHOLE_CHARACTERS = 4000
"""Texts up to here are shown whole."""
_CONTEXT_CHARACTERS = 150
_SPAN_CHARACTERS = 600
FAINT: dict[str, Any] = {"dim": True}


def by_length(found: Trace) -> list[Copied]:
    """The copied runs, longest first: a run's number is its place here, from 1."""
    return sorted(found.spans, key=lambda copied: (-len(copied.span), copied.span.start))


def style_of(symbols: int, shortest: int) -> dict[str, Any]:
    """How a run of that length looks."""
    return {"fg": 16, "bg": [colour for times, colour in _STEPS if times == 1 or symbols >= times * shortest][-1]}


def legend(shortest: int, unit: str) -> list[Piece]:
    """What the colours mean."""
    pieces: list[Piece] = []
    for times, _ in _STEPS:
        pieces += [(f" {times * shortest}+ ", style_of(times * shortest, shortest)), (" ", {})]
    return [*pieces, (unit, {})]


def painted(text: str, found: Trace, shortest: int, *, colours: bool) -> list[Piece]:
    """The text with its copied runs marked; of a long text only the longest runs with what stands around them.

    Where runs overlap, the longer one is shown. A run that starts or ends inside a character shows it whole.
    """
    is_whole = len(text) <= _WHOLE_CHARACTERS
    ordered = by_length(found)[: None if is_whole else SPANS_LISTED]
    owners = _owners(text, ordered)
    borders = [0, *(np.flatnonzero(np.diff(owners)) + 1).tolist(), len(text)] if text else []
    pieces: list[Piece] = []
    for start, stop in pairwise(borders):
        part, number = text[start:stop].replace("\r\n", "\n"), int(owners[start])
        if number:
            pieces += _marked(part, number, style_of(ordered[number - 1].symbols, shortest), colours)
        elif is_whole:
            pieces.append((part, {}))
        else:
            pieces += _elided(part, is_first=start == 0, is_last=stop == len(text))
    return pieces


def _owners(text: str, ordered: Sequence[Copied]) -> npt.NDArray[np.int32]:
    """For each character the number of the longest run that it lies in, 0 for none."""
    data = text.encode("utf-8", "surrogatepass")
    by_byte = np.zeros(len(data), dtype=np.int32)
    for number in range(len(ordered), 0, -1):
        span = ordered[number - 1].span
        by_byte[span.start : span.stop] = number
    if not data:
        return by_byte
    is_first_byte = (np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80
    return by_byte[is_first_byte]


def _marked(part: str, number: int, style: dict[str, Any], colours: bool) -> Iterator[Piece]:
    if len(part) > _SPAN_CHARACTERS:
        half = _SPAN_CHARACTERS // 2
        shown = [(part[:half], style), *_gap(len(part) - 2 * half, "more copied characters"), (part[-half:], style)]
    else:
        shown = [(part, style)]
    if colours:
        yield from shown
        yield f"[{number}]", FAINT
    else:
        yield f"\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}{number}: ", {}
        yield from ((text, {}) for text, _ in shown)
        yield "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}", {}


def _gap(num_characters: int, what: str) -> list[Piece]:
    return [(f" [... {num_characters:,} {what} ...] ", FAINT)]


def _elided(part: str, *, is_first: bool, is_last: bool) -> Iterator[Piece]:
    """What stands between two runs; of a long part the middle is left out, whole lines where they are short."""
    if len(part) <= 3 * _CONTEXT_CHARACTERS:
        yield part, {}
        return
    head, tail = _CONTEXT_CHARACTERS, len(part) - _CONTEXT_CHARACTERS
    head = 0 if is_first else part.rfind("\n", 0, head) + 1 or head
    tail = len(part) if is_last else part.find("\n", tail) + 1 or tail
    yield part[:head], {}
    yield from _gap(tail - head, "characters")
    yield ("\n" + part[tail:] if part[tail - 1] == "\n" else part[tail:]), {}
