"""Differences of two measurements: paired where both are of the same cases, else of two intervals."""

import math

from scipy.special import bdtr, stdtrit

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson
from byheart.stats.roc import MIN_SIDE, placements
from byheart.stats.seed_rates import newcombe_paired

MIN_PAIRS = 10
"""Cases below which a paired difference of rates is refused: of five that all change one way McNemar's test says 0.06,
and the bounds of so few are too far off to be printed."""


def mcnemar_p_value(first_alone: int, second_alone: int) -> float:
    """How often coins that fall either way give so lopsided a split of the cases that changed.

    Definition:
        min(1, 2 P(K <= min(b, c))), K ~ Binomial(b + c, 1/2)
    Args:
        first_alone: b, cases with a success in the first measurement alone.
        second_alone: c, in the second alone.
    Returns:
        two-sided p-value; 1 where none changed.
    Source: McNemar 1947; exact by the binomial distribution (Agresti 2013, "Categorical Data Analysis", 11.1.1).
    Differs: nothing.
    """
    changed = first_alone + second_alone
    return min(1.0, 2.0 * float(bdtr(min(first_alone, second_alone), changed, 0.5))) if changed else 1.0


def paired_rate_difference(first: int, second: int, both: int, n: int, *, confidence: float = 0.95) -> Interval:
    """How much larger the second of two rates over the same cases is, by an interval that agrees with the exact test.

    Definition:
        Newcombe's interval of p2 - p1; a bound on the far side of 0 is moved to 0 where McNemar's exact test has
        p > 1 - confidence. Where no case changed, give or take 1 - (alpha/2)^(1/n): so many could still have changed.
    Args:
        first: successes of the first.
        second: of the second.
        both: cases with a success in both.
        n: all cases, >= MIN_PAIRS.
        confidence: 1 - alpha.
    Returns:
        the difference with bounds in [-1, 1].
    Raises:
        InputError: fewer than MIN_PAIRS cases, or counts that cannot be.
    Source: Newcombe 1998, paired data, method 10; McNemar 1947; Clopper and Pearson 1934.
    Differs: an interval that leaves 0 out where the exact test claims nothing is widened to 0.
    """
    if n < MIN_PAIRS:
        raise InputError(
            f"A paired difference of rates needs {MIN_PAIRS} cases that both measured.",
            why=f"There are {n}.",
            next_step="Run both with a larger profile on the same texts.",
        )
    it = newcombe_paired(second, first, both, n, confidence=confidence)
    if first == second == both:
        reach = clopper_pearson(0, n, confidence=confidence).high
        return Interval(0.0, -reach, reach, n)
    if mcnemar_p_value(first - both, second - both) > 1.0 - confidence:
        return Interval(it.value, min(it.low, 0.0), max(it.high, 0.0), n)
    return it


def paired_rate_p_value(first: int, second: int, both: int, n: int) -> float:
    """The level at which `paired_rate_difference` first leaves 0 out.

    Definition:
        the larger of McNemar's exact p and of the largest alpha, found by bisection, whose Newcombe interval holds 0
    Args:
        first: successes of the first.
        second: of the second.
        both: cases with a success in both.
        n: all cases.
    Returns:
        two-sided, in [0, 1].
    Source: the duality of tests and intervals (Casella and Berger 2002, "Statistical Inference", section 9.2).
    Differs: nothing.
    """
    exact = mcnemar_p_value(first - both, second - both)
    holds_zero, leaves_it_out = 0.0, 1.0
    while first != second and leaves_it_out - holds_zero > 1e-9:
        level = (holds_zero + leaves_it_out) / 2
        it = newcombe_paired(second, first, both, n, confidence=1 - level)
        if it.low <= 0 <= it.high:
            holds_zero = level
        else:
            leaves_it_out = level
    return max(exact, leaves_it_out)


def difference_of_intervals(first: Interval, second: Interval, n: int) -> Interval:
    """How much larger the second of two independent estimates is, from their intervals alone.

    Definition:
        d = b - a; low = d - sqrt((b - l_b)^2 + (u_a - a)^2), high = d + sqrt((u_b - b)^2 + (a - l_a)^2)
    Args:
        first: a with its bounds.
        second: b with bounds of the same confidence.
        n: observations of the smaller sample.
    Returns:
        the difference. Where both are measured on the same texts and agree from text to text, it is too wide, never too
        narrow.
    Source: Zou and Donner 2008, "Construction of confidence limits about effect measures: a general approach" (MOVER);
        of Wilson's intervals it is Newcombe's.
    Differs: nothing.
    """
    difference = second.value - first.value
    low = difference - math.hypot(second.value - second.low, first.high - first.value)
    high = difference + math.hypot(second.high - second.value, first.value - first.low)
    return Interval(difference, low, high, n)


def paired_area_difference(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], *, confidence: float = 0.95
) -> Interval:
    """How much larger the second of two areas under the ROC curve is, both of the same positives and negatives.

    Definition:
        A2 - A1 -+ t s, s^2 = var(v2 - v1) / m + var(w2 - w1) / n, v the share of negatives below each positive, w that
        of positives above each negative; t Student's with Satterthwaite's degrees of freedom. Where nothing varies, as
        for two perfect separations, give or take 1 - (alpha/2)^(1/min(m, n)).
    Args:
        first: scores of the m positives and of the n negatives by the first.
        second: of the same, in the same order, by the second.
        confidence: 1 - alpha.
    Returns:
        the difference with bounds in [-1, 1]; n = m + n.
    Raises:
        InputError: fewer than MIN_SIDE on a side.
    Source: DeLong, DeLong and Clarke-Pearson 1988, paired areas.
    Differs: Student's quantile in place of the normal one.
    """
    m, n = first[0].size, first[1].size
    if min(m, n) < MIN_SIDE or (m, n) != (second[0].size, second[1].size):
        raise InputError(
            f"A difference of areas needs at least {MIN_SIDE} shared texts on each side.", why=f"There are {m} and {n}."
        )
    v = placements(*second) - placements(*first)
    w = placements(first[1], first[0]) - placements(second[1], second[0])
    value = float(v.mean())
    parts = float(v.var(ddof=1)) / m, float(w.var(ddof=1)) / n
    variance = sum(parts)
    if variance < 1e-18:
        half = 1.0 - ((1.0 - confidence) / 2.0) ** (1.0 / min(m, n))
    else:
        freedom = variance**2 / (parts[0] ** 2 / (m - 1) + parts[1] ** 2 / (n - 1))
        half = float(stdtrit(freedom, 0.5 + confidence / 2.0)) * math.sqrt(variance)
    return Interval(value, max(-1.0, value - half), min(1.0, value + half), m + n)
