"""Intervals for rates and for differences of rates, exact where exactness is to be had."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from byheart.core.evidence import Interval
from byheart.errors import InputError


def _check(successes: int, n: int, confidence: float) -> None:
    if n < 1 or not 0 <= successes <= n or not 0 < confidence < 1:
        raise InputError(
            "A rate needs 0 <= successes <= n, n >= 1 and a confidence in (0, 1).",
            why=f"Got {successes} of {n} at confidence {confidence}.",
            next_step="Return a Refusal when there is no observation.",
        )


def clopper_pearson(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """A rate with its exact interval.

    Definition:
        low = Beta(alpha/2; k, n-k+1), 0 when k = 0; high = Beta(1-alpha/2; k+1, n-k), 1 when k = n;
        so 0 of n has the upper bound 1 - (alpha/2)^(1/n)
    Args:
        successes: k, in [0, n].
        n: independent trials, >= 1.
        confidence: 1 - alpha.
    Returns:
        k/n with bounds in [0, 1] that cover at least at the stated confidence for every true rate.
    Raises:
        InputError: an argument outside its range.
    Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the
        case of the binomial".
    Differs: nothing.
    """
    _check(successes, n, confidence)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1.0 - tail))
    return Interval(successes / n, low, high, n)


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """A rate with its score interval: narrower than the exact one, with coverage right on average.

    Definition:
        (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), z the normal quantile of 1 - alpha/2
    Args:
        successes: k, in [0, n].
        n: independent trials, >= 1.
        confidence: 1 - alpha.
    Returns:
        k/n with bounds in [0, 1].
    Raises:
        InputError: an argument outside its range.
    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    Differs: nothing.
    """
    _check(successes, n, confidence)
    rate, z = successes / n, float(ndtri(0.5 + confidence / 2.0))
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(rate, low, high, n)


def newcombe(first: tuple[int, int], second: tuple[int, int], *, confidence: float = 0.95) -> Interval:
    """The difference of two independent rates.

    Definition:
        d = p1 - p2; low = d - sqrt((p1-l1)^2 + (u2-p2)^2), high = d + sqrt((u1-p1)^2 + (p2-l2)^2),
        l and u the Wilson bounds of each rate
    Args:
        first: (successes, n) of the minuend.
        second: (successes, n) of the subtrahend.
        confidence: 1 - alpha.
    Returns:
        the difference with bounds in [-1, 1]; n is the smaller sample.
    Raises:
        InputError: an argument outside its range.
    Source: Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10.
    Differs: nothing.
    """
    one, two = wilson(*first, confidence=confidence), wilson(*second, confidence=confidence)
    difference = one.value - two.value
    low = difference - math.hypot(one.value - one.low, two.high - two.value)
    high = difference + math.hypot(one.high - one.value, two.value - two.low)
    return Interval(difference, max(-1.0, low), min(1.0, high), min(first[1], second[1]))


def mean_of_few(values: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """The mean of a few independent repetitions, for example of a training with other seeds.

    Definition:
        mean -+ t s / sqrt(n), s the standard deviation with n - 1, t the quantile 1 - alpha/2 of Student's t with n - 1
        degrees of freedom: 12.7 for two repetitions, 2.8 for five
    Args:
        values: one number per repetition, at least two.
        confidence: 1 - alpha.
    Returns:
        the mean with its bounds.
    Raises:
        InputError: fewer than two values.
    Source: Student 1908, "The probable error of a mean".
    Differs: nothing; exact for normal repetitions only.
    """
    if len(values) < 2:
        raise InputError(
            "An interval over repetitions needs at least 2 of them.",
            why=f"Got {len(values)}.",
            next_step="Repeat it with other seeds.",
        )
    found = np.asarray(values, dtype=np.float64)
    half = float(stdtrit(found.size - 1, 0.5 + confidence / 2.0) * found.std(ddof=1) / math.sqrt(found.size))
    mean = float(found.mean())
    return Interval(mean, mean - half, mean + half, found.size, found.size - 1)


def difference_of_means(first: Sequence[float], second: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """The difference of the means of two independent samples.

    Definition:
        m1 - m2 -+ t sqrt(s1^2/n1 + s2^2/n2), t the quantile 1 - alpha/2 of Student's t with Welch and Satterthwaite's
        degrees of freedom
    Args:
        first: one number per independent observation, at least two.
        second: likewise.
        confidence: 1 - alpha.
    Returns:
        the difference; n is the smaller sample.
    Raises:
        InputError: fewer than two observations on a side.
    Source: Welch 1947, "The generalization of 'Student's' problem when several different population variances are
        involved".
    Differs: nothing; a width of 0 where neither sample varies.
    """
    if min(len(first), len(second)) < 2:
        raise InputError(
            "A difference of means needs at least 2 observations on each side.",
            why=f"Got {len(first)} and {len(second)}.",
            next_step="Give more documents.",
        )
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    shares = one.var(ddof=1) / one.size, two.var(ddof=1) / two.size
    variance, difference = sum(shares), float(one.mean() - two.mean())
    half = 0.0
    if variance > 0:
        freedom = variance**2 / (shares[0] ** 2 / (one.size - 1) + shares[1] ** 2 / (two.size - 1))
        half = float(stdtrit(freedom, 0.5 + confidence / 2.0) * math.sqrt(variance))
    return Interval(difference, difference - half, difference + half, min(one.size, two.size))
