"""Permutation tests: if membership meant nothing, which documents are called members would not matter."""

import math
from itertools import combinations

import numpy as np

from byheart.core.tokens import Floats
from byheart.errors import InputError

MAX_EXACT = 20_000
"""Up to so many ways of calling some documents members, all are tried."""
NUM_DRAWS = 9_999
"""Of more ways, so many are drawn: the smallest p-value is then 1 in 10,000."""
_CHUNK_NUMBERS = 2_000_000


def larger_mean_p_values(members: Floats, controls: Floats, *, rng: np.random.Generator) -> list[float]:
    """Set-level test: is the mean score of the members larger than labels dealt at random make it?

    Definition:
        p = share of the ways of calling m of the m + n documents members whose mean member score is at least the one
        observed; all ways where they are at most MAX_EXACT, else (k + 1) / (NUM_DRAWS + 1) with k of NUM_DRAWS drawn
        ways reaching it. Every score is tested under the same ways.
    Args:
        members: scores of the members, shape [m >= 1, num_scores]; one row for each document.
        controls: scores of the controls, shape [n >= 1, num_scores].
        rng: draws the ways; not touched where all are tried.
    Returns:
        one-sided p-values in (0, 1], num_scores of them; under exchangeable documents P(p <= a) <= a for every a.
    Raises:
        InputError: a side without a document, or a score that is no finite number: it has no mean to compare.
    Cost: NUM_DRAWS * (m + n) * num_scores multiplications.
    Source: Fisher 1935, "The Design of Experiments", section 21; Phipson and Smyth 2010, "Permutation p-values should
        never be zero", the (k + 1) / (n + 1).
    Differs: nothing.
    """
    m, n = members.shape[0], controls.shape[0]
    if not m or not n:
        raise InputError("A permutation test needs documents on both sides.", why=f"Got {m} and {n}.")
    scores = np.concatenate([members, controls])
    if not np.isfinite(scores).all():
        raise InputError(
            "A permutation test of means needs finite scores.",
            why=f"{np.count_nonzero(~np.isfinite(scores))} of {scores.size} are not.",
            next_step="Leave the score out, or bound it from below.",
        )
    scores = scores - scores.mean(axis=0)
    # Sums in another order differ in their last bits; a way that gives the observed sum must count as reaching it.
    least = scores[:m].sum(axis=0) - 1e-9 * np.abs(scores).sum(axis=0)
    ways = math.comb(m + n, m)
    if ways <= MAX_EXACT:
        chosen = np.fromiter(combinations(range(m + n), m), dtype=np.dtype((np.int64, m)), count=ways)
        reaching = (scores[chosen].sum(axis=1) >= least).sum(axis=0)
        return [float(k / ways) for k in reaching]
    return [float((k + 1) / (NUM_DRAWS + 1)) for k in _reaching(scores, m, least, rng=rng)]


def _reaching(scores: Floats, m: int, least: Floats, *, rng: np.random.Generator) -> list[int]:
    """How many of NUM_DRAWS random choices of m rows reach each sum."""
    labels = np.zeros(scores.shape[0])
    labels[:m] = 1.0
    reaching = np.zeros(scores.shape[1], dtype=np.int64)
    rows = max(1, _CHUNK_NUMBERS // scores.shape[0])
    for start in range(0, NUM_DRAWS, rows):
        num = min(rows, NUM_DRAWS - start)
        dealt = rng.permuted(np.broadcast_to(labels, (num, labels.size)), axis=1)
        reaching += (dealt @ scores >= least).sum(axis=0)
    return [int(k) for k in reaching]
