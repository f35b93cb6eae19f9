"""A threshold with a declared false-positive rate, from text that cannot have been seen."""

import math

import numpy as np
from scipy.special import betaincinv

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.errors import InputError


def _check(*numbers: Floats) -> None:
    """No number may be nan: it has no place in an order, and would count as the smallest or the largest."""
    if any(np.isnan(each).any() for each in numbers):
        raise InputError("A conformal p-value needs scores that can be ordered.", why="Some are not a number.")


def twins_needed(rate: float) -> int:
    """Held-out twins without which no score can be flagged at that rate.

    Definition:
        the smallest n with 1 / (n + 1) <= rate, that is 1 / rate - 1
    Args:
        rate: declared false-positive rate, in (0, 1).
    Source: Vovk et al. 2005, "Algorithmic Learning in a Random World": the smallest p-value is 1 / (n + 1).
    Differs: nothing.
    """
    return math.ceil(1 / rate - 1 - 1e-9)


def conformal_p_values(scores: Floats, twins: Floats) -> Floats:
    """How unusual each score would be among text that cannot have been seen.

    Definition:
        p_i = (1 + #{j : twin_j >= score_i}) / (n + 1)
    Args:
        scores: shape [m], greater means more like memory.
        twins: the same statistic of held-out twins, shape [n].
    Returns:
        shape [m], in [1 / (n + 1), 1]; P(p_i <= a) <= a for a score exchangeable with the twins', ties included.
    Raises:
        InputError: nan among the scores.
    Source: Vovk et al. 2005, "Algorithmic Learning in a Random World"; Bates et al. 2023 (2104.08279).
    Differs: nothing.
    """
    _check(scores, twins)
    ordered = np.sort(twins)
    at_least = twins.size - np.searchsorted(ordered, scores, side="left")
    found: Floats = (1 + at_least) / (twins.size + 1)
    return found


def conformal_threshold(twins: Floats, rate: float, *, confidence: float = 0.95) -> tuple[float, Interval]:
    """The score above which text that cannot have been seen rises with no more than the declared probability.

    Definition:
        k = floor(rate (n + 1)); the threshold is the k-th largest twin, and a score is flagged where it is greater:
        then p <= rate for the conformal p-value p
    Args:
        twins: the statistic of held-out twins, shape [n].
        rate: declared false-positive rate, in (0, 1).
        confidence: coverage of the interval, 1 - alpha.
    Returns:
        the threshold, and the false-positive rate that it has: over draws of the twins it is Beta(k, n + 1 - k) where
        scores have no ties (smaller where they have), so its mean k / (n + 1) with the alpha/2 and 1 - alpha/2
        quantiles, n twins.
    Raises:
        InputError: fewer twins than `twins_needed`, or nan among them.
    Source: Vovk 2012, "Conditional validity of inductive conformal predictors", proposition 2a.
    Differs: nothing.
    """
    _check(twins)
    n = twins.size
    k = math.floor(rate * (n + 1) + 1e-9)
    if k < 1:
        raise InputError(
            f"A false-positive rate of {rate:g} needs at least {twins_needed(rate)} held-out twins.",
            why=f"There are {n}.",
            next_step="Give more held-out documents, or declare a larger rate.",
        )
    low, high = (float(betaincinv(k, n + 1 - k, tail)) for tail in ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(np.sort(twins)[n - k]), Interval(k / (n + 1), low, high, n)
