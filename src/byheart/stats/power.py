"""The smallest effect that a sample of a given size finds most of the time, by the very rule that decides the claim."""

import functools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, bdtrc, betaincinv, logit, ndtri, stdtrit
from scipy.stats import binom

from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.claims import MIN_TRIALS
from byheart.stats.fisher import fisher_p_values
from byheart.stats.roc import MIN_SIDE

POWER = 0.8
"""How often the smallest effect is to be found."""
_STEPS = 40
"""Halvings of the interval that an effect is searched in: it is then known to 1e-12."""


def _least(found: Callable[[float], float], low: float, high: float, power: float) -> float | None:
    """The smallest effect in [low, high] that is found so often, where more is found more often; None where none is."""
    if found(high) < power:
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return high


def _wilson_bounds(n: int, confidence: float) -> tuple[Floats, Floats, Floats]:
    """Rates of 0, 1, ..., n of n, and their Wilson bounds (`intervals.wilson`), shape [n + 1] each."""
    rates, z = np.arange(n + 1) / n, float(ndtri(0.5 + confidence / 2))
    centre = (rates + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(rates * (1 - rates) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low, high = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    low[0], high[-1] = 0.0, 1.0
    return rates, low, high


@functools.lru_cache(maxsize=64)
def _most_unseen(num_seen: int, num_unseen: int, confidence: float) -> npt.NDArray[np.int64]:
    """For each number of successes among the seen, the most among the unseen beside which the excess is above 0."""
    rate, low, _ = _wilson_bounds(num_seen, confidence)
    control, _, high = _wilson_bounds(num_unseen, confidence)
    if min(num_seen, num_unseen) < MIN_TRIALS:
        return np.full(num_seen + 1, -1, dtype=np.int64)
    is_claimed = (rate[:, None] - control) > np.hypot((rate - low)[:, None], high - control)
    is_claimed &= fisher_p_values(num_seen, num_unseen) <= (1.0 - confidence) / 2.0
    return is_claimed.sum(axis=1) - 1  # the more unseen successes, the less is claimed


def excess_power(rate: float, control_rate: float, num_seen: int, num_unseen: int, confidence: float = 0.95) -> float:
    """How often the excess of a rate over its control is claimed: how often its lower bound is above 0.

    Definition:
        sum over k, l of Binomial(k; n1, p1) Binomial(l; n2, p2) [excess_over_control((k, n1), (l, n2)).low > 0]
    Args:
        rate: p1, true rate on text that was trained on.
        control_rate: p2, true rate on text that was not.
        num_seen: n1, windows of the one.
        num_unseen: n2, windows of the other.
        confidence: of the interval.
    Returns:
        a probability, exact; at equal rates the false claims, at most (1 - confidence) / 2.
    Cost: num_seen * num_unseen operations once, then num_seen.
    Source: the rule of stats/claims.py; the sum is over every outcome.
    Differs: nothing.
    """
    most = _most_unseen(num_seen, num_unseen, confidence)
    weights = binom.pmf(np.arange(num_seen + 1), num_seen, rate)
    return float(weights @ np.where(most >= 0, bdtr(np.maximum(most, 0), num_unseen, control_rate), 0.0))


def smallest_rate(
    control_rate: float, num_seen: int, num_unseen: int, *, confidence: float = 0.95, power: float = POWER
) -> float | None:
    """The smallest rate whose excess over a control rate is claimed with the given power.

    Args:
        control_rate: true rate on text that was not trained on, in [0, 1).
        num_seen: windows of text that was trained on, >= 1.
        num_unseen: windows of the other, >= 1.
        confidence: of the interval of the excess.
        power: how often it is to be claimed.
    Returns:
        a rate, or None where even 1 is claimed less often.
    Raises:
        InputError: an argument outside its range.
    Source: `excess_power`, by bisection.
    Differs: nothing.
    """
    if min(num_seen, num_unseen) < 1 or not 0 <= control_rate < 1:
        raise InputError(
            "Power needs windows on both sides and a control rate in [0, 1).",
            why=f"Got {num_seen} and {num_unseen} windows and a control rate of {control_rate}.",
        )
    return _least(
        lambda rate: excess_power(rate, control_rate, num_seen, num_unseen, confidence), control_rate, 1.0, power
    )


def smallest_area(num_seen: int, num_unseen: int, *, confidence: float = 0.95, power: float = POWER) -> float | None:
    """The smallest area under the ROC curve whose interval is above 1/2 with the given power.

    Definition:
        the least A with A - z s(A) >= A*, where A* is the least area that is claimed: logit(A*) >= t s(A*) / (A* (1 -
        A*)); t the Student quantile of 1 - alpha/2 with m + n - 2 degrees of freedom, z the normal quantile of the
        power, s(A)^2 = (A (1 - A) + (m - 1)(A / (2 - A) - A^2) + (n - 1)(2 A^2 / (1 + A) - A^2)) / (m n)
    Args:
        num_seen: m, documents that were trained on.
        num_unseen: n, documents that were not.
        confidence: of the interval of `roc.auc`.
        power: how often it is to be above 1/2.
    Returns:
        an area, rounded up to 0.001; None where the sample carries no interval, or none that is above 1/2 so often.
    Source: Hanley and McNeil 1982, "The meaning and use of the area under a receiver operating characteristic curve",
        the variance for exponential scores.
    Differs: claimed on the logit, as `roc.auc` has it. Of normal scores the stated area is claimed in 77 to 82 % of
        simulated studies (tests/stats/test_power.py).
    """
    m, n = num_seen, num_unseen
    if min(m, n) < MIN_SIDE:
        return None
    area = np.arange(501, 1000) / 1000
    square = area * area
    variance = area * (1 - area) + (m - 1) * (area / (2 - area) - square) + (n - 1) * (2 * square / (1 + area) - square)
    error = np.sqrt(variance / (m * n))
    is_claimed = logit(area) >= float(stdtrit(m + n - 2, 0.5 + confidence / 2)) * error / (area * (1 - area))
    if not is_claimed.any():
        return None
    is_found = area - float(ndtri(power)) * error >= area[is_claimed.argmax()]
    return float(area[is_found.argmax()]) if is_found.any() else None


def smallest_shift(num_pairs: int, *, confidence: float = 0.95, power: float = POWER) -> float | None:
    """The smallest mean of paired differences that is told from 0 with the given power, in their standard deviations.

    Definition:
        (t + z) / sqrt(n), t the Student quantile of 1 - alpha/2 with n - 1 degrees of freedom, z the normal quantile
        of the power
    Args:
        num_pairs: n, documents or pairs.
        confidence: of the interval.
        power: how often it is to leave 0 out.
    Returns:
        standard deviations of one difference; None of fewer than two pairs.
    Source: the paired t test's power by the normal approximation (Cohen 1988, "Statistical Power Analysis", 2.3.4).
    Differs: the audits' intervals are percentile bootstraps widened for few documents, about as wide as Student's.
    """
    if num_pairs < 2:
        return None
    return (float(stdtrit(num_pairs - 1, 0.5 + confidence / 2)) + float(ndtri(power))) / math.sqrt(num_pairs)


def shift_of_interval(low: float, high: float, *, confidence: float = 0.95, power: float = POWER) -> float:
    """The smallest effect that an interval of this width leaves 0 out for with the given power.

    Definition:
        (z_a + z_b) (high - low) / (2 z_a), z_a the normal quantile of 1 - alpha/2, z_b that of the power
    Args:
        low: lower bound.
        high: upper bound.
        confidence: of the interval.
        power: how often 0 is to be left out.
    Returns:
        in the interval's unit. It depends on the width alone, never on where the interval lies.
    Source: Bloom 1995, "Minimum detectable effects: a simple way to report the statistical power of experimental
        designs".
    Differs: nothing.
    """
    z = float(ndtri(0.5 + confidence / 2))
    return (z + float(ndtri(power))) * (high - low) / (2 * z)


def smallest_guess_rate(num_pairs: int, *, confidence: float = 0.95, power: float = POWER) -> float | None:
    """The smallest rate of right guesses of coins whose Clopper-Pearson bound is above 1/2 with the given power.

    Args:
        num_pairs: coins, >= 1.
        confidence: of the interval.
        power: how often its lower bound is to be above 1/2.
    Returns:
        a rate in (1/2, 1], or None where even 1 is not claimed: of fewer than 6 coins at 95 %.
    Source: Clopper and Pearson 1934; the power is a binomial tail.
    Differs: nothing.
    """
    right = np.arange(1, num_pairs + 1)
    enough = np.flatnonzero(betaincinv(right, num_pairs - right + 1, (1 - confidence) / 2) > 0.5)
    if not enough.size:
        return None
    least = int(right[enough[0]])
    return _least(lambda rate: float(bdtrc(least - 1, num_pairs, rate)), 0.5, 1.0, power)
