"""A text cut into pieces by the runs of it that stand in the corpus."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from byheart.study.tracing import Copied, Trace


@dataclass(frozen=True)
class Piece:
    """A part of the text, untrusted."""

    text: str
    """What stands there."""
    number: int
    """Of the longest run that it lies in, from 1; 0 for none."""


def by_length(found: Trace) -> list[Copied]:
    """The copied runs, longest first: a run's number is its place here, from 1."""
    return sorted(found.spans, key=lambda copied: (-len(copied.span), copied.span.start))


def pieces(text: str, found: Trace) -> Iterator[Piece]:
    """The whole text in order; a run that starts or ends inside a character shows it whole.

    Args:
        text: without lone surrogates.
        found: its trace.
    """
    data = text.encode()
    owners = np.zeros(len(data), dtype=np.int64)
    for number, copied in reversed(list(enumerate(by_length(found), start=1))):
        owners[copied.span.start : copied.span.stop] = number
    if not data:
        return
    by_character = owners[(np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80]
    borders = [0, *(np.flatnonzero(np.diff(by_character)) + 1).tolist(), len(text)]
    for start, stop in pairwise(borders):
        yield Piece(text[start:stop], int(by_character[start]))
