"""L5, generation: how a next-token distribution becomes a token.

Memorizers and models draw through the same functions, so that a difference between what they write is a difference
between what they predict.
"""

import math
import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.errors import InputError, NumericalError


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """A decoding rule. Temperature 0 is greedy."""

    temperature: float = 1.0
    """Divides the log-probabilities before renormalisation; 0 takes the arg-max."""
    top_k: int | None = None
    """Keep only the k most probable tokens; None keeps all."""
    top_p: float | None = None
    """Keep the fewest most probable tokens whose mass reaches p, in (0, 1]; None keeps all."""

    def __post_init__(self) -> None:
        faults = []
        # Of a smaller number even the reciprocal is no number, and nothing can be divided by it.
        if self.temperature != 0 and not sys.float_info.min <= self.temperature < math.inf:
            faults.append(
                f"temperature must be 0, or in [{sys.float_info.min:.2g}, {sys.float_info.max:.2g}], "
                f"got {self.temperature}"
            )
        if self.top_k is not None and self.top_k < 1:
            faults.append(f"top_k must be >= 1, got {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            faults.append(f"top_p must be in (0, 1], got {self.top_p}")
        if faults:
            raise InputError("The decoding rule is ill-formed.", why="; ".join(faults), next_step="Correct the values.")


GREEDY = Decoding(temperature=0.0)
_SAME_NATS = 1e-9


def decoded_probabilities(log_probabilities_nats: Floats, decoding: Decoding) -> Floats:
    """The distribution that a decoding rule draws from.

    Definition:
        q(w) proportional to P(w)^(1/temperature) over the kept tokens, 0 elsewhere; tokens are ordered by decreasing
        probability, ties by increasing id; top-k first, then top-p on what is left after renormalisation.
    Args:
        log_probabilities_nats: shape [vocabulary], nats; need not be normalised; -inf is a probability of zero.
        decoding: the rule.
    Returns:
        shape [vocabulary], sums to 1.
    Raises:
        NumericalError: a log-probability is not a number or is infinitely large, or all are -inf.
    Source: theory.md L5; Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration" (arXiv 1904.09751).
    Differs: nothing.
    """
    scores = np.asarray(log_probabilities_nats, dtype=np.float64)
    ids, weights = _kept(scores, decoding)
    kept = np.zeros_like(scores)
    kept[ids] = weights
    return kept / kept.sum()


def _kept(scores: Floats, decoding: Decoding) -> tuple[npt.NDArray[np.intp], Floats]:
    """The tokens that a rule keeps, ascending, and their weights relative to the most probable one.

    Exponentials are taken of few tokens where few are kept: a large vocabulary then costs little a draw.
    """
    largest = scores.max()
    if not np.isfinite(largest):
        raise NumericalError(
            "No token can be drawn from these log-probabilities.",
            why=f"The largest of them is {largest}.",
            next_step="Predictors must give a finite log-probability to some token, and none above it.",
        )
    if decoding.temperature == 0.0:
        return np.array([int(scores.argmax())]), np.ones(1)
    k = min(decoding.top_k or scores.size, scores.size)
    ids = np.arange(scores.size)
    if k < scores.size:
        # A little more than k of them: scores that differ by less than this may have equal weights.
        ids = np.flatnonzero(scores >= np.partition(scores, scores.size - k)[scores.size - k] - _SAME_NATS)
    # Subtracted first, so that the largest weight is 1 at any temperature; others may fall to exactly 0.
    with np.errstate(over="ignore", under="ignore"):
        weights = np.exp((scores[ids] - largest) / decoding.temperature)
    if k == scores.size and decoding.top_p is None:
        return ids, weights
    order = _most_probable(weights, k)
    if decoding.top_p is not None:
        mass = np.cumsum(weights[order])
        order = order[: int(np.searchsorted(mass, decoding.top_p * mass[-1])) + 1]
    order = np.sort(order)
    return ids[order], weights[order]


def _most_probable(weights: Floats, k: int) -> npt.NDArray[np.intp]:
    """Ids of the k largest weights, by decreasing weight, ties by increasing id; sorts no more than k of them."""
    if k >= weights.size:
        return np.argsort(-weights, kind="stable")
    smallest = np.partition(weights, weights.size - k)[weights.size - k]
    above = np.flatnonzero(weights > smallest)
    level = np.flatnonzero(weights == smallest)[: k - above.size]
    return np.concatenate([above[np.argsort(-weights[above], kind="stable")], level])


def draw_token(log_probabilities_nats: Floats, decoding: Decoding, *, rng: np.random.Generator) -> int:
    """One token, drawn by inversion so that one uniform number decides it.

    Args:
        log_probabilities_nats: shape [vocabulary], nats.
        decoding: the rule.
        rng: consumed by exactly one uniform draw, also when greedy, so that streams stay aligned between rules.
    Returns:
        a token id.
    Raises:
        NumericalError: as `decoded_probabilities` says.
    """
    uniform = rng.random()
    ids, weights = _kept(np.asarray(log_probabilities_nats, dtype=np.float64), decoding)
    cumulative = np.cumsum(weights)
    place = np.searchsorted(cumulative, uniform * cumulative[-1], side="right").clip(0, cumulative.size - 1)
    return int(ids[place])
