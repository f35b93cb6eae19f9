"""Estimates in the form that every claim must have: beside the same statistic on text that cannot have been seen."""

from scipy.special import stdtr, stdtrit

from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.stats.fisher import fisher_p_value
from byheart.stats.intervals import clopper_pearson, newcombe

MIN_TRIALS = 10
"""On each side, below which an excess is refused: Fisher's test claims nothing of 3 against 3, whatever comes out, and
of fewer than ten the bounds of Newcombe's interval are too far off to be printed."""


def excess_over_control(seen: tuple[int, int], unseen: tuple[int, int], *, confidence: float = 0.95) -> Interval | None:
    """By how much a rate is above its control, with an interval that leaves 0 out only where an exact test does.

    Definition:
        Newcombe's interval of k1/n1 - k2/n2; a bound on the far side of 0 is moved to 0 where Fisher's one-sided exact
        test of that direction has p > (1 - confidence) / 2
    Args:
        seen: (successes, trials) on text that the subject was trained on.
        unseen: (successes, trials) on text that it cannot have seen.
        confidence: 1 - alpha.
    Returns:
        the interval, or None with fewer than MIN_TRIALS trials on a side.
    Source: Newcombe 1998, method 10; Fisher 1935.
    Differs: Newcombe's interval is right on average only: of 100 trials against 5 it claims an excess between equal
        rates in up to 6.7 % of samples instead of 2.5 %.
    """
    if min(seen[1], unseen[1]) < MIN_TRIALS:
        return None
    it, most = newcombe(seen, unseen, confidence=confidence), (1.0 - confidence) / 2.0
    if it.low > 0 and fisher_p_value(seen, unseen) > most:
        return Interval(it.value, 0.0, it.high, it.n)
    if it.high < 0 and fisher_p_value(unseen, seen) > most:
        return Interval(it.value, it.low, 0.0, it.n)
    return it


def excess_cells(
    seen: tuple[int, int], unseen: tuple[int, int], *, confidence: float = 0.95
) -> tuple[float | None, float | None, float | None]:
    """`excess_over_control` as cells of a table: value and bounds, or three dashes."""
    it = excess_over_control(seen, unseen, confidence=confidence)
    return (None, None, None) if it is None else (it.value, it.low, it.high)


def rate_beside_control(
    name: str, seen: tuple[int, int], unseen: tuple[int, int], *, method: str, confidence: float = 0.95
) -> Estimate | Refusal:
    """A rate with its control and the excess of one over the other.

    Definition:
        value = k1/n1, control = k2/n2 with Clopper-Pearson bounds; excess = value - control by `excess_over_control`
    Args:
        name: dotted name of the estimate.
        seen: (successes, trials) on text that the subject was trained on.
        unseen: (successes, trials) on text that it cannot have seen.
        method: one sentence saying what a success is.
        confidence: coverage of each interval.
    Returns:
        the estimate, without an excess where a side has fewer than MIN_TRIALS trials, or a refusal when it has none.
    Source: protocols.md, rules 1 and 3.
    Differs: nothing.
    """
    if not seen[1] or not unseen[1]:
        return Refusal(name=name, reason=f"Needs observations on both sides; has {seen[1]} and {unseen[1]}.")
    rate = clopper_pearson(*seen, confidence=confidence)
    excess = excess_over_control(seen, unseen, confidence=confidence)
    too_few = f"An excess needs {MIN_TRIALS} observations on each side; there are {seen[1]} and {unseen[1]}."
    return Estimate(
        name=name,
        value=rate.value,
        unit="rate",
        low=rate.low,
        high=rate.high,
        confidence=confidence,
        n=seen[1],
        method=f"{method} Clopper-Pearson intervals; excess over the control with Newcombe's interval, which leaves 0 "
        "out only where Fisher's exact test does.",
        control=clopper_pearson(*unseen, confidence=confidence),
        excess=excess,
        no_excess=too_few if excess is None else None,
    )


def excess_p_value(it: Estimate) -> float | None:
    """The level at which the interval of an excess first reaches zero: its claim as a p-value, two-sided.

    Definition:
        of a rate with a control of n2 windows: the larger of twice Fisher's one-sided p and of the largest alpha in
        steps of bisection whose interval newcombe(seen, unseen, confidence = 1 - alpha) holds 0; of anything else
        2 T(-t |d| / |d - b|), d the excess (the value where there is no control), b its bound nearer to zero, T
        Student's distribution with the degrees of freedom that the interval has, else with one less than the smaller
        number of observations, t its quantile of that bound
    Args:
        it: an estimate whose excess, or which itself, is 0 where nothing is to be claimed.
    Returns:
        in [0, 1], at most 1 - confidence if and only if the interval leaves 0 out; None without an interval, and where
        the excess over a control is refused.
    Source: the duality of tests and intervals (Casella and Berger 2002, "Statistical Inference", section 9.2).
    Differs: of bootstrap and AUC intervals the distance to the bound is scaled as Student's distribution is; of few
        observations that is the larger p.
    """
    if it.excess is None and it.control is not None:
        return None
    if it.excess is None:
        difference, low, high = it.value, it.low, it.high
    else:
        difference, low, high = it.excess.value, it.excess.low, it.excess.high
    if low is None or high is None:
        return None
    if it.unit == "rate" and it.control is not None and it.control.n and _is_of_rates(it):
        seen, unseen = _counts(it)
        exact = fisher_p_value(seen, unseen) if difference > 0 else fisher_p_value(unseen, seen)
        return max(min(1.0, 2 * exact), _newcombe_p_value(seen, unseen))
    reach = difference - low if difference > 0 else high - difference
    if difference == 0:
        return 1.0
    if reach <= 0:
        return None
    freedom = _degrees_of_freedom(it)
    return float(2 * stdtr(freedom, -abs(difference) / reach * float(stdtrit(freedom, 0.5 + it.confidence / 2))))


def _counts(it: Estimate) -> tuple[tuple[int, int], tuple[int, int]]:
    assert it.control is not None
    assert it.control.n is not None
    return (round(it.value * it.n), it.n), (round(it.control.value * it.control.n), it.control.n)


def _is_of_rates(it: Estimate) -> bool:
    """Whether the interval of the excess is that of two rates of independent observations, not of few repetitions."""
    own = excess_over_control(*_counts(it), confidence=it.confidence)
    assert it.excess is not None
    return own is not None and max(abs(own.low - it.excess.low), abs(own.high - it.excess.high)) < 1e-9


def _degrees_of_freedom(it: Estimate) -> float:
    known = None if it.excess is None else it.excess.degrees_of_freedom
    if known is not None:
        return known
    numbers = [it.n, *(side.n for side in (it.control, it.excess) if side is not None and side.n is not None)]
    return max(min(numbers) - 1, 1)


def _newcombe_p_value(seen: tuple[int, int], unseen: tuple[int, int]) -> float:
    holds_zero, leaves_it_out = 0.0, 1.0  # levels; an interval of level 1 is a point
    while leaves_it_out - holds_zero > 1e-12:
        level = (holds_zero + leaves_it_out) / 2
        it = newcombe(seen, unseen, confidence=1 - level)
        if it.low <= 0 <= it.high:
            holds_zero = level
        else:
            leaves_it_out = level
    return leaves_it_out
