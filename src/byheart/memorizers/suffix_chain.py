"""Every suffix of a growing context that occurs in the corpus, grouped by where it ends.

Suffixes that occur at the same places (equally often, since they nest) have the same continuations, so one of them, the
longest, stands for its group. When the context grows by a symbol, each group's interval of the suffix array narrows;
groups that vanish are dropped, groups that became equal are merged, and the one-symbol suffix is added. This is the
walk along the suffix links of the corpus's suffix automaton, without building the automaton.

In a long run of one symbol every suffix is a group of its own. Then only the longest and the shortest are narrowed; the
others wait, and are searched for again when most of the longest have vanished. Whoever weighs the groups from the
longest down, as the infinigram does, comes to the end of its weight before the waiting ones.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.searching.interleaved_search import WHOLE, find_runs
from byheart.index.searching.search import Query, narrow, symbol_interval
from byheart.index.sorted_text import SortedText

MOST_SHORT = 256
"""Groups; a longer suffix has more symbols than that, and the infinigram gives at most 0.0011 of a weight below it."""
MOST_LONG = 160
"""Groups listed before the waiting ones."""
LEAST_LONG = 80
"""Groups; with fewer, the waiting ones are asked: 0.0011^80 is below every weight that the infinigram distinguishes."""


class Chain(NamedTuple):
    """Groups from the longest suffix to the shortest; the empty suffix is not listed. Shapes [capacity].

    Groups beyond MOST_LONG long and MOST_SHORT short ones wait between these; nothing but their starts is kept.
    """

    starts: npt.NDArray[np.int64]
    """Position in the context where the group's longest suffix starts."""
    lows: npt.NDArray[np.int64]
    """First place of its interval in the suffix array."""
    highs: npt.NDArray[np.int64]
    """One past the last place."""
    state: npt.NDArray[np.int64]
    """Number of listed groups, of symbols read, of listed groups before the waiting ones; where in `waiting` the first
    of them stands and one past the last; shape [5]."""
    symbols: npt.NDArray[np.int64]
    """The context."""
    waiting: npt.NDArray[np.int64]
    """Starts of groups that wait; some of them may have vanished or become equal meanwhile."""


def empty_chain(capacity: int) -> Chain:
    """A chain for contexts of up to `capacity` symbols, before the first."""
    starts, lows, highs, symbols, waiting = np.zeros((5, capacity), np.int64)
    return Chain(starts, lows, highs, np.zeros(5, np.int64), symbols, waiting)


@compiled
def advance(corpus: SortedText, chain: Chain, symbol: int) -> None:
    """Appends one symbol to the context; -1 stands for one that the corpus cannot contain."""
    starts, lows, highs, state = chain.starts, chain.lows, chain.highs, chain.state
    position, kept, num_long = state[1], 0, 0
    for i in range(state[0]):
        low, high = narrow(corpus, lows[i], highs[i], position - starts[i], symbol)
        kept = keep(starts, lows, highs, kept, starts[i], low, high)
        if i < state[2]:
            num_long = kept
    low, high = symbol_interval(corpus, symbol)
    kept = keep(starts, lows, highs, kept, position, low, high)
    chain.symbols[position] = symbol
    state[0], state[1], state[2] = kept, position + 1, num_long
    settle(corpus, chain)


@compiled
def keep(starts: Query, lows: Query, highs: Query, kept: int, start: int, low: int, high: int) -> int:
    """Lists a group behind the `kept` ones if it is wider than the last; returns how many are listed.

    Without branches, since the arrays' holders are then not counted; what is written behind the last is not read.
    """
    last = max(kept - 1, 0)
    wider = high - low > (highs[last] - lows[last]) * (kept > 0)
    starts[kept], lows[kept], highs[kept] = start, low, high
    return kept + wider


@compiled
def settle(corpus: SortedText, chain: Chain) -> None:
    """Lets groups wait, or lists waiting ones, where the listed ones have become too many or too few."""
    if chain.state[3] < chain.state[4] and chain.state[2] < LEAST_LONG:
        list_waiting(corpus, chain)
    if chain.state[3] == chain.state[4]:
        chain.state[2] = min(chain.state[0], MOST_LONG)
    if chain.state[0] - chain.state[2] > MOST_SHORT:
        chain.waiting[chain.state[4]] = chain.starts[chain.state[2]]
        chain.state[4] += 1
        _move(chain, chain.state[2] + 1, chain.state[2])


@compiled
def list_waiting(corpus: SortedText, chain: Chain) -> None:
    """Lists the longest of the waiting groups that still occur, until MOST_LONG stand before the others."""
    position, num_long = chain.state[1], chain.state[2]
    last_count = chain.highs[num_long - 1] - chain.lows[num_long - 1] if num_long else 0
    listed = np.empty((3, MOST_LONG), dtype=np.int64)
    num_listed = 0
    while num_long + num_listed < MOST_LONG and chain.state[3] < chain.state[4]:
        size = min(MOST_LONG - num_long - num_listed, chain.state[4] - chain.state[3])
        starts = chain.waiting[chain.state[3] : chain.state[3] + size]
        lengths, lows, highs = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
        find_runs(corpus, chain.symbols, starts, position - starts, WHOLE, (lengths, lows, highs))
        for i in range(size):
            if highs[i] - lows[i] > last_count:
                last_count = highs[i] - lows[i]
                listed[0, num_listed], listed[1, num_listed], listed[2, num_listed] = starts[i], lows[i], highs[i]
                num_listed += 1
        chain.state[3] += size
    shorter = num_long
    while shorter < chain.state[0] and chain.highs[shorter] - chain.lows[shorter] <= last_count:
        shorter += 1
    _move(chain, shorter, num_long + num_listed)
    for i in range(num_listed):
        place = num_long + i
        chain.starts[place], chain.lows[place], chain.highs[place] = listed[0, i], listed[1, i], listed[2, i]
    chain.state[2] = num_long + num_listed


@compiled
def _move(chain: Chain, start: int, target: int) -> None:
    """Moves the listed groups from `start` on to `target`."""
    size = chain.state[0] - start
    for i in range(size):
        k = i if target < start else size - 1 - i
        chain.starts[target + k] = chain.starts[start + k]
        chain.lows[target + k] = chain.lows[start + k]
        chain.highs[target + k] = chain.highs[start + k]
    chain.state[0] = target + size
