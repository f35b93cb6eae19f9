"""Rates of networks that were trained again with other seeds: cases are many, seeds are few, and both vary."""

import math
from collections.abc import Sequence

from byheart.core.evidence import Interval
from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson, mean_of_few, newcombe, wilson

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
    first: Sequence[int],
    second: Sequence[int],
    sizes: Sequence[int],
    *,
    both: Sequence[int] | None = None,
    confidence: float = 0.95,
) -> Interval:
    """How much larger the first rate is, of two that were asked the same cases.

    Definition:
        as `rate_over_seeds`, with Newcombe's bounds for paired rates over all cases (`newcombe_paired`) and Student's t
        over the differences of each seed
    Args:
        first: right answers of one, one number a seed.
        second: of the other, on the same cases.
        sizes: cases of each seed.
        both: cases that both answer rightly, one number a seed; without it the rates are taken for independent.
        confidence: coverage of each of the two.
    Source: Newcombe 1998, paired data, method 10; Student 1908.
    Differs: without `both` Newcombe's rates are independent: where one is right on the very cases on which the other is
        wrong, that interval is too narrow (it misses a difference of 0 in one of six), so give it where it is known.
    """
    if both is None:
        found = newcombe((sum(first), sum(sizes)), (sum(second), sum(sizes)), confidence=confidence)
    else:
        found = newcombe_paired(sum(first), sum(second), sum(both), sum(sizes), confidence=confidence)
    if len(sizes) < LEAST_SEEDS:
        return found
    gains = [(a - b) / n for a, b, n in zip(first, second, sizes, strict=True)]
    spread = mean_of_few(gains, confidence=confidence)
    is_wider = spread.low < found.low or spread.high > found.high
    return Interval(
        found.value,
        max(min(found.low, spread.low), -1.0),
        min(max(found.high, spread.high), 1.0),
        found.n,
        spread.degrees_of_freedom if is_wider else None,
    )


def newcombe_paired(first: int, second: int, both: int, n: int, *, confidence: float = 0.95) -> Interval:
    """The difference of two rates on the same n cases.

    Definition:
        a = both right, b = first alone, c = second alone, d = neither; p1 = (a + b) / n, p2 = (a + c) / n;
        low = p1 - p2 - sqrt(x^2 - 2 phi x y + y^2) with x = p1 - l1, y = u2 - p2, high likewise with u1 - p1, p2 - l2;
        phi = A / sqrt((a + b)(c + d)(a + c)(b + d)), A = ad - bc, or where that is positive max(ad - bc - n/2, 0);
        0 where a margin is 0; l, u the Wilson bounds of each rate
    Args:
        first: cases on which the first is right.
        second: on which the second is.
        both: on which both are.
        n: all cases.
        confidence: 1 - alpha.
    Source: Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on
        paired data", method 10.
    Differs: nothing.
    """
    alone, other, neither = first - both, second - both, n - first - second + both
    if min(both, alone, other, neither) < 0:
        raise InputError(
            "Both can be right on no more cases than either, and all on no more than there are.",
            why=f"first={first}, second={second}, both={both}, n={n}.",
        )
    one, two = wilson(first, n, confidence=confidence), wilson(second, n, confidence=confidence)
    margins = first * (n - first) * second * (n - second)
    product = both * neither - alone * other
    phi = (max(product - n / 2, 0.0) if product > 0 else product) / math.sqrt(margins) if margins else 0.0

    def half(x: float, y: float) -> float:
        return math.sqrt(max(x * x - 2.0 * phi * x * y + y * y, 0.0))

    difference = one.value - two.value
    low = difference - half(one.value - one.low, two.high - two.value)
    high = difference + half(one.high - one.value, two.value - two.low)
    return Interval(difference, max(-1.0, low), min(1.0, high), n)
