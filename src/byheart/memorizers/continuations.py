"""What follows a stored suffix: each different token, how often, or after how many different neighbours.

An interval of the suffix array is read once from end to end; what a wide one answered is remembered.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray
from byheart.index.searching.search import Query
from byheart.index.sorted_text import SortedText

WIDE = 16
"""Occurrences; what follows a suffix with more is remembered."""
_SLOTS = 1 << 18
_POOL = 1 << 22
_DEPTH_BITS = 20
_ROW = 8
_USED_SLOTS, _USED_POOL, _ROOM, _BY_NEIGHBOURS = 0, 1, 2, 3


class Memo(NamedTuple):
    """Working memory for continuations; when it is full it begins anew (its memory is touched only as it fills)."""

    slots: npt.NDArray[np.int64]
    """Open addressing by (low, depth): the key, 0 for free, then a `Node`; a row of 8 each, shape [8 slots]."""
    symbols: npt.NDArray[np.int32]
    """Pool of children, ascending, the separator as -1 at the end; shape [pool + room for one more answer]."""
    stops: npt.NDArray[np.int32]
    """Pool: one past the child's last place, counted from its interval's first."""
    counts: npt.NDArray[np.int32]
    """Pool: by what the child is weighed; 0 where an end token inside documents is counted with the separator."""
    stamps: npt.NDArray[np.int64]
    """Number of the last child that had the symbol before it, by symbol; then for the separator, and the last number
    given; shape [alphabet + 2]."""
    state: npt.NDArray[np.int64]
    """Used slots, used pool entries, room for one answer, whether neighbours are counted; shape [4]."""


class Node(NamedTuple):
    """The continuations of one interval."""

    offset: int
    """Of the first child in the pool; what is not remembered stands there until the next question."""
    size: int
    """Number of children."""
    total: int
    """Sum of their counts."""
    once: int
    """Tokens with a count of 1."""
    twice: int
    """Tokens with a count of 2."""
    more: int
    """Tokens with a count of 3 or more."""


def empty_memo(alphabet_size: int, *, by_neighbours: bool = False) -> Memo:
    """A memo that has room for 4 million continuations.

    Args:
        alphabet_size: of the index.
        by_neighbours: count the different symbols before the suffix, not its occurrences.
    """
    room = alphabet_size + 2
    symbols, stops, counts = np.empty((3, _POOL + room), np.int32)
    state = np.array([0, 0, room, by_neighbours], np.int64)
    stamps = np.zeros(alphabet_size + 2, np.int64)
    return Memo(np.zeros(_SLOTS * _ROW, np.int64), symbols, stops, counts, stamps, state)


@compiled
def find_slot(slots: Query, key: int) -> int:
    """Where the key's row begins, or the free one where it belongs."""
    place = ((key * 0x9E3779B1 >> 15) & (slots.size // _ROW - 1)) * _ROW
    while slots[place] != 0 and slots[place] != key:
        place = (place + _ROW) & (slots.size - 1)
    return place


@compiled
def interval_key(low: int, high: int, depth: int) -> int:
    """What an interval is remembered by, 0 if it is not."""
    return ((low << _DEPTH_BITS) | depth) + 1 if high - low >= WIDE and depth < (1 << _DEPTH_BITS) else 0


@compiled
def recall(corpus: SortedText, memo: Memo, low: int, high: int, depth: int, end_id: int) -> Node:
    """The continuations of the suffixes [low, high), which share their first `depth` symbols."""
    key = interval_key(low, high, depth)
    slots = memo.slots
    place = find_slot(slots, key) if key else 0
    if key == 0 or slots[place] == 0:
        node = expand(corpus, memo, low, high, depth, end_id)
        if key:
            remember(memo, key, place, node)
        return node
    return read_slot(slots, place)


@compiled
def read_slot(slots: Query, place: int) -> Node:
    """The node that is remembered there."""
    return Node(
        slots[place + 1], slots[place + 2], slots[place + 3], slots[place + 4], slots[place + 5], slots[place + 6]
    )


@compiled
def remember(memo: Memo, key: int, place: int, node: Node) -> None:
    """Keeps a node that was just read at its free slot; or forgets all, where there is no room."""
    slots, state = memo.slots, memo.state
    full = state[_USED_SLOTS] >= slots.size // (2 * _ROW) or node.offset + node.size + state[_ROOM] > memo.symbols.size
    if full:
        state[_USED_SLOTS] = state[_USED_POOL] = 0
        for first in range(0, slots.size, _ROW):
            slots[first] = 0
    else:
        slots[place], slots[place + 1], slots[place + 2], slots[place + 3] = key, node.offset, node.size, node.total
        slots[place + 4], slots[place + 5], slots[place + 6] = node.once, node.twice, node.more
        state[_USED_SLOTS] += 1
        state[_USED_POOL] += node.size


@compiled
def expand(corpus: SortedText, memo: Memo, low: int, high: int, depth: int, end_id: int) -> Node:
    """Reads an interval and writes its children behind the used part of the pool."""
    text, order, symbols, stops, counts = corpus.text, corpus.suffix_array, memo.symbols, memo.stops, memo.counts
    offset, separator = memo.state[_USED_POOL], int(text[-1])
    by_neighbours = memo.state[_BY_NEIGHBOURS]
    child, place = offset, low
    while place < high:
        symbol = int(text[order[place] + depth])
        end, count = _count_neighbours(text, order, memo.stamps, place, high, depth)
        if not by_neighbours:
            count = end - place
        symbols[child] = -1 if symbol == separator else symbol
        stops[child], counts[child] = end - low, count
        child += 1
        place = end
    has_end = symbols[child - 1] == -1
    inside = find_child(symbols, offset, child - 1, end_id)
    if has_end and inside >= 0:
        counts[child - 1] += counts[inside]
        counts[inside] = 0
    total, once, twice, more = 0, 0, 0, 0
    for i in range(offset, child):
        count = counts[i]
        total += count
        once += count == 1
        twice += count == 2
        more += count > 2
    return Node(offset, child - offset, total, once, twice, more)


@compiled
def _count_neighbours(
    text: SymbolArray, order: npt.NDArray[np.int32], stamps: Query, place: int, high: int, depth: int
) -> tuple[int, int]:
    """Where the suffixes stop having the symbol of suffix `place` at `depth`, and how many symbols precede them."""
    count, border = 0, stamps.size - 2
    stamps[-1] += 1
    stamp, symbol = stamps[-1], text[order[place] + depth]
    while place < high and text[order[place] + depth] == symbol:
        before = min(int(text[order[place] - 1]), border)
        count += stamps[before] != stamp
        stamps[before] = stamp
        place += 1
    return place, count


@compiled
def find_child(symbols: npt.NDArray[np.int32], low: int, high: int, symbol: int) -> int:
    """Where in the pool the symbol stands among children [low, high) that are ascending, -1 if it is not there."""
    stop = high
    while low < high:
        middle = (low + high) >> 1
        if symbols[middle] < symbol:
            low = middle + 1
        else:
            high = middle
    found = symbols[low]
    return low if low < stop and found == symbol else -1


@compiled
def follow(memo: Memo, node: Node, symbol: int, token: int, end_id: int) -> tuple[int, int, int]:
    """Of the suffixes of a node, those that go on with the symbol, counted from its first; and the token's count.

    Args:
        symbol: -1 for one that the corpus cannot contain.
        token: the same, or the end token.
    """
    symbols, stops, counts = memo.symbols, memo.stops, memo.counts
    last = node.offset + node.size - 1
    has_end = symbols[last] == -1
    child = find_child(symbols, node.offset, last + 1 - has_end, symbol)
    place = max(child, node.offset)
    first, stop = stops[max(place - 1, 0)], stops[place]
    count, end_count = counts[place], counts[last]
    if child < 0:
        first, stop, count = 0, 0, 0
    if child <= node.offset:
        first = 0
    return first, stop, end_count if has_end and token == end_id else count


@compiled
def count_unigrams(corpus: SortedText, memo: Memo) -> npt.NDArray[np.int64]:
    """What follows the empty suffix: of every symbol, and at the end of the ends of documents, as a node counts them.

    Returns:
        shape [alphabet + 1].
    """
    text, order, bounds = corpus.text, corpus.suffix_array, corpus.first_symbol
    counts = np.zeros(bounds.size, dtype=np.int64)
    known = min(bounds.size - 1, int(text[-1]))
    for symbol in range(known):
        low, high = bounds[symbol], bounds[symbol + 1]
        if low < high:
            counts[symbol] = _count_neighbours(text, order, memo.stamps, low, high, 0)[1]
            if not memo.state[_BY_NEIGHBOURS]:
                counts[symbol] = high - low
    ends = np.array([start for start in order[bounds[known] :] if start > 0], dtype=np.int64)
    counts[-1] = np.unique(text[ends - 1]).size if memo.state[_BY_NEIGHBOURS] else ends.size
    return counts
