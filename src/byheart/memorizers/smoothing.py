"""From counts of n-grams to probabilities and backoffs: interpolated modified Kneser-Ney, add-k, stupid backoff."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query
from byheart.memorizers.ngram_counts import NgramCounts
from byheart.memorizers.ngram_table import NgramTable

Smoothing = Literal["kneser-ney", "add-k", "stupid-backoff"]
FALLBACK_DISCOUNTS = (0.5, 1.0, 1.5)
"""Counts; D1, D2, D3+ where a corpus is too small or too regular for the closed form, as lmplz --discount_fallback."""
BACKOFF_FACTOR = 0.4
"""Brants et al. 2007."""


def discounts_of_counts(counts: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    """The discounts D1, D2, D3+ of n-grams that occur once, twice, and more often.

    Definition:
        Y = t_1 / (t_1 + 2 t_2); D_j = j - (j + 1) Y t_(j+1) / t_j, with t_j the number of n-grams whose count is j
    Args:
        counts: of all n-grams of one order, zeros allowed.
    Returns:
        counts, D_j in (0, j]; FALLBACK_DISCOUNTS where some t_1, t_2, t_3 is zero or some D_j would be outside.
    Source: Chen and Goodman 1998, "An Empirical Study of Smoothing Techniques for Language Modeling", equation 26.
    Differs: the fallback, which is lmplz's; lmplz would also take D_j = 0.
    """
    numbers = [int(np.count_nonzero(counts == j)) for j in range(5)]
    if 0 in numbers[1:4]:
        return FALLBACK_DISCOUNTS
    share = numbers[1] / (numbers[1] + 2 * numbers[2])
    first, second, third = (j - (j + 1) * share * numbers[j + 1] / numbers[j] for j in (1, 2, 3))
    if not (0 < first <= 1 and 0 < second <= 2 and 0 < third <= 3):
        return FALLBACK_DISCOUNTS
    return first, second, third


@compiled
def _adjust(links: npt.NDArray[np.int32], counts: Query, order_starts: Query, border_starts: Query) -> Query:
    """Counts of the highest order and after <s>; for other n-grams, how many different symbols stand before them."""
    order = order_starts.size - 1
    adjusted = counts.copy()
    if order > 1:
        adjusted[: order_starts[1]] = 0
    for length in range(2, order):
        adjusted[order_starts[length - 1] : border_starts[length]] = 0
    for length in range(2, order + 1):
        for node in range(order_starts[length - 1], order_starts[length]):
            shorter = links[node]
            if length == 2 or shorter < border_starts[length - 1]:
                adjusted[shorter] += 1
    return adjusted


@compiled
def _fill_kneser_ney(table: NgramTable, counts: Query, discounts: Floats) -> None:
    """Fills probabilities and backoffs.

    Args:
        counts: adjusted, shape [num_nodes].
        discounts: counts; by order - 1 and min(count, 3), shape [order, 4].
    """
    uniform = 1.0 / (table.order_starts[1] - 1)
    order = 1
    for context in range(-1, table.backoffs.size):
        if context < 0:
            first, stop = 0, table.order_starts[1]
        else:
            first, stop = int(table.first_children[context]), int(table.first_children[context + 1])
            while context >= table.order_starts[order - 1]:
                order += 1
        total, kept = 0.0, 0.0
        for child in range(first, stop):
            total += counts[child]
            kept += discounts[order - 1, min(counts[child], 3)]
        if total == 0.0:
            if context < 0:
                table.probabilities[:stop] = uniform
            continue
        kept /= total
        for child in range(first, stop):
            below = uniform if context < 0 else table.probabilities[table.links[child]]
            left = counts[child] - discounts[order - 1, min(counts[child], 3)]
            table.probabilities[child] = left / total + kept * below
        if context >= 0:
            table.backoffs[context] = kept


@compiled
def _fill_add_k(table: NgramTable, counts: Query, k: float) -> None:
    """Fills probabilities and backoffs from raw counts."""
    vocabulary_size = table.order_starts[1] - 1
    prior = k * vocabulary_size
    for context in range(-1, table.backoffs.size):
        first, stop = 0, table.order_starts[1]
        if context >= 0:
            first, stop = int(table.first_children[context]), int(table.first_children[context + 1])
        total = counts[first:stop].sum() + prior
        for child in range(first, stop):
            below = 1.0 / vocabulary_size if context < 0 else table.probabilities[table.links[child]]
            table.probabilities[child] = (counts[child] + prior * below) / total
        if context >= 0 and stop > first:
            table.backoffs[context] = prior / total


@compiled
def _fill_stupid_backoff(table: NgramTable, counts: Query) -> None:
    """Fills probabilities and backoffs from raw counts."""
    uniform = 1.0 / (table.order_starts[1] - 1)
    sums = np.ones(table.backoffs.size + 1)
    for context in range(-1, table.backoffs.size):
        first, stop = 0, table.order_starts[1]
        sum_below = 1.0
        if context >= 0:
            first, stop = int(table.first_children[context]), int(table.first_children[context + 1])
            sum_below = sums[table.links[context]]
        total = counts[first:stop].sum()
        if total == 0:
            sums[context] = sum_below
            if context < 0:
                table.probabilities[:stop] = uniform
            continue
        unseen = 1.0
        for child in range(first, stop):
            if counts[child] > 0:
                unseen -= uniform if context < 0 else table.probabilities[table.links[child]]
        sums[context] = 1.0 + BACKOFF_FACTOR * sum_below * max(unseen, 0.0)
        backoff = BACKOFF_FACTOR * sum_below / sums[context]
        for child in range(first, stop):
            table.probabilities[child] = counts[child] / total / sums[context] if counts[child] else backoff * uniform
        if context >= 0:
            table.backoffs[context] = backoff


def smooth_kneser_ney(found: NgramCounts) -> list[tuple[float, float, float]]:
    """Fills the table with interpolated modified Kneser-Ney probabilities.

    Definition:
        P(w|c) = (a(cw) - D(a(cw))) / A(c) + g(c) P(w|c'), with g(c) = sum_w D(a(cw)) / A(c), A(c) = sum_w a(cw), c' the
        context without its first token, and 1 / V below the empty context; P(w|c) = P(w|c') where nothing follows c.
        a: occurrences for the highest order and for n-grams that begin with <s>, else the number of different symbols
        before the n-gram. D: D1, D2, D3+ of the order (`discounts_of_counts`) for a = 1, 2, more
    Returns:
        D1, D2, D3+ for each order from 1.
    Source: Chen and Goodman 1998; Heafield et al. 2013, "Scalable Modified Kneser-Ney Language Model Estimation".
    Differs: lmplz 0.3.0 takes one n-gram of every order below the highest, its last, with its occurrences instead of a
        into the t_j (the end of adjust_counts.cc): no matter in a corpus, but discounts of a few lines move.
    """
    table = found.table
    adjusted = _adjust(table.links, found.counts, table.order_starts, found.border_starts)
    discounts = [discounts_of_counts(adjusted[start:stop]) for start, stop in _orders(table)]
    _fill_kneser_ney(table, adjusted, np.array([(0.0, *one) for one in discounts]))
    return discounts


def smooth_add_k(found: NgramCounts, k: float) -> None:
    """Fills the table with add-k probabilities.

    Definition:
        P(w|c) = (n(cw) + k V P(w|c')) / (n(c) + k V), with 1 / V below the empty context
    Args:
        k: pseudo-counts per token, > 0.
    Source: Lidstone 1920; MacKay and Peto 1995, "A hierarchical Dirichlet language model".
    Differs: the k V added counts are spread as the shorter context predicts, not evenly; so after the empty
        context it is the textbook's, and a longer one does not forget what shorter ones know.
    """
    _fill_add_k(found.table, found.counts, k)


def smooth_stupid_backoff(found: NgramCounts) -> None:
    """Fills the table with stupid backoff, divided by its sum in each context.

    Definition:
        S(w|c) = n(cw) / n(c) where cw occurs, else 0.4 S(w|c'), with 1 / V below the empty context;
        P(w|c) = S(w|c) / sum_v S(v|c)
    Source: Brants et al. 2007, "Large Language Models in Machine Translation".
    Differs: their scores do not sum to one and are zero for unseen tokens.
    """
    _fill_stupid_backoff(found.table, found.counts)


def _orders(table: NgramTable) -> Sequence[tuple[int, int]]:
    return list(pairwise(table.order_starts.tolist()))
