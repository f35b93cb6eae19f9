"""What follows each of many contexts, as the rows of a sparse matrix.

An interval's suffixes are ordered by the symbol asked for, so where two of them have the same, all between have it.
Ranks at multiples of SAMPLE_EVERY are compared first, by halves; between two that differ every suffix is read, many at
a time, since nearby borders are found sooner by reading on than by bisecting.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.searching.interleaved_search import WHOLE, find_runs
from byheart.index.searching.prefetch import prefetch
from byheart.index.searching.search import Query
from byheart.index.searching.threads import for_each_part
from byheart.index.sorted_text import SAMPLE_EVERY, SortedText

_SEGMENTS = 1024
"""Pieces of intervals that are read together."""
_AHEAD = 4
"""Pieces; so far ahead the text is asked for, and twice as far the suffix array."""
_MIXED = -1
_SMALLEST_PART = 1024
"""Rows, of a microsecond and more each; a thread takes 0.1 ms to begin."""


class Rows(NamedTuple):
    """Row i is symbols[offsets[i] : offsets[i + 1]] with the counts beside them."""

    offsets: npt.NDArray[np.int64]
    """Shape [num_rows + 1]."""
    symbols: npt.NDArray[np.int64]
    """Ascending within a row; the end of a document is the separator's value, shape [num_entries]."""
    counts: npt.NDArray[np.int64]
    """Occurrences, shape [num_entries]."""


class _Entries(NamedTuple):
    """The rows under construction."""

    sizes: Query
    """Number of entries of each row, shape [num_rows]."""
    symbols: Query
    """Shape [room]."""
    counts: Query
    """Shape [room]."""


class _Segments(NamedTuple):
    """Pieces of intervals in order, shape [_SEGMENTS] each."""

    rows: Query
    """Which row it belongs to."""
    lows: Query
    """First rank."""
    highs: Query
    """One past the last rank."""
    symbols: Query
    """What all have, or _MIXED: at most 2 * SAMPLE_EVERY ranks, to be read."""


@compiled
def _symbol_at(corpus: SortedText, sample: int, depth: int) -> int:
    """The symbol at `depth` of the suffix with rank sample * SAMPLE_EVERY."""
    bits = 8 * corpus.text.itemsize
    shift = 64 - bits * (depth + 1)
    if shift < 0 or corpus.sampled_prefixes.size == 0:
        return int(corpus.text[corpus.suffix_array[sample * SAMPLE_EVERY] + depth])
    key = corpus.sampled_prefixes[sample] ^ (-(1 << 63))
    return (key >> shift) & ((1 << bits) - 1)


@compiled
def _add_entry(entries: _Entries, row: int, size: int, symbol: int, count: int) -> int:
    """Adds to the last entry of the row or begins the next; returns the number of entries of all rows."""
    if entries.sizes[row] and entries.symbols[size - 1] == symbol:
        entries.counts[size - 1] += count
        return size
    entries.symbols[size], entries.counts[size] = symbol, count
    entries.sizes[row] += 1
    return size + 1


@compiled
def _read_segments(
    corpus: SortedText, depths: Query, segments: _Segments, num_segments: int, entries: _Entries, size: int
) -> int:
    """Appends the entries of the segments; returns the number of entries of all rows."""
    text, order = corpus.text, corpus.suffix_array
    rows, lows, highs, symbols = segments
    for ahead in range(num_segments + 2 * _AHEAD):
        i = ahead
        if i < num_segments and symbols[i] == _MIXED:
            prefetch(order, lows[i])
            prefetch(order, highs[i] - 1)
        i = ahead - _AHEAD
        if 0 <= i < num_segments and symbols[i] == _MIXED:
            for rank in range(lows[i], highs[i]):
                prefetch(text, order[rank] + depths[rows[i]])
        i = ahead - 2 * _AHEAD
        if i < 0:
            continue
        if symbols[i] != _MIXED:
            size = _add_entry(entries, rows[i], size, symbols[i], highs[i] - lows[i])
        else:
            for rank in range(lows[i], highs[i]):
                size = _add_entry(entries, rows[i], size, int(text[order[rank] + depths[rows[i]]]), 1)
    return size


@compiled
def _with_room(segments: _Segments, num_segments: int, entries: _Entries, size: int) -> _Entries:
    """The same entries with room for as many more as the segments may bring."""
    needed = size
    for i in range(num_segments):
        needed += segments.highs[i] - segments.lows[i] if segments.symbols[i] == _MIXED else 1
    if needed <= entries.symbols.size:
        return entries
    room = max(needed, 2 * size)
    symbols, counts = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    symbols[:size], counts[:size] = entries.symbols[:size], entries.counts[:size]
    return _Entries(entries.sizes, symbols, counts)


