"""Bootstrap over whole documents: tokens of one document are not independent observations."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.errors import InputError

MIN_CLUSTERS = 5
"""Fewer documents cannot carry an interval: the bootstrap would resample the same few again and again."""


def few_clusters_confidence(confidence: float, num_clusters: int) -> float:
    """What to ask of a percentile bootstrap of so few clusters, so that it covers a mean as it says.

    Definition:
        1 - 2 Phi(-sqrt(n / (n - 1)) t), t the Student quantile of 1 - alpha/2 with n - 1 degrees of freedom
    Args:
        confidence: the coverage that is wanted, 1 - alpha.
        num_clusters: n, >= 2.
    Returns:
        in (confidence, 1); tends to the confidence for many clusters.
    Source: Hesterberg 2015, "What teachers should know about the bootstrap" (1411.5279), expanded percentile interval:
        resamples spread as the sample does with n in the denominator, and know no Student.
    Differs: nothing.
    """
    quantile = float(stdtrit(num_clusters - 1, 0.5 + confidence / 2))
    return 1.0 - 2.0 * float(ndtr(-math.sqrt(num_clusters / (num_clusters - 1)) * quantile))


def few_clusters(num_clusters: int) -> InputError:
    """What is said where there are fewer than MIN_CLUSTERS documents.

    Args:
        num_clusters: that there are.
    """
    return InputError(
        f"An interval over documents needs at least {MIN_CLUSTERS} documents.",
        why=f"Got {num_clusters}.",
        next_step="Give more documents, or split long ones where their parts are independent.",
    )


def cluster_totals(clusters: Sequence[str], *columns: npt.ArrayLike) -> list[Floats]:
    """Sums of each column within each cluster, clusters in order of first appearance.

    Args:
        clusters: name of the cluster of each observation, length n.
        columns: numbers per observation, each of shape [n] or [n, m].
    Returns:
        for each column its sums, shape [num_clusters] or [num_clusters, m].
    """
    number: dict[str, int] = {}
    rows = np.array([number.setdefault(name, len(number)) for name in clusters], dtype=np.int64)
    totals = []
    for column in columns:
        values = np.asarray(column, dtype=np.float64)
        total = np.zeros((len(number), *values.shape[1:]))
        np.add.at(total, rows, values)
        totals.append(total)
    return totals


def ratio_of_sums(
    numerator: Floats,
    denominator: Floats,
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    num_resamples: int = 2000,
) -> list[Interval]:
    """Ratios of totals over clusters, for example bits per byte over documents, with percentile intervals.

    Definition:
        r = sum_i a_i / sum_i b_i; the interval spans the alpha/2 and 1-alpha/2 quantiles of r over resamples of the
        clusters i with replacement, alpha that of `few_clusters_confidence` for the clusters with b_i > 0. Columns are
        resampled together, so that intervals of one call are comparable.
    Args:
        numerator: a, shape [num_clusters, m].
        denominator: b, shape [num_clusters, m], each column with a positive sum.
        rng: draws the resamples.
        confidence: 1 - alpha.
        num_resamples: resamples of the clusters.
    Returns:
        m intervals, n = num_clusters. Resamples whose denominator is 0 in a column are left out of that column.
    Raises:
        InputError: fewer than MIN_CLUSTERS clusters, or a column whose denominator sums to 0.
    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", percentile interval, chapter 13; Hesterberg
        2015 (1411.5279), expanded.
    Differs: resamples clusters (documents), not single observations.
    """
    num_clusters = numerator.shape[0]
    if num_clusters < MIN_CLUSTERS:
        raise few_clusters(num_clusters)
    if not (denominator.sum(axis=0) > 0).all():
        raise InputError("A ratio of sums needs a positive denominator.", next_step="Leave empty columns out.")
    weights = rng.multinomial(num_clusters, np.full(num_clusters, 1.0 / num_clusters), size=num_resamples)
    above, below = weights @ numerator, weights @ denominator
    num_carrying = (denominator > 0).sum(axis=0)
    intervals = []
    for column in range(numerator.shape[1]):
        usable = below[:, column] > 0
        resampled = above[usable, column] / below[usable, column]
        value = float(numerator[:, column].sum() / denominator[:, column].sum())
        low, high = _quantiles(resampled, confidence, int(num_carrying[column]))
        intervals.append(Interval(value, min(low, value), max(high, value), num_clusters))
    return intervals


def ratio_difference(
    first: tuple[Floats, Floats],
    second: tuple[Floats, Floats],
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    num_resamples: int = 2000,
) -> Interval:
    """The paired difference of two ratios of totals over the same clusters.

    Definition:
        sum a1 / sum b1 - sum a2 / sum b2, both ratios taken over the same resample; the interval as in `ratio_of_sums`
    Args:
        first: (a1, b1), each of shape [num_clusters].
        second: (a2, b2), over the same clusters in the same order.
        rng: draws the resamples.
        confidence: 1 - alpha.
        num_resamples: resamples of the clusters.
    Returns:
        the difference, n = num_clusters.
    Raises:
        InputError: fewer than MIN_CLUSTERS clusters.
    Source: Efron and Tibshirani 1993, chapter 13; Hesterberg 2015 (1411.5279).
    Differs: resamples clusters (documents), paired.
    """
    num_clusters = first[0].shape[0]
    if num_clusters < MIN_CLUSTERS:
        raise few_clusters(num_clusters)
    weights = rng.multinomial(num_clusters, np.full(num_clusters, 1.0 / num_clusters), size=num_resamples)
    below_first, below_second = weights @ first[1], weights @ second[1]
    usable = (below_first > 0) & (below_second > 0)
    resampled = (weights @ first[0])[usable] / below_first[usable]
    resampled = resampled - (weights @ second[0])[usable] / below_second[usable]
    value = float(first[0].sum() / first[1].sum() - second[0].sum() / second[1].sum())
    num_carrying = int(((first[1] > 0) & (second[1] > 0)).sum())
    low, high = _quantiles(resampled, confidence, num_carrying)
    return Interval(value, min(low, value), max(high, value), num_clusters)


def _quantiles(resampled: Floats, confidence: float, num_clusters: int) -> tuple[float, float]:
    """Of resamples, as far out as so few clusters need."""
    tail = (1.0 - few_clusters_confidence(confidence, max(num_clusters, 2))) / 2.0
    low, high = np.quantile(resampled, [tail, 1.0 - tail])
    return float(low), float(high)
