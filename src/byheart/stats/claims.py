"""Estimates in the form that every claim must have: beside the same statistic on text that cannot have been seen."""

from scipy.special import ndtr, ndtri

from byheart.core.evidence import Estimate, Refusal
from byheart.stats.intervals import clopper_pearson, newcombe


def rate_beside_control(
    name: str, seen: tuple[int, int], unseen: tuple[int, int], *, method: str, confidence: float = 0.95
) -> Estimate | Refusal:
    """A rate with its control and the excess of one over the other.

    Definition:
        value = k1/n1, control = k2/n2 with Clopper-Pearson bounds; excess = value - control with Newcombe's bounds
    Args:
        name: dotted name of the estimate.
        seen: (successes, trials) on text that the subject was trained on.
        unseen: (successes, trials) on text that it cannot have seen.
        method: one sentence saying what a success is.
        confidence: coverage of each interval.
    Returns:
        the estimate, or a refusal when one side has no trial.
    Source: protocols.md, rules 1 and 3.
    Differs: nothing.
    """
    if not seen[1] or not unseen[1]:
        return Refusal(name=name, reason=f"Needs observations on both sides; has {seen[1]} and {unseen[1]}.")
    rate = clopper_pearson(*seen, confidence=confidence)
    return Estimate(
        name=name,
        value=rate.value,
        unit="rate",
        low=rate.low,
        high=rate.high,
        confidence=confidence,
        n=seen[1],
        method=f"{method} Clopper-Pearson intervals; excess over the control with Newcombe's interval.",
        control=clopper_pearson(*unseen, confidence=confidence),
        excess=newcombe(seen, unseen, confidence=confidence),
    )


def excess_p_value(it: Estimate) -> float | None:
    """The level at which the interval of an excess first reaches zero: its claim as a p-value, two-sided.

    Definition:
        of a rate with a control of n2 windows: the largest alpha in steps of bisection whose interval
        newcombe(seen, unseen, confidence = 1 - alpha) holds 0; of anything else 2 Phi(-z |d| / |d - b|), d the excess
        (the value where there is none), b its bound nearer to zero, z the normal quantile of that bound
    Args:
        it: an estimate whose excess, or which itself, is 0 where nothing is to be claimed.
    Returns:
        in [0, 1], at most 1 - confidence if and only if the interval leaves 0 out; None without an interval.
    Source: the duality of tests and intervals (Casella and Berger 2002, "Statistical Inference", section 9.2).
    Differs: of bootstrap and AUC intervals the distance to the bound is scaled as a normal distribution's.
    """
    if it.excess is None:
        difference, low, high = it.value, it.low, it.high
    else:
        difference, low, high = it.excess.value, it.excess.low, it.excess.high
    if low is None or high is None:
        return None
    if it.unit == "rate" and it.control is not None and it.control.n:
        seen = round(it.value * it.n), it.n
        return _newcombe_p_value(seen, (round(it.control.value * it.control.n), it.control.n))
    reach = difference - low if difference > 0 else high - difference
    if difference == 0:
        return 1.0
    if reach <= 0:
        return None
    return float(2 * ndtr(-abs(difference) / reach * float(ndtri(0.5 + it.confidence / 2))))


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
