"""How well one number tells two samples apart: the ROC curve, its area, its height at a small false positive rate."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr, expit, logit, stdtrit

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson

MIN_SIDE = 10
"""Fewer observations on a side cannot carry an interval of an area: its variance would rest on next to nothing."""
_THRESHOLD_SHARE = 0.8
"""Of the error that an interval of a true positive rate may make, the share spent on the unknown threshold: with 400
controls that leaves a lower bound above 0 at 1 %."""


def placements(positives: Floats, negatives: Floats) -> Floats:
    """For each positive the share of negatives that it exceeds, ties counted by half.

    Args:
        positives: scores, shape [num_positives].
        negatives: scores, shape [num_negatives >= 1].
    Returns:
        shares in [0, 1], shape [num_positives]; their mean is the area under the ROC curve.
    Source: DeLong, DeLong and Clarke-Pearson 1988, "Comparing the areas under two or more correlated receiver operating
        characteristic curves", structural components.
    Differs: nothing.
    """
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, side="left")
    not_above = np.searchsorted(ordered, positives, side="right")
    return (below + not_above) / (2.0 * ordered.size)


def area_interval(positive_shares: Floats, negative_shares: Floats, *, confidence: float = 0.95) -> Interval:
    """An area under the ROC curve with its interval, from the placements of both sides.

    Definition:
        A = mean of v over positives; s^2 = var(v)/m + var(w)/n; logit(A) -+ t s / (A (1 - A)), t the Student quantile
        with Satterthwaite's degrees of freedom (m - 1 and n - 1 behind the two terms). Where both variances are 0
        (perfect separation, or nothing but ties), k = min(m, n) disjoint pairs are k trials without a failure: with
        u = 1 - (alpha/2)^(1/k) the interval is [1 - u, 1], [0, u] or [1/2 - u/2, 1/2 + u/2].
    Args:
        positive_shares: v, shape [m]: for each positive the share of negatives below it.
        negative_shares: w, shape [n]: for each negative the share of positives above it.
        confidence: 1 - alpha.
    Returns:
        A with bounds in [0, 1]; n = m + n observations.
    Raises:
        InputError: fewer than MIN_SIDE on a side.
    Source: DeLong et al. 1988, variance; Brunner and Munzel 2000, "The nonparametric Behrens-Fisher problem", the
        Student quantile; Pepe 2003, "The Statistical Evaluation of Medical Tests", 5.2.4, the logit.
    Differs: DeLong's own interval is A -+ z s, which covers 81 % instead of 95 % at A = 0.98 with 100 and 20
        observations (this one 93 %), and has no width at perfect separation.
    """
    m, n = positive_shares.size, negative_shares.size
    if min(m, n) < MIN_SIDE:
        raise InputError(
            f"An interval of an area needs at least {MIN_SIDE} observations on each side.",
            why=f"Got {m} and {n}.",
            next_step="Return a Refusal with the number needed.",
        )
    value, tail = float(positive_shares.mean()), (1.0 - confidence) / 2.0
    parts = float(positive_shares.var(ddof=1)) / m, float(negative_shares.var(ddof=1)) / n
    variance = sum(parts)
    if variance < 1e-18:  # equal shares differ by rounding only
        reach = 1.0 - tail ** (1.0 / min(m, n))
        return Interval(value, value - _room(value) * reach, value + _room(1.0 - value) * reach, m + n)
    freedom = variance**2 / (parts[0] ** 2 / (m - 1) + parts[1] ** 2 / (n - 1))
    half = float(stdtrit(freedom, 1.0 - tail)) * math.sqrt(variance) / (value * (1.0 - value))
    centre = float(logit(value))
    return Interval(value, float(expit(centre - half)), float(expit(centre + half)), m + n)


def _room(value: float) -> float:
    """How far an area of 0, 1/2 or 1 can fall when every pair could fail."""
    return round(2.0 * value) / 2.0


def auc(positives: Floats, negatives: Floats, *, confidence: float = 0.95) -> Interval:
    """The area under the ROC curve: the chance that a positive outscores a negative, ties counted by half.

    Args:
        positives: scores of independent observations, shape [m >= MIN_SIDE].
        negatives: likewise, shape [n >= MIN_SIDE].
        confidence: 1 - alpha.
    Returns:
        the area with the interval of `area_interval`. It is too narrow where the area is near 1 and one side much
        smaller than the other, since the variance is then that of a few placements: of normal scores 95 % intervals
        covered 0.97 in 85 % of samples of 400 and 10, 0.98 in 89 % of 400 and 20, 92 % of 400 and 40, 95 % of 40 and
        40, and the worst seen was 86 % at 0.99 with 2,000 and 40. Most of the misses have the lower bound too high: an
        area near 1 may be overstated by that, which bears on no claim about 1/2.
    Raises:
        InputError: fewer than MIN_SIDE on a side.
    Cost: sorting both sides.
    Source: Hanley and McNeil 1982, "The meaning and use of the area under a receiver operating characteristic curve".
    Differs: nothing.
    """
    above = placements(positives, negatives)
    return area_interval(above, 1.0 - placements(negatives, positives), confidence=confidence)


def controls_needed(false_positive_rate: float) -> int:
    """Fewest controls of which a rule can be wrong on exactly that share: 100 at 1 %, 1,000 at 0.1 %.

    Args:
        false_positive_rate: in (0, 1].
    """
    return math.ceil(1.0 / false_positive_rate - 1e-9)


def tpr_at_fpr(members: Floats, controls: Floats, false_positive_rate: float, *, confidence: float = 0.95) -> Interval:
    """The share of members above the threshold that so small a share of controls exceeds.

    Definition:
        value: the share of members above the k-th largest of n controls, k = floor(rate * (n + 1)): a member that is
        like a control is above it with probability k / (n + 1), which is at most the rate and more than half of it. The
        threshold of the population, which a share `rate` of controls exceeds, is not known: so many
        of the n controls exceed it as a Binomial(n, rate) says, which bounds it by two of them, with 4/5 of alpha/2 on
        each side; the interval runs from the Clopper-Pearson lower bound of the members' share above the higher of the
        two to the upper bound of the share above the lower, with 1/5 of alpha/2 each.
    Args:
        members: scores of independent observations, shape [num_members >= 1].
        controls: likewise, shape [num_controls >= controls_needed(false_positive_rate)].
        false_positive_rate: in (0, 1].
        confidence: 1 - alpha.
    Returns:
        the share with an interval that covers at least at its confidence for continuous scores; n = num_members. The
        lower bound is 0 where so few controls cannot bound the threshold from above: below 390 at 1 %.
    Raises:
        InputError: too few controls, or no member.
    Source: order statistics as distribution-free bounds of a quantile (David and Nagaraja 2003, "Order Statistics",
        section 7.1); Clopper and Pearson 1934; their errors add up (Bonferroni).
    Differs: the usual bootstrap takes the threshold from resamples, which at 1 % of 100 controls hang on one or two.
        The usual value is the share above the (k+1)-th largest, k = floor(rate * n), which where nothing was memorized
        is 2 % on average at 1 % and 100 controls.
    """
    needed = controls_needed(false_positive_rate)
    if controls.size < needed or members.size < 1:
        raise InputError(
            f"A true positive rate at {false_positive_rate:.1%} needs at least {needed} controls and a member.",
            why=f"Got {controls.size} controls and {members.size} members.",
            next_step="Return a Refusal with the number needed.",
        )
    tail = (1.0 - confidence) / 2.0
    descending = np.sort(controls)[::-1]
    chances = bdtr(np.arange(controls.size + 1), controls.size, false_positive_rate)
    most = int(np.searchsorted(chances, 1.0 - _THRESHOLD_SHARE * tail))
    least = int(np.searchsorted(chances, _THRESHOLD_SHARE * tail, side="right"))
    sure = 1.0 - 2.0 * (1.0 - _THRESHOLD_SHARE) * tail

    def share_above(rank: int) -> Interval:
        hits = int((members > descending[rank]).sum()) if rank < controls.size else members.size
        return clopper_pearson(hits, members.size, confidence=sure)

    value = share_above(math.floor(false_positive_rate * (controls.size + 1) + 1e-9) - 1).value
    low = share_above(least - 1).low if least else 0.0
    return Interval(value, min(low, value), max(share_above(most).high, value), members.size)


def roc_curve(
    members: Floats, controls: Floats, false_positive_rates: Sequence[float], *, confidence: float = 0.95
) -> list[tuple[float, Interval]]:
    """Points of the ROC curve, each with its own interval.

    Args:
        members: as in `tpr_at_fpr`.
        controls: as in `tpr_at_fpr`.
        false_positive_rates: in (0, 1]; those that need more controls are left out.
        confidence: of each point by itself.
    Returns:
        (false positive rate, true positive rate), in the order given.
    """
    possible = [rate for rate in false_positive_rates if controls_needed(rate) <= controls.size]
    return [(rate, tpr_at_fpr(members, controls, rate, confidence=confidence)) for rate in possible]
