"""Differences of ratios between two sets of documents that have none in common."""

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, few_clusters, few_clusters_confidence


def unpaired_difference(
    first: tuple[Floats, Floats],
    second: tuple[Floats, Floats],
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    num_resamples: int = 2000,
) -> Interval:
    """How much larger a ratio of totals is over some documents than over others.

    Definition:
        sum a / sum b - sum c / sum d; the interval spans the alpha/2 and 1-alpha/2 quantiles over resamples of either
        side's documents by themselves, alpha that of `few_clusters_confidence` for the side with fewer of them
    Args:
        first: (a, b), each of shape [num_documents], every b > 0.
        second: (c, d) of other documents, every d > 0.
        rng: draws the resamples.
        confidence: 1 - alpha.
        num_resamples: of each side.
    Returns:
        the difference; n = the documents of both sides.
    Raises:
        InputError: fewer than MIN_CLUSTERS documents on a side.
    Source: Efron and Tibshirani 1993, chapter 8.3, the two-sample problem; Hesterberg 2015 (1411.5279).
    Differs: resamples documents.
    """
    fewest = min(first[0].size, second[0].size)
    if fewest < MIN_CLUSTERS:
        raise few_clusters(fewest)
    resampled = []
    for amounts, totals in (first, second):
        num = amounts.size
        weights = rng.multinomial(num, np.full(num, 1.0 / num), size=num_resamples)
        resampled.append((weights @ amounts) / (weights @ totals))
    tail = (1.0 - few_clusters_confidence(confidence, fewest)) / 2.0
    low, high = (float(bound) for bound in np.quantile(resampled[0] - resampled[1], [tail, 1.0 - tail]))
    value = float(first[0].sum() / first[1].sum() - second[0].sum() / second[1].sum())
    return Interval(value, min(low, value), max(high, value), first[0].size + second[0].size)
