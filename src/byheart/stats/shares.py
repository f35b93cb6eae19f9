"""Shares of tokens with intervals over documents, also where a share is 0 or 1, beside those of another predictor."""

from collections.abc import Sequence

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_of_sums
from byheart.stats.intervals import clopper_pearson


def token_shares(
    counts: Floats, sizes: Floats, *, rng: np.random.Generator, confidence: float = 0.95
) -> list[Interval]:
    """Shares of all tokens, with intervals for other documents of the kind.

    Definition:
        sum_i c_i / sum_i n_i over documents i, with the percentile bootstrap over documents. Resamples of documents
        without a single such token would claim that no document has one; so the upper bound of a share of 0 is that of
        0 of so many documents, 1 - (alpha/2)^(1/documents), and the lower bound of a share of 1 its mirror: at most
        every token of those documents that have one at all.
    Args:
        counts: c, tokens in each document that are counted, shape [num_documents, m].
        sizes: n, tokens of each document, > 0, shape [num_documents].
        rng: draws the resamples.
        confidence: 1 - alpha.
    Returns:
        m intervals in [0, 1], n = num_documents.
    Raises:
        InputError: fewer than MIN_CLUSTERS documents.
    Source: Efron and Tibshirani 1993, chapter 13; Clopper and Pearson 1934.
    Differs: the exact bound counts documents, not tokens, which are not independent.
    """
    columns = np.repeat(sizes[:, None], counts.shape[1], axis=1)
    found = ratio_of_sums(counts, columns, rng=rng, confidence=confidence)
    documents = sizes.size
    none, every = (clopper_pearson(hits, documents, confidence=confidence) for hits in (0, documents))
    return [none if it.value == 0 else every if it.value == 1 else it for it in found]


def paired_differences(
    first: Floats, second: Floats, sizes: Floats, *, rng: np.random.Generator, confidence: float = 0.95
) -> list[Interval]:
    """Differences of two shares of the same tokens.

    Definition:
        sum_i (c_i - d_i) / sum_i n_i over documents i, bootstrapped over documents. Where no document differs, the
        bounds are those of 0 of so many documents, on either side.
    Args:
        first: c, shape [num_documents, m].
        second: d, of the same documents and columns.
        sizes: n, tokens of each document, > 0, shape [num_documents].
        rng: draws the resamples.
        confidence: 1 - alpha.
    Returns:
        m intervals in [-1, 1], n = num_documents.
    Raises:
        InputError: fewer than MIN_CLUSTERS documents.
    Source: Efron and Tibshirani 1993, chapter 13; Clopper and Pearson 1934.
    Differs: resamples documents, paired.
    """
    difference = first - second
    columns = np.repeat(sizes[:, None], first.shape[1], axis=1)
    found = ratio_of_sums(difference, columns, rng=rng, confidence=confidence)
    bound = clopper_pearson(0, sizes.size, confidence=confidence).high
    is_equal = (difference == 0).all(axis=0).tolist()
    return [Interval(0.0, -bound, bound, it.n) if same else it for it, same in zip(found, is_equal, strict=True)]


def means_where(
    amounts: Floats, counts: Floats, *, rng: np.random.Generator, confidence: float = 0.95
) -> Sequence[Interval | None]:
    """Means of an amount over the tokens that are counted.

    Definition:
        sum_i a_i / sum_i c_i over documents i, with the percentile bootstrap over documents
    Args:
        amounts: a, summed over the counted tokens of each document, shape [num_documents, m].
        counts: c, how many these are, shape [num_documents, m].
        rng: draws the resamples.
        confidence: 1 - alpha.
    Returns:
        m intervals, n = the documents that have such a token; None where fewer than MIN_CLUSTERS have.
    Source: Efron and Tibshirani 1993, chapter 13.
    Differs: resamples documents.
    """
    found: list[Interval | None] = [None] * counts.shape[1]
    num_with = (counts > 0).sum(axis=0)
    carried = np.flatnonzero(num_with >= MIN_CLUSTERS)
    if carried.size:
        intervals = ratio_of_sums(amounts[:, carried], counts[:, carried], rng=rng, confidence=confidence)
        for column, it in zip(carried.tolist(), intervals, strict=True):
            found[column] = Interval(it.value, it.low, it.high, int(num_with[column]))
    return found
