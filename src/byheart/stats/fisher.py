"""Fisher's exact test: is one rate higher than another by more than chance, in samples of any size?"""

import numpy as np
from scipy.special import gammaln

from byheart.core.tokens import Floats
from byheart.errors import InputError


def fisher_p_value(first: tuple[int, int], second: tuple[int, int]) -> float:
    """How often as many successes or more fall to the first sample when they are dealt at random.

    Definition:
        P(K >= k1), K hypergeometric: of n1 + n2 trials, of which k1 + k2 are successes, n1 are drawn
    Args:
        first: (k1, n1) of the rate that is said to be the higher.
        second: (k2, n2) of the other.
    Returns:
        one-sided p-value in (0, 1]; where the two rates are equal, whatever they are, it is at most alpha in at most a
        share alpha of samples.
    Raises:
        InputError: an argument outside its range.
    Source: Fisher 1935, "The logic of inductive inference".
    Differs: nothing.
    """
    if not (0 <= first[0] <= first[1] and 0 <= second[0] <= second[1]):
        raise InputError("Fisher's test needs 0 <= successes <= trials.", why=f"Got {first} and {second}.")
    successes, tail = _tail(first[1], second[1], first[0] + second[0], _log_factorials(first[1] + second[1]))
    return float(tail[first[0] - successes[0]])


def fisher_p_values(num_first: int, num_second: int) -> Floats:
    """`fisher_p_value` of every outcome of two samples.

    Args:
        num_first: n1, trials of the first.
        num_second: n2, of the second.
    Returns:
        shape [n1 + 1, n2 + 1], by successes.
    Cost: n1 * n2 operations.
    Source: as `fisher_p_value`.
    Differs: nothing.
    """
    found = np.empty((num_first + 1, num_second + 1))
    logs = _log_factorials(num_first + num_second)
    for total in range(num_first + num_second + 1):
        successes, tail = _tail(num_first, num_second, total, logs)
        found[successes, total - successes] = tail
    return found


def _log_factorials(n: int) -> Floats:
    return np.asarray(gammaln(np.arange(n + 1) + 1.0))


def _tail(n1: int, n2: int, total: int, logs: Floats) -> tuple[np.ndarray, Floats]:
    """The successes that the first sample can have of so many in all, ascending, and P(K >= each)."""
    k = np.arange(max(0, total - n2), min(n1, total) + 1)
    weights = -(logs[k] + logs[n1 - k] + logs[total - k] + logs[n2 - total + k])
    chances = np.exp(weights - weights.max())
    tail = chances[::-1].cumsum()[::-1]
    return k, tail / tail[0]
