"""Questions to several shards, answered as if they were one.

Counts add. The longest match is the longest of any shard, and its count the sum over the shards that have it.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from byheart.index.answers import Matches, Suffixes
from byheart.index.searching.intervals import span_intervals
from byheart.index.searching.matching import longest_matches
from byheart.index.searching.next_symbols import Rows
from byheart.index.searching.next_symbols import next_symbol_rows as rows_of_shard
from byheart.index.searching.search import Query
from byheart.index.searching.suffixes import longest_suffix_starts, suffix_intervals
from byheart.index.shard import Shard

Intervals = list[tuple[Query, Query]]
"""lows and highs in each shard."""


def spans(shards: Sequence[Shard], query: Query, starts: Query, stops: Query) -> Intervals:
    """The interval of each span query[starts[i] : stops[i]], none of them empty, in each shard."""
    return [span_intervals(shard.sorted, query, starts, stops) for shard in shards]


def span_counts(shards: Sequence[Shard], query: Query, starts: Query, stops: Query) -> Query:
    """Occurrences of each span, none of them empty, shape [num_spans]."""
    return _sum(highs - lows for lows, highs in spans(shards, query, starts, stops))


def matches(shards: Sequence[Shard], query: Query) -> Matches:
    """The longest match starting at each position."""
    found = [longest_matches(shard.sorted, query) for shard in shards]
    lengths = np.maximum.reduce([lengths for lengths, _ in found])
    return Matches(lengths, _sum(np.where(own == lengths, counts, 0) for own, counts in found))


def suffixes(shards: Sequence[Shard], query: Query) -> tuple[Suffixes, Intervals]:
    """The longest suffix before each position, and its interval in each shard."""
    starts = longest_suffix_starts(matches(shards, query).lengths)
    found = [suffix_intervals(shard.sorted, query, starts) for shard in shards]
    lengths = np.arange(starts.size) - starts
    # The first separator of each shard ends no document, so the empty run does not stand there.
    counts = _sum(highs - lows - (lengths == 0) for lows, highs, _ in found)
    answer = Suffixes(lengths, counts, _sum(next_counts for _, _, next_counts in found))
    return answer, [(lows, highs) for lows, highs, _ in found]


def rows(shards: Sequence[Shard], intervals: Intervals, depths: Query) -> Rows:
    """What follows the runs that have these intervals and lengths, counts added over the shards."""
    found = [
        rows_of_shard(shard.sorted, lows, highs, depths) for shard, (lows, highs) in zip(shards, intervals, strict=True)
    ]
    if len(found) == 1:
        return found[0]
    numbers = np.concatenate([np.repeat(np.arange(depths.size), np.diff(part.offsets)) for part in found])
    symbols = np.concatenate([part.symbols for part in found])
    counts = np.concatenate([part.counts for part in found])
    order = np.lexsort((symbols, numbers))
    numbers, symbols, counts = numbers[order], symbols[order], counts[order]
    is_first = np.ones(numbers.size, dtype=np.bool_)
    is_first[1:] = (numbers[1:] != numbers[:-1]) | (symbols[1:] != symbols[:-1])
    firsts = np.flatnonzero(is_first)
    sums = np.add.reduceat(counts, firsts) if firsts.size else counts
    return Rows(np.searchsorted(numbers[firsts], np.arange(depths.size + 1)), symbols[firsts], sums)


def next_symbol_rows(shards: Sequence[Shard], query: Query, starts: Query, stops: Query) -> Rows:
    """What follows each context query[starts[i] : stops[i]]; the empty one is followed by everything."""
    depths = stops - starts
    empty = depths == 0
    if not empty.any():
        return rows(shards, spans(shards, query, starts, stops), depths)
    intervals = []
    for shard in shards:
        lows, highs = np.zeros((2, depths.size), dtype=np.int64)
        lows[~empty], highs[~empty] = span_intervals(shard.sorted, query, starts[~empty], stops[~empty])
        highs[empty] = shard.num_symbols
        intervals.append((lows, highs))
    return rows(shards, intervals, depths)


def positions(
    shards: Sequence[Shard], query: Query, *, limit: int | None = None
) -> Iterator[tuple[Shard, npt.NDArray[np.int64]]]:
    """Where the whole query, which is not empty, stands in the text of each shard, ascending; the first `limit`."""
    for shard, (lows, highs) in zip(shards, spans(shards, query, np.array([0]), np.array([query.size])), strict=True):
        found = shard.sorted.suffix_array[int(lows[0]) : int(highs[0])]
        if limit is not None and limit < found.size:
            found = np.partition(found, limit)[:limit]
        yield shard, np.sort(found).astype(np.int64)


def _sum(parts: Iterable[Query]) -> Query:
    return np.sum(list(parts), axis=0, dtype=np.int64)
