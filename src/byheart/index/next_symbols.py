"""What follows each of many contexts, as the rows of a sparse matrix."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.index.search import Query, continuations
from byheart.index.sorted_text import SortedText


class Rows(NamedTuple):
    """Row i is symbols[offsets[i] : offsets[i + 1]] with the counts beside them."""

    offsets: npt.NDArray[np.int64]
    """Shape [num_rows + 1]."""
    symbols: npt.NDArray[np.int64]
    """Ascending within a row; the end of a document is the separator's value, shape [num_entries]."""
    counts: npt.NDArray[np.int64]
    """Occurrences, shape [num_entries]."""


def next_symbol_rows(
    corpus: SortedText, lows: Query, highs: Query, depths: Query, *, num_threads: int | None = None
) -> Rows:
    """What stands at `depth` of the suffixes in each interval, and how often.

    Args:
        lows: of the intervals, whose suffixes share their first `depth` symbols; shape [num_rows].
        highs: one past their last, shape [num_rows].
        depths: in symbols, shape [num_rows]; 0 with the interval of all suffixes, for the empty context.
        num_threads: None for one per usable core.
    """
    separator = np.iinfo(corpus.text.dtype).max
    symbols, counts, offsets = [], [], [0]
    for low, high, depth in zip(lows.tolist(), highs.tolist(), depths.tolist(), strict=True):
        room = min(high - low, corpus.first_symbol.size)
        out = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        size = continuations(corpus, low, high, depth, out)
        if depth == 0:
            out[1][size - 1] -= 1  # the separator before the first document is the end of none
            size -= int(out[1][size - 1] == 0)
        symbols.append(np.where(out[0][:size] < 0, separator, out[0][:size].astype(np.int64)))
        counts.append(out[1][:size].astype(np.int64))
        offsets.append(offsets[-1] + size)
    empty = np.empty(0, dtype=np.int64)
    return Rows(np.array(offsets), np.concatenate([empty, *symbols]), np.concatenate([empty, *counts]))
