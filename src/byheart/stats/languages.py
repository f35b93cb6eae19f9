"""Languages that exist in one sequence only, drawn as random automata, and n-grams counted in that sequence alone.

Shape legend: N sequences, T tokens, k symbols, m states; a row is a distribution over the k symbols.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.stats.chains import Symbols

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Languages:
    """N random automata: from each state each symbol that may come leads to one state."""

    emissions: Floats
    """P(symbol | state), shape [N, m, k]; 0 where the symbol may not come."""
    successors: Integers
    """The state after a symbol, shape [N, m, k]; means nothing where the symbol may not come."""

    def rows(self, symbols: Symbols) -> Floats:
        """What each token was drawn from, shape [N, T, k].

        Args:
            symbols: written by `write`, shape [N, T].
        """
        every = np.arange(symbols.shape[0])
        states = np.zeros(symbols.shape[0], dtype=np.int64)
        rows = np.empty((*symbols.shape, self.emissions.shape[-1]))
        for t in range(symbols.shape[1]):
            rows[:, t] = self.emissions[every, states]
            states = self.successors[every, states, symbols[:, t]]
        return rows

    def write(self, num_tokens: int, *, rng: np.random.Generator) -> Symbols:
        """A sequence of each language, from its first state on, shape [N, T]."""
        num, _, k = self.emissions.shape
        every = np.arange(num)
        states = np.zeros(num, dtype=np.int64)
        uniform = rng.random((num, num_tokens))
        symbols = np.empty((num, num_tokens), dtype=np.int64)
        borders = np.cumsum(self.emissions, axis=-1)
        for t in range(num_tokens):
            # A border that is 1 but for rounding must not let a draw fall on a symbol that may not come.
            below = borders[every, states] <= uniform[:, t, None] * borders[every, states, -1:]
            symbols[:, t] = np.minimum(below.sum(axis=1), k - 1)
            states = self.successors[every, states, symbols[:, t]]
        return symbols


def canonical_names(languages: Languages) -> list[str]:
    """What tells languages apart, one text each: equal where they write the same strings equally often.

    Definition:
        the smallest automaton of each: states that the first cannot reach are left out, states from which the same
        strings come with the same probabilities are one, and states are numbered as they are first reached, symbol by
        symbol; symbols stay as they are
    Args:
        languages: N of them.
    Returns:
        N texts.
    Cost: some 0.1 ms a language of 4 states.
    Source: Moore 1956, "Gedanken-experiments on sequential machines": refinement of the partition of the states.
    Differs: a state is told apart by the probabilities of its symbols, where there it is by its output.
    """
    return [
        _canonical_name(*one) for one in zip(languages.emissions.tolist(), languages.successors.tolist(), strict=True)
    ]


def _canonical_name(emissions: list[list[float]], successors: list[list[int]]) -> str:
    edges = [
        [(symbol, share, to) for symbol, (share, to) in enumerate(zip(shares, leads, strict=True)) if share > 0]
        for shares, leads in zip(emissions, successors, strict=True)
    ]
    kinds, num_kinds = [0] * len(edges), 0
    while len(set(kinds)) > num_kinds:
        num_kinds = len(set(kinds))
        told = [(kinds[s], *((symbol, share, kinds[to]) for symbol, share, to in row)) for s, row in enumerate(edges)]
        numbers = {it: number for number, it in enumerate(dict.fromkeys(told))}
        kinds = [numbers[it] for it in told]
    states, numbered = [0], {kinds[0]: 0}
    rows = []
    for state in states:  # grows on the way
        for _, _, to in edges[state]:
            if kinds[to] not in numbered:
                numbered[kinds[to]] = len(numbered)
                states.append(to)
        rows.append(" ".join(f"{symbol}:{share:.9g}>{numbered[kinds[to]]}" for symbol, share, to in edges[state]))
    return "; ".join(rows)


def draw_languages(
    num_languages: int, num_states: int, num_symbols: int, *, num_edges: int = 2, rng: np.random.Generator
) -> Languages:
    """Languages that share nothing but their sizes.

    Definition:
        from each state `num_edges` different symbols may come, all equally likely, each leading to a state that is
        drawn uniformly from the others
    Args:
        num_languages: N.
        num_states: m >= 2.
        num_symbols: k >= num_edges.
        num_edges: symbols that may come from a state.
        rng: draws edges and states.
    Source: Akyürek et al. 2024, "In-Context Language Learning: Architectures and Algorithms" (2401.12973), section 3.
    Differs: sizes are fixed where they are drawn there; one long string where there are several with borders; states
        that cannot be told apart are not merged.
    """
    shape = (num_languages, num_states, num_symbols)
    allowed = rng.random(shape).argsort(axis=-1) < num_edges
    steps = rng.integers(1, num_states, size=shape)
    successors = (np.arange(num_states)[None, :, None] + steps) % num_states
    return Languages(allowed / num_edges, successors)


def ngram_rows(symbols: Symbols, num_symbols: int, order: int) -> Floats:
    """What n-grams say that are counted in the sequence so far, shape [N, T, k].

    Definition:
        P_0 = 1/k;  P_n(j | c) = (N(c, j) + D(c) P_{n-1}(j)) / (N(c) + D(c)), c the n - 1 symbols before, N(c, j) how
        often j followed them before, D(c) the number of different symbols that did; P_n = P_{n-1} where nothing did
    Args:
        symbols: shape [N, T].
        num_symbols: k.
        order: n >= 1: 1 for frequencies, 2 for bigrams, 3 for trigrams.
    Source: Witten and Bell 1991, "The zero-frequency problem", method C, interpolated (Chen and Goodman 1998).
    Differs: counts come from the sequence itself, up to the token that is predicted.
    """
    num, num_tokens = symbols.shape
    every = np.arange(num)
    counts = [np.zeros((num, num_symbols**length, num_symbols)) for length in range(order)]
    rows = np.empty((num, num_tokens, num_symbols))
    for t in range(num_tokens):
        row = np.full((num, num_symbols), 1.0 / num_symbols)
        codes = np.zeros(num, dtype=np.int64)
        for length in range(min(order, t + 1)):
            if length:
                codes = codes + symbols[:, t - length] * num_symbols ** (length - 1)
            followed = counts[length][every, codes]
            kinds = (followed > 0).sum(axis=1, keepdims=True)
            total = followed.sum(axis=1, keepdims=True) + kinds
            row = np.where(total > 0, (followed + kinds * row) / np.maximum(total, 1), row)
            counts[length][every, codes, symbols[:, t]] += 1
        rows[:, t] = row
    return rows
