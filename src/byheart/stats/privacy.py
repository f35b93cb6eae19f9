"""What right guesses about planted records prove against a promise of differential privacy."""

import math

import numpy as np
from scipy.special import bdtrc, betaln

from byheart.core.tokens import Floats
from byheart.errors import InputError

LARGEST_EPSILON = 50.0
"""No sample proves more: e^-50 is far below one in the number of canaries."""
_STEP = 0.1


def _binomial_pmf(n: int, epsilon: float) -> Floats:
    """Probabilities of 0..n successes of rate e^epsilon / (1 + e^epsilon), exact where that rounds to 1."""
    k = np.arange(n + 1)
    log_choose = -math.log1p(n) - betaln(n - k + 1, k + 1)
    return np.exp(log_choose - n * math.log1p(math.exp(-epsilon)) - (n - k) * epsilon)


def guesses_p_value(num_right: int, num_guesses: int, num_coins: int, epsilon: float, delta: float) -> float:
    """Largest probability that an (epsilon, delta)-private training would allow so many right guesses.

    Definition:
        with q = e^epsilon / (1 + e^epsilon) and W ~ Binomial(r, q): P(W >= v) + 2 m delta max_{i=1..v}
        P(v > W >= v-i)/i
    Args:
        num_right: v, in [0, num_guesses].
        num_guesses: r, coins that were guessed; the others were abstained from.
        num_coins: m, coins that were flipped, >= num_guesses.
        epsilon: >= 0.
        delta: in [0, 1].
    Returns:
        in [0, 1].
    Raises:
        InputError: an argument outside its range.
    Source: Steinke, Nasr and Jagielski 2023, "Privacy Auditing with One (1) Training Run" (arXiv 2305.08846),
        appendix D, p_value_DP_audit.
    Differs: nothing.
    """
    if not 0 <= num_right <= num_guesses <= num_coins or epsilon < 0 or not 0 <= delta <= 1:
        raise InputError(
            "Guesses need 0 <= right <= guesses <= coins, epsilon >= 0 and delta in [0, 1].",
            why=f"Got {num_right} of {num_guesses} of {num_coins}, epsilon {epsilon}, delta {delta}.",
            next_step="Correct the arguments.",
        )
    if num_right == 0:
        return 1.0
    rate = 1 / (1 + math.exp(-epsilon))
    beta = float(bdtrc(num_right - 1, num_guesses, rate))
    if delta == 0:
        return beta
    below = _binomial_pmf(num_guesses, epsilon)[:num_right][::-1]
    alpha = float((np.cumsum(below) / np.arange(1, num_right + 1)).max())
    return min(1.0, beta + 2 * num_coins * delta * alpha)


def epsilon_lower_bound(
    num_right: int, num_guesses: int, num_coins: int, *, delta: float = 0.0, confidence: float = 0.95
) -> float:
    """The largest epsilon that so many right guesses refute: privacy is at best this, at the stated confidence.

    Definition:
        inf {epsilon >= 0 : guesses_p_value(v, r, m, epsilon, delta) > 1 - confidence}
    Args:
        num_right: v, in [0, num_guesses].
        num_guesses: r.
        num_coins: m.
        delta: of the promise that is tested; 0 for pure privacy, where the bound is the logit of the one-sided
            Clopper-Pearson bound of v of r.
        confidence: 1 - probability of a bound above the true epsilon, in (0, 1).
    Returns:
        dimensionless (nats), in [0, LARGEST_EPSILON]. Of a training whose neighbours differ by one record replaced by
        its twin; where they differ by one record left out, half of it, at
        a delta of delta / (1 + e^(epsilon / 2)): a record replaced is one left out and one put in.
    Raises:
        InputError: an argument outside its range.
    Cost: ten evaluations for each unit of epsilon, and 40.
    Source: Steinke, Nasr and Jagielski 2023 (arXiv 2305.08846), get_eps_audit.
    Differs: a coin chooses which of two twins is in, where the paper's chooses whether one is; hence the neighbours.
    """
    if not 0 < confidence < 1:
        raise InputError("A confidence must be in (0, 1).", why=f"Got {confidence}.")

    def refutes(epsilon: float) -> bool:
        return guesses_p_value(num_right, num_guesses, num_coins, epsilon, delta) <= 1 - confidence

    if not refutes(0.0):
        return 0.0
    low, high = 0.0, _STEP
    while refutes(high):
        # A delta makes the p-value fall again in places; the first epsilon that stands is the safe one.
        low, high = high, high + _STEP
        if high > LARGEST_EPSILON:
            return LARGEST_EPSILON
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if refutes(middle) else (low, middle)
    return low
