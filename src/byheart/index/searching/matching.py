"""The longest match that starts at each position of a text: matching statistics."""

import numpy as np

from byheart.index.compiled import compiled
from byheart.index.searching.interleaved_search import LONGEST, find_runs
from byheart.index.searching.intervals import span_intervals
from byheart.index.searching.search import Query
from byheart.index.searching.threads import for_each_part
from byheart.index.sorted_text import SortedText

BLOCK = 1 << 15
"""Positions whose working memory fits the second cache."""
_SMALLEST_PART = 4096
"""Positions, about 2 ms of work; a thread takes 0.1 ms to begin."""


@compiled
def _match_block(corpus: SortedText, query: Query, lengths: Query, counts: Query, first: int, last: int) -> None:
    """Fills lengths and counts of the positions [first, last), of which there is at least one."""
    room = (last - first) // 2 + 2
    positions, limits = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    found = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    positions[0], positions[1] = first, last - 1
    limits[0], limits[1] = query.size - first, query.size - last + 1
    num_asked = 2
    half = 1
    while half < last - first:
        half <<= 1
    while True:
        find_runs(corpus, query, positions[:num_asked], limits[:num_asked], LONGEST, found)
        for i in range(num_asked):
            lengths[positions[i]], counts[positions[i]] = found[0][i], found[2][i] - found[1][i]
        half >>= 1
        if half == 0:
            return
        num_asked = 0
        for position in range(first + half, last - 1, 2 * half):
            left, right = position - half, min(position + half, last - 1)
            end = left + lengths[left]
            limit = query.size - position
            if end == right + lengths[right]:
                limit = end - position
                if counts[left] == counts[right]:
                    lengths[position], counts[position] = limit, counts[left]
                    continue
            positions[num_asked], limits[num_asked] = position, limit
            num_asked += 1


def longest_matches(corpus: SortedText, query: Query, *, num_threads: int | None = None) -> tuple[Query, Query]:
    """The longest run that starts at each position and occurs, and how often it does.

    The ends of the matches never move back. So between two positions whose matches have the same end all have this end;
    and if both occur equally often, all do, since each occurrence of a longer one holds one of each shorter one.
    Positions are asked for in the order of a bisection, and where the text is copied nearly none has to be.

    Args:
        query: -1 for symbols that no document can have, shape [num_symbols].
        num_threads: None for one per usable core.
    Returns:
        lengths in symbols, and counts, 0 where the length is 0; shape [num_symbols] each.
    Cost: about 0.6 microseconds a position of new text, 0.03 of copied text; quadratic in the length of a run of one
        symbol that occurs.
    Source: Chang and Lawler 1994, matching statistics.
    Differs: by bisections of the suffix array rather than along the links of a suffix tree, with counts.
    """
    lengths, counts = np.empty((2, query.size), dtype=np.int64)

    def work(first: int, last: int) -> None:
        for start in range(first, last, BLOCK):
            _match_block(corpus, query, lengths, counts, start, min(start + BLOCK, last))

    for_each_part(work, query.size, num_threads=num_threads, smallest=_SMALLEST_PART)
    return lengths, counts


def long_matches(corpus: SortedText, query: Query, min_symbols: int, *, num_threads: int | None = None) -> Query:
    """Lengths as `longest_matches` gives them where they are at least min_symbols, a smaller number elsewhere.

    A run of k symbols holds one of the windows of w = (k + 1) // 2 symbols that start at multiples of w. So only the
    windows are asked for, and positions only where one of them occurs.

    Args:
        query: -1 for symbols that no document can have, shape [num_symbols].
        min_symbols: k, >= 1.
        num_threads: None for one per usable core.
    Cost: 1 / w searches a symbol, and those of `longest_matches` around what is found.
    """
    width = (min_symbols + 1) // 2
    anchors = np.arange(0, query.size - width + 1, width)
    lows, highs = span_intervals(corpus, query, anchors, anchors + width, num_threads=num_threads)
    anchors = anchors[highs > lows]
    lengths, counts = np.zeros((2, query.size), dtype=np.int64)
    if not anchors.size:
        return lengths
    # Positions (a - w, a] before each window that occurs; neighbours are one range.
    is_first = np.concatenate([[True], np.diff(anchors) > width])
    starts = np.maximum(anchors[is_first] - width + 1, 0)
    stops = anchors[np.concatenate([is_first[1:], [True]])] + 1

    def work(first: int, last: int) -> None:
        for start, stop in zip(starts[first:last].tolist(), stops[first:last].tolist(), strict=True):
            for low in range(start, stop, BLOCK):
                _match_block(corpus, query, lengths, counts, low, min(low + BLOCK, stop))

    for_each_part(work, starts.size, num_threads=num_threads, smallest=_SMALLEST_PART // min(width, 1024))
    return lengths
