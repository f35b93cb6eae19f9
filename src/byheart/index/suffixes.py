"""The longest suffix of every prefix of a text that occurs: how much of what came before the corpus knows."""

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.intervals import span_intervals
from byheart.index.search import Query
from byheart.index.sorted_text import SortedText


@compiled
def longest_suffix_starts(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where the longest suffix of query[:end] that occurs starts, for each end.

    Definition:
        starts[e] = min {s <= e : s + lengths[s] >= e, or s = e}
    Args:
        lengths: of the longest match from each position (the maximum over the shards), shape [num_symbols].
    Returns:
        shape [num_symbols + 1]; nondecreasing.
    Cost: linear.
    """
    starts = np.empty(lengths.size + 1, dtype=np.int64)
    start = 0
    for end in range(lengths.size + 1):
        while start < end and start + lengths[start] < end:
            start += 1
        starts[end] = start
    return starts


def suffix_intervals(
    corpus: SortedText, query: Query, starts: npt.NDArray[np.int64], *, num_threads: int | None = None
) -> tuple[Query, Query, Query]:
    """The suffixes of the corpus that start with query[starts[e] : e], for each end e, and how often query[e] follows.

    Args:
        query: -1 for symbols that no document can have, shape [num_symbols].
        starts: as `longest_suffix_starts` gives them for this corpus or several, so that query[starts[e] : e + 1]
            occurs nowhere when starts[e + 1] > starts[e]; shape [num_symbols + 1].
        num_threads: None for one per usable core.
    Returns:
        lows and highs: places [low, high) in the suffix array, all places for an empty suffix, low == high where only
        another shard has it; shape [num_symbols + 1] each. next_counts: shape [num_symbols].
    """
    ends = np.arange(starts.size, dtype=np.int64)
    asked = np.flatnonzero(starts < ends)
    lows, highs = np.zeros(starts.size, dtype=np.int64), np.full(starts.size, corpus.text.size, dtype=np.int64)
    lows[asked], highs[asked] = span_intervals(corpus, query, starts[asked], ends[asked], num_threads=num_threads)
    next_counts = np.where(starts[1:] == starts[:-1], highs[1:] - lows[1:], 0)
    return lows, highs, next_counts