@compiled
def _fill_rows(corpus: SortedText, lows: Query, highs: Query, depths: Query) -> tuple[Query, Query, Query]:
    """Offsets, symbols and counts as `Rows` has them."""
    entries = _Entries(np.zeros(lows.size, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    segments = _Segments(
        np.empty(_SEGMENTS, np.int64),
        np.empty(_SEGMENTS, np.int64),
        np.empty(_SEGMENTS, np.int64),
        np.empty(_SEGMENTS, np.int64),
    )
    stack = np.empty((64, 2), dtype=np.int64)
    size = num_segments = 0
    for row in range(lows.size):
        low, high, depth = lows[row], highs[row], depths[row]
        if depth == 0:
            high -= 1  # the separator before the first document is the end of none
        if low >= high:
            continue
        left, last = (low + SAMPLE_EVERY - 1) // SAMPLE_EVERY, (high - 1) // SAMPLE_EVERY
        stacked = 0
        if left < last:
            left_symbol, last_symbol = _symbol_at(corpus, left, depth), _symbol_at(corpus, last, depth)
            stack[0, 0], stack[0, 1] = last, last_symbol
            stacked = 1
        at = low
        while at < high:
            symbol = _MIXED
            if stacked == 0:
                end = high
            elif at < left * SAMPLE_EVERY:
                end = left * SAMPLE_EVERY
            else:
                while True:
                    right, right_symbol = stack[stacked - 1, 0], stack[stacked - 1, 1]
                    if left_symbol == right_symbol or right - left == 1:
                        break
                    middle = (left + right) >> 1
                    stack[stacked, 0], stack[stacked, 1] = middle, _symbol_at(corpus, middle, depth)
                    stacked += 1
                if left_symbol == right_symbol:
                    symbol = left_symbol
                end = right * SAMPLE_EVERY
                left, left_symbol = right, right_symbol
                stacked -= 1
            if num_segments == _SEGMENTS:
                entries = _with_room(segments, num_segments, entries, size)
                size = _read_segments(corpus, depths, segments, num_segments, entries, size)
                num_segments = 0
            segments.rows[num_segments], segments.symbols[num_segments] = row, symbol
            segments.lows[num_segments], segments.highs[num_segments] = at, end
            num_segments += 1
            at = end
    entries = _with_room(segments, num_segments, entries, size)
    size = _read_segments(corpus, depths, segments, num_segments, entries, size)
    offsets = np.zeros(lows.size + 1, dtype=np.int64)
    for row in range(lows.size):
        offsets[row + 1] = offsets[row] + entries.sizes[row]
    return offsets, entries.symbols[:size], entries.counts[:size]


def next_symbol_rows(
    corpus: SortedText, lows: Query, highs: Query, depths: Query, *, num_threads: int | None = None
) -> Rows:
    """What stands at `depth` of the suffixes in each interval, and how often.

    Args:
        lows: of the intervals, whose suffixes share their first `depth` symbols; shape [num_rows].
        highs: one past their last, shape [num_rows].
        depths: in symbols, shape [num_rows]; 0 with the interval of all suffixes, for the empty context.
        num_threads: None for one per usable core.
    Cost: about 20 ns for each occurrence, and less where few different symbols follow many.
    """
    parts: dict[int, tuple[Query, Query, Query]] = {}

    def work(first: int, last: int) -> None:
        part = slice(first, last)
        parts[first] = _fill_rows(corpus, lows[part], highs[part], depths[part])

    for_each_part(work, lows.size, num_threads=num_threads, smallest=_SMALLEST_PART)
    if len(parts) == 1:
        return Rows(*parts[0])
    offsets, symbols, counts = zip(*(parts[first] for first in sorted(parts)), strict=True)
    sizes = np.concatenate([[0], *(np.diff(part) for part in offsets)])
    return Rows(np.cumsum(sizes), np.concatenate(symbols), np.concatenate(counts))


@compiled
def next_symbols_of(corpus: SortedText, context: Query) -> tuple[Query, Query]:
    """What follows one context that is not empty: symbols and counts, as a row of `next_symbol_rows`, in one call.

    Half of the 28 microseconds that the general road takes for one context go from Python to the kernels and back.
    """
    starts, depths = np.zeros(1, dtype=np.int64), np.full(1, context.size)
    lengths, lows, highs = np.empty(1, dtype=np.int64), np.empty(1, dtype=np.int64), np.empty(1, dtype=np.int64)
    find_runs(corpus, context, starts, depths, WHOLE, (lengths, lows, highs))
    _, symbols, counts = _fill_rows(corpus, lows, highs, depths)
    return symbols, counts
