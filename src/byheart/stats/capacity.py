"""How many bits of random sequences a predictor holds: what it shows, what it could show, and where it stops.

Letters: N sequences of S tokens each, drawn uniformly from a vocabulary of V.
"""

import math
from dataclasses import dataclass

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson

_LOG2_E = 1.0 / math.log(2.0)


def memorized_bits(log_probabilities_nats: Floats, *, num_tokens: int, vocabulary_size: int) -> Floats:
    """How many bits a predictor saves on each random sequence over one that knows nothing.

    Definition:
        b_i = max(0, log2 p(x_i) + S log2 V)
    Args:
        log_probabilities_nats: log p(x_i), nats, of whole sequences, shape [N].
        num_tokens: S.
        vocabulary_size: V.
    Returns:
        bits, shape [N], each in [0, S log2 V].
    Raises:
        InputError: a log-probability above 0 or not finite.
    Source: Morris et al. 2025, "How much do language models memorize?" (arXiv 2505.24832), unintended memorization of
        uniform data, whose entropy given the true distribution is S log2 V.
    Differs: nothing.
    """
    nats = np.asarray(log_probabilities_nats, dtype=np.float64)
    # Sums of float32 logarithms may miss 0 by rounding; a probability that is well above 1 is another's fault.
    if not np.isfinite(nats).all() or (nats > 1e-3).any():
        raise InputError("A log-probability must be finite and at most 0.", why=f"Got {nats.max(initial=0.0)} nats.")
    uniform_bits = num_tokens * math.log2(vocabulary_size)
    return np.clip(nats / math.log(2.0) + uniform_bits, 0.0, uniform_bits)


def entropy_bits(num_sequences: int, *, num_tokens: int, vocabulary_size: int) -> float:
    """The entropy of the data: bits to write down all sequences, in order.

    Definition:
        H = N S log2 V
    Args:
        num_sequences: N.
        num_tokens: S.
        vocabulary_size: V.
    Source: definition.
    Differs: nothing.
    """
    return num_sequences * num_tokens * math.log2(vocabulary_size)


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """Where a curve of memorized bits stops following the data."""

    bits: float
    """Its height."""
    num_beyond: int
    """Rungs of the ladder whose data do not fit under it."""


def fit_plateau(possible_bits: Floats, shown_bits: Floats) -> Plateau:
    """The height C of the curve min(possible, C) that is nearest to what was shown.

    Definition:
        C = argmin sum_i (m_i - min(p_i, C))^2, the exact minimum: between neighbouring p the sum is a parabola in C
    Args:
        possible_bits: p, what a table that holds everything shows at each rung, ascending, shape [num_rungs].
        shown_bits: m, shape [num_rungs].
    Returns:
        the height, and how many p_i lie above it; with none the ladder never left the slope.
    Raises:
        InputError: fewer than two rungs, or p does not ascend.
    Source: Morris et al. 2025 (arXiv 2505.24832), capacity.
    Differs: there it is the most that is memorized of any data; the highest of several is too high by its luck.
    """
    possible, shown = np.asarray(possible_bits, dtype=np.float64), np.asarray(shown_bits, dtype=np.float64)
    if possible.size < 2 or possible.shape != shown.shape or (np.diff(possible) <= 0).any():
        raise InputError("A plateau needs two or more rungs that ascend.", why=f"Got {possible.tolist()}.")
    edges = np.concatenate(([0.0], possible))
    heights = [float(np.clip(shown[rung:].mean(), edges[rung], edges[rung + 1])) for rung in range(possible.size)]
    misses = [float(((shown - np.minimum(possible, height)) ** 2).sum()) for height in heights]
    height = heights[int(np.argmin(misses))]
    return Plateau(bits=height, num_beyond=int((possible > height).sum()))


def kink_sequences(plateau_bits: float, *, num_tokens: int, vocabulary_size: int) -> float:
    """How many sequences fill a plateau.

    Definition:
        the smaller N with N (S log2 V - log2 N) = C, by bisection; not rounded
    Args:
        plateau_bits: C, bits, >= 0.
        num_tokens: S.
        vocabulary_size: V.
    Raises:
        InputError: no number of sequences shows so many bits.
    Source: definition.
    Differs: nothing.
    """
    each = num_tokens * math.log2(vocabulary_size)
    low, high = 0.0, 2.0 ** (each - _LOG2_E) if each < 1000 else math.inf
    high = min(high, plateau_bits + 1.0)
    if high * (each - math.log2(high)) < plateau_bits:
        raise InputError("No number of sequences shows so many bits.", why=f"{plateau_bits} bits, {each} each.")
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle > 0 and middle * (each - math.log2(middle)) >= plateau_bits:
            high = middle
        else:
            low = middle
    return high


def unseen_bits(bits: Floats, *, confidence: float = 0.95) -> Interval:
    """Mean memorized bits of sequences that were never seen, with a bound that holds for every predictor.

    Definition:
        for x uniform and independent of p: E[p(x) V^S] <= 1, so P(gain >= m bits) <= 2^-m (Markov's inequality); with
        q = P(gain > 0): mean = integral of P(b >= m) dm <= integral of min(q, 2^-m) dm = q log2(1/q) + q log2 e,
        at most log2 e = 1.44; q by the upper Clopper-Pearson bound
    Args:
        bits: of unseen sequences, from `memorized_bits`, shape [n >= 1].
        confidence: of the interval.
    Returns:
        the mean with bounds: 0, and the larger of that bound and the mean itself.
    Raises:
        InputError: no sequence.
    Source: Markov's inequality.
    Differs: nothing.
    """
    if bits.size == 0:
        raise InputError("There is no unseen sequence.", next_step="Score some.")
    share = clopper_pearson(int((bits > 0).sum()), bits.size, confidence=confidence).high
    bound = share * (_LOG2_E - math.log2(share)) if share > 0 else 0.0
    mean = float(bits.mean())
    return Interval(mean, 0.0, max(bound, mean), bits.size)
