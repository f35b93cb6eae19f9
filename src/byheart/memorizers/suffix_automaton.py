"""M1 at its limit: the suffix automaton of the corpus, walked through the index without being built.

A state is the set of places in the corpus where the longest suffix of the context that occurs ends. The index holds it
as an interval of the suffix array, so that a step narrows an interval; when nothing is left, the suffix links lead to
ever shorter suffixes, which stand at more places.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import CapabilityError
from byheart.index import Index
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query, narrow, pattern_interval, symbol_interval
from byheart.index.sorted_text import SortedText
from byheart.memorizers.weighted_automaton import WeightedAutomaton

MOST_STATES = 2048
"""Of an automaton that is written out; its tensor has vocabulary x states^2 entries."""


class SuffixState(NamedTuple):
    """Where the longest suffix that occurs stands. States of the automaton differ in `ends`, not in the length."""

    length_tokens: int
    """Of the suffix, 0 for the empty one."""
    low: int
    """First of its places in the suffix array."""
    high: int
    """One past the last."""


@compiled
def suffix_pattern(corpus: SortedText, low: int, length: int, symbol: int) -> Query:
    """The suffix of a state and one symbol more, shape [length + 1]."""
    pattern = np.empty(length + 1, dtype=np.int64)
    start = corpus.suffix_array[low]
    for i in range(length):
        pattern[i] = corpus.text[start + i]
    pattern[length] = symbol
    return pattern


@compiled
def next_state(corpus: SortedText, length: int, low: int, high: int, symbol: int) -> tuple[int, int, int]:
    """The state after one symbol more; -1 stands for one that the corpus cannot contain.

    All suffixes of a suffix that goes on with the symbol do too, so the links are followed by bisection.
    """
    if low < high:
        narrow_low, narrow_high = narrow(corpus, low, high, length, symbol)
        if narrow_low < narrow_high:
            return length + 1, narrow_low, narrow_high
    best_low, best_high = symbol_interval(corpus, symbol)
    if best_low == best_high:
        return 0, 0, corpus.text.size
    pattern = suffix_pattern(corpus, low, length, symbol)
    kept, vanished = 0, length
    while vanished - kept > 1:
        middle = (kept + vanished) >> 1
        found_low, found_high = pattern_interval(corpus, pattern, length - middle, length + 1)
        if found_low < found_high:
            kept, best_low, best_high = middle, found_low, found_high
        else:
            vanished = middle
    return kept + 1, best_low, best_high


@compiled
def walk_text(corpus: SortedText, symbols: Query) -> Query:
    """Length, low and high of the state before each symbol and at the end, shape [num_symbols + 1, 3]."""
    states = np.empty((symbols.size + 1, 3), dtype=np.int64)
    length, low, high = 0, 0, corpus.text.size
    states[0] = length, low, high
    for position in range(symbols.size):
        length, low, high = next_state(corpus, length, low, high, symbols[position])
        states[position + 1] = length, low, high
    return states


class SuffixAutomaton:
    """The deterministic automaton of all substrings of a corpus.

    Definition:
        s' = the places one further on of s that hold x; when there are none, the same of link(s), and so on
    Args:
        index: the corpus, in one shard.
    Raises:
        CapabilityError: the index has several shards.
    Example:
        documents "abac" and "ab": after "ab" the state is the end of "ab", at 2 places; "b" stands nowhere else, so it
        is the same state. Then a leads to "aba", at 1 place. From there b vanishes for "aba" and "ba"; the link leads
        to "a", at 3 places, and b from there to "ab" again.
    Cost: a step that matches takes the bisection of an interval, below 1 microsecond; one that does not, about
        log2(length) searches for the suffix.
    Source: Blumer et al. 1985, "The smallest automaton recognizing the subwords of a text".
    Differs: no state is stored; text beyond a document's border is never part of a state.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self._corpus = index.sorted_text

    @property
    def root(self) -> SuffixState:
        """The empty suffix, everywhere."""
        return SuffixState(0, 0, self._corpus.text.size)

    def step(self, state: SuffixState, token: int) -> SuffixState:
        """The state after one token more; the root where the corpus does not hold the token."""
        (symbol,) = self.index.known_symbols(np.array([token]))
        return SuffixState(*next_state(self._corpus, *state, symbol))

    def link(self, state: SuffixState) -> SuffixState:
        """The longest suffix of a state's suffix that stands at more places; the root is its own.

        Cost: log2(length) searches.
        """
        kept, same = 0, state.length_tokens
        best = self.root
        if same == 0:
            return best
        pattern = suffix_pattern(self._corpus, state.low, same, -1)
        while same - kept > 1:
            middle = (kept + same) >> 1
            low, high = pattern_interval(self._corpus, pattern, state.length_tokens - middle, state.length_tokens)
            if high - low > state.high - state.low:
                kept, best = middle, SuffixState(middle, int(low), int(high))
            else:
                same = middle
        return best

    def states(self, token_ids: TokenIds) -> Iterator[SuffixState]:
        """The state before each token of a text and at its end."""
        for length, low, high in walk_text(self._corpus, self.index.known_symbols(token_ids)).tolist():
            yield SuffixState(length, low, high)

    def ends(self, state: SuffixState) -> tuple[int, ...]:
        """What makes the state: the places in the text of the index just after its suffix, ascending."""
        places = self._corpus.suffix_array[state.low : state.high].astype(np.int64) + state.length_tokens
        return tuple(np.sort(places).tolist())

    def written_out(
        self, *, vocabulary_size: int, end_id: int, most_states: int = MOST_STATES
    ) -> tuple[WeightedAutomaton, dict[tuple[int, ...], int]]:
        """The automaton of a small corpus with its tensor.

        Args:
            vocabulary_size: at least the index's alphabet.
            end_id: token for the end of a document; leads to the root where no document holds it.
            most_states: that are written.
        Returns:
            the automaton, whose outputs are the relative frequencies of what follows, and the number of each state by
            its `ends`; the root is number 0.
        Raises:
            CapabilityError: the corpus has more states.
        Cost: vocabulary x states steps, and as many times states numbers.
        """
        numbers, waiting, moves = {self.ends(self.root): 0}, [self.root], []
        for before, state in enumerate(waiting):
            for token in range(vocabulary_size):
                after = self.step(state, token)
                ends = self.ends(after)
                if ends not in numbers:
                    if len(numbers) == most_states:
                        raise CapabilityError(
                            f"The automaton of this corpus has more than {most_states} states.",
                            next_step="Walk it through the index instead, or pass a larger most_states.",
                        )
                    numbers[ends] = len(waiting)
                    waiting.append(after)
                moves.append((token, numbers[ends], before))
        tensor = np.zeros((vocabulary_size, len(waiting), len(waiting)))
        tensor[tuple(np.array(moves).T)] = 1.0
        outputs = np.stack([self._frequencies(s, vocabulary_size, end_id) for s in waiting], axis=1)
        return WeightedAutomaton(np.eye(len(waiting))[0], tensor, outputs), numbers

    def _frequencies(self, state: SuffixState, vocabulary_size: int, end_id: int) -> Floats:
        context = suffix_pattern(self._corpus, state.low, state.length_tokens, -1)[:-1]
        found = self.index.next_symbol_counts(context)
        counts = np.zeros(vocabulary_size)
        np.add.at(counts, np.where(found.symbols == self.index.separator, end_id, found.symbols), found.counts)
        return counts / max(counts.sum(), 1.0)
