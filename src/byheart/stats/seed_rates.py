"""Rates of networks that were trained again with other seeds: cases are many, seeds are few, and both vary."""

from collections.abc import Sequence

from byheart.core.evidence import Interval
from byheart.stats.intervals import clopper_pearson, mean_of_few, newcombe

LEAST_SEEDS = 3
"""Repetitions from which on the spread between them is in the interval: Student's t of two is 12.7 wide."""


def rate_over_seeds(successes: Sequence[int], sizes: Sequence[int], *, confidence: float = 0.95) -> Interval:
    """The rate over all cases of all seeds, with an interval for other cases and, from three seeds on, other seeds.

    Definition:
        p = sum_i k_i / sum_i n_i; bounds: those of Clopper and Pearson over all cases, widened to those of Student's t
        over the rates k_i / n_i where there are three seeds or more; within [0, 1]
    Args:
        successes: k, one number a seed.
        sizes: n, cases of each seed, >= 1.
        confidence: coverage of each of the two.
    Returns:
        the rate; n = all cases.
    Source: Clopper and Pearson 1934; Student 1908.
    Differs: the wider of the two at either end. So seeds that agree to the last case still leave a width, and of two
        seeds nothing is said about a third.
    """
    exact = clopper_pearson(sum(successes), sum(sizes), confidence=confidence)
    if len(sizes) < LEAST_SEEDS:
        return exact
    spread = mean_of_few([k / n for k, n in zip(successes, sizes, strict=True)], confidence=confidence)
    return Interval(exact.value, max(min(exact.low, spread.low), 0.0), min(max(exact.high, spread.high), 1.0), exact.n)


def difference_over_seeds(
    first: Sequence[int], second: Sequence[int], sizes: Sequence[int], *, confidence: float = 0.95
) -> Interval:
    """How much larger the first rate is, of two that were asked the same cases.

    Definition:
        as `rate_over_seeds`, with Newcombe's bounds over all cases and Student's t over the differences of each seed
    Args:
        first: right answers of one, one number a seed.
        second: of the other, on the same cases.
        sizes: cases of each seed.
        confidence: coverage of each of the two.
    Source: Newcombe 1998, method 10; Student 1908.
    Differs: Newcombe's rates are independent, these share their cases: where both find the same cases easy, the
        interval is wider than it need be.
    """
    found = newcombe((sum(first), sum(sizes)), (sum(second), sum(sizes)), confidence=confidence)
    if len(sizes) < LEAST_SEEDS:
        return found
    gains = [(a - b) / n for a, b, n in zip(first, second, sizes, strict=True)]
    spread = mean_of_few(gains, confidence=confidence)
    return Interval(found.value, max(min(found.low, spread.low), -1.0), min(max(found.high, spread.high), 1.0), found.n)
