"""How two rates divide their sum: which of two situations brings something about more often, on a scale from 0 to 1."""

import math

from byheart.core.evidence import Interval
from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson


def share_of_sum(first: tuple[int, int], second: tuple[int, int], *, confidence: float = 0.95) -> Interval:
    """The part that one of two independent rates has in their sum.

    Definition:
        s = p1 / (p1 + p2) = 1/2 (1 + (p1 - p2) / (p1 + p2)). With l and u the Clopper-Pearson bounds of each rate and
        r = l1 (2 p1 - l1) / (p1 p2 + sqrt((p1 p2)^2 - l1 (2 p1 - l1) u2 (2 p2 - u2))), the lower bound of p1 / p2, the
        lower bound of s is r / (1 + r); its upper bound is 1 minus the lower bound of p2 / (p1 + p2)
    Args:
        first: (successes, n) of the rate whose part is asked for.
        second: (successes, n) of the other rate.
        confidence: of the interval.
    Returns:
        s with bounds in [0, 1], 1/2 where both rates are the same; n is the smaller sample.
    Raises:
        InputError: no success in either sample, so that the part is 0/0; or an argument outside its range.
    Source: Newcombe 2016, "MOVER-R confidence intervals for ratios and products of two independently estimated
        quantities", Statistical Methods in Medical Research 25.
    Differs: Clopper-Pearson bounds of each rate instead of Wilson's, which cover too rarely where a rate is nearly 0.
    """
    if not first[0] and not second[0]:
        raise InputError(
            "The part of a rate in a sum of 0 does not exist.",
            why=f"There are 0 successes in {first[1]} and in {second[1]} trials.",
            next_step="Return a Refusal with the number of trials needed.",
        )
    one, two = (clopper_pearson(*it, confidence=confidence) for it in (first, second))
    value = one.value / (one.value + two.value)
    low, high = _lower(one, two), 1 - _lower(two, one)
    return Interval(value, min(low, value), max(high, value), min(first[1], second[1]))


def _lower(one: Interval, two: Interval) -> float:
    """The lower bound of one / (one + two)."""
    if one.low == 0:
        return 0.0
    above, below = one.low * (2 * one.value - one.low), two.high * (2 * two.value - two.high)
    product = one.value * two.value
    # Written so that no bound of the second rate needs to be positive: `below` is negative where that rate is 0.
    ratio = above / (product + math.sqrt(product * product - above * below))
    return ratio / (1 + ratio)
