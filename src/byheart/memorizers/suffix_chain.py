"""Every suffix of a growing context that occurs in the corpus, grouped by where it ends.

Suffixes that occur at the same places (equally often, since they nest) have the same continuations, so one of them, the
longest, stands for its group. When the context grows by a symbol, each group's interval of the suffix array narrows;
groups that vanish are dropped, groups that became equal are merged, and the one-symbol suffix is added. This is the
walk along the suffix links of the corpus's suffix automaton, without building the automaton.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.searching.search import continuations, narrow, symbol_interval
from byheart.index.sorted_text import SortedText

_WIDE = 64
"""Occurrences; the continuations of a suffix with more are remembered."""
_SLOTS = 1 << 17
_POOL = 1 << 22
_DEPTH_BITS = 20


class Chain(NamedTuple):
    """Groups from the longest suffix to the shortest; the empty suffix is not listed. Shapes [capacity]."""

    starts: npt.NDArray[np.int64]
    """Position in the context where the group's longest suffix starts."""
    lows: npt.NDArray[np.int64]
    """First place of its interval in the suffix array."""
    highs: npt.NDArray[np.int64]
    """One past the last place."""
    state: npt.NDArray[np.int64]
    """Number of groups, number of symbols read; shape [2]."""


class Memo(NamedTuple):
    """Continuations of wide intervals, remembered in one pool; what does not fit is counted again each time."""

    keys: npt.NDArray[np.int64]
    """Open addressing by (low, depth); -1 is free, shape [slots]."""
    offsets: npt.NDArray[np.int64]
    """Where in the pool, shape [slots]."""
    sizes: npt.NDArray[np.int64]
    """How many different continuations, shape [slots]."""
    symbols: npt.NDArray[np.int32]
    """Pool: token ids, shape [pool + room for one more answer]."""
    counts: npt.NDArray[np.int32]
    """Pool: how often each follows."""
    state: npt.NDArray[np.int64]
    """Used slots, used pool entries, room for one answer; shape [3]."""


def empty_chain(capacity: int) -> Chain:
    """A chain for contexts of up to `capacity` symbols, before the first."""
    return Chain(
        np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(2, np.int64)
    )


def empty_memo(alphabet_size: int) -> Memo:
    """A memo that has room for 4 million continuations (its memory is touched only as it fills)."""
    room = alphabet_size + 2
    return Memo(
        np.full(_SLOTS, -1, np.int64),
        np.empty(_SLOTS, np.int64),
        np.empty(_SLOTS, np.int64),
        np.empty(_POOL + room, np.int32),
        np.empty(_POOL + room, np.int32),
        np.array([0, 0, room], np.int64),
    )


@compiled
def advance(corpus: SortedText, chain: Chain, symbol: int) -> None:
    """Appends one symbol to the context; -1 stands for one that the corpus cannot contain."""
    position, kept, last_count = chain.state[1], 0, 0
    for i in range(chain.state[0]):
        low, high = narrow(corpus, chain.lows[i], chain.highs[i], position - chain.starts[i], symbol)
        if high - low > last_count:
            chain.starts[kept], chain.lows[kept], chain.highs[kept] = chain.starts[i], low, high
            kept, last_count = kept + 1, high - low
    low, high = symbol_interval(corpus, symbol)
    if high - low > last_count:
        chain.starts[kept], chain.lows[kept], chain.highs[kept] = position, low, high
        kept += 1
    chain.state[0], chain.state[1] = kept, position + 1


@compiled
def recall(corpus: SortedText, memo: Memo, low: int, high: int, depth: int, end_id: int) -> tuple[int, int]:
    """The continuations of an interval as tokens: where they stand in the memo's pool, and how many there are."""
    remember = high - low >= _WIDE and depth < (1 << _DEPTH_BITS) and memo.state[0] < _SLOTS // 2
    key = (low << _DEPTH_BITS) | depth
    slot = (key * 0x9E3779B1 >> 15) & (_SLOTS - 1)
    if remember:
        while memo.keys[slot] != -1:
            if memo.keys[slot] == key:
                return memo.offsets[slot], memo.sizes[slot]
            slot = (slot + 1) & (_SLOTS - 1)
    offset = memo.state[1]
    size = continuations(corpus, low, high, depth, (memo.symbols[offset:], memo.counts[offset:]))
    last = offset + size - 1
    if corpus.text[corpus.suffix_array[high - 1] + depth] == corpus.text[-1]:
        memo.symbols[last] = end_id
        for i in range(offset, last):
            if memo.symbols[i] == end_id:
                memo.counts[i] += memo.counts[last]
                size -= 1
                break
    if remember and offset + size + memo.state[2] <= memo.symbols.size:
        memo.keys[slot], memo.offsets[slot], memo.sizes[slot] = key, offset, size
        memo.state[0] += 1
        memo.state[1] += size
    return offset, size
