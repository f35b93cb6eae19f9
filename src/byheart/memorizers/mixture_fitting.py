"""How a mixture's weights are fitted: buckets of match lengths that a sample can carry, then EM in each of them."""

from typing import NamedTuple

import numpy as np

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query

CANDIDATE_STARTS = (0, 1, 2, 3, 4, 5, 6, 8, 11, 16, 24, 32, 48, 64, 96, 128)
"""Tokens; match lengths at which a bucket may start."""
LEAST_TOKENS = 200
"""Calibration tokens of a bucket; with fewer it is joined to a neighbour."""
LEAST_GAIN_NATS = 1e-10
"""Per token; EM stops where a pass gains less."""
MOST_PASSES = 2000
SMALLEST_WEIGHT = 1e-4
"""A smaller one becomes 0 where that costs at most FREE_NATS per token: nobody need ask a member without weight."""
FREE_NATS = 1e-6


class Fit(NamedTuple):
    """The weights of a mixture."""

    bucket_starts: Query
    """Smallest match length of each bucket, ascending from 0, shape [num_buckets]."""
    weights: Floats
    """Each row sums to 1, shape [num_buckets, num_members]."""
    calibration_tokens: Query
    """That each row was fitted on, shape [num_buckets]."""


def bucket_starts(lengths: Query, *, least_tokens: int = LEAST_TOKENS) -> Query:
    """Contiguous ranges of match lengths.

    Definition:
        ranges from each of CANDIDATE_STARTS to the next; while there are several and one has fewer than `least_tokens`,
        the smallest (the first of equals) is joined to its smaller neighbour (the one before of equals)
    Args:
        lengths: longest match before each calibration token, shape [num_tokens].
        least_tokens: of each bucket, where there are several.
    Returns:
        the smallest length of each, ascending from 0, shape [num_buckets].
    Source: definition.
    Differs: nothing.
    """
    starts = list(CANDIDATE_STARTS)
    sizes = np.bincount(buckets_of(np.array(starts), lengths), minlength=len(starts)).tolist()
    while len(starts) > 1 and min(sizes) < least_tokens:
        place = sizes.index(min(sizes))
        before = sizes[place - 1] if place > 0 else np.inf
        after = sizes[place + 1] if place + 1 < len(sizes) else np.inf
        joined = place if before <= after else place + 1
        sizes[joined - 1] += sizes.pop(joined)
        del starts[joined]
    return np.array(starts, dtype=np.int64)


def buckets_of(starts: Query, lengths: Query) -> Query:
    """The bucket of each match length, same shape."""
    return np.searchsorted(starts, lengths, side="right") - 1


@compiled
def improve(ratios: Floats, weights: Floats, shares: Floats) -> float:
    """One pass of EM.

    Args:
        ratios: of each token, P_k over that of its best member, shape [num_tokens, num_members].
        weights: shape [num_members].
        shares: become the next weights, the mean share of each member in the tokens, shape [num_members].
    Returns:
        nats; sum over the tokens of log sum_k weights_k ratios_k.
    """
    shares[:] = 0.0
    total = 0.0
    for token in range(ratios.shape[0]):
        row, mixed = ratios[token], 0.0
        for k in range(weights.size):
            mixed += weights[k] * row[k]
        for k in range(weights.size):
            shares[k] += weights[k] * row[k] / mixed
        total += np.log(mixed)
    for k in range(weights.size):
        shares[k] /= ratios.shape[0]
    return total


def maximise(ratios: Floats, *, most_passes: int = MOST_PASSES) -> Floats:
    """Weights from equal ones by EM.

    Args:
        ratios: as `improve` takes them; at least one token.
        most_passes: fewer where one gains less than LEAST_GAIN_NATS a token.
    Returns:
        shape [num_members], sums to 1.
    Cost: 9 nanoseconds a token and pass with five members, some hundred passes.
    Source: Jelinek and Mercer 1980, "Interpolated estimation of Markov source parameters from sparse data".
    Differs: nothing.
    """
    weights = np.full(ratios.shape[1], 1.0 / ratios.shape[1])
    shares, before = np.empty_like(weights), -np.inf
    for _ in range(most_passes):
        total = improve(ratios, weights, shares)
        if total - before < LEAST_GAIN_NATS * len(ratios):
            break
        before = total
        weights = shares / shares.sum()
    return weights


def fit_weights(log_probabilities_nats: Floats) -> Floats:
    """The weights of one bucket: never worse on its tokens than any member alone.

    Definition:
        argmax over weights w >= 0, sum w = 1 of sum_t log sum_k w_k P_k(x_t), by EM; a single member where none does
        better
    Args:
        log_probabilities_nats: log P_k(x_t), shape [num_tokens >= 1, num_members].
    Returns:
        shape [num_members], sums to 1.
    Cost: that of `maximise`.
    Source: theory.md M6.
    Differs: weights below SMALLEST_WEIGHT become 0 where that costs next to nothing.
    """
    shortfalls = log_probabilities_nats - log_probabilities_nats.max(axis=1, keepdims=True)
    ratios = np.exp(shortfalls)
    unused = np.empty(ratios.shape[1])
    found = maximise(ratios)
    total = improve(ratios, found, unused)
    kept = np.where(found < SMALLEST_WEIGHT, 0.0, found)
    kept /= kept.sum()
    kept_total = improve(ratios, kept, unused)
    if kept_total >= total - FREE_NATS * len(ratios):
        found, total = kept, kept_total
    alone = shortfalls.sum(axis=0)
    return np.eye(alone.size)[alone.argmax()] if alone.max() >= total else found


def fit(log_probabilities_nats: Floats, lengths: Query, *, least_tokens: int = LEAST_TOKENS) -> Fit:
    """Buckets and their weights.

    Args:
        log_probabilities_nats: of each calibration token under each member, shape [num_tokens >= 1, num_members].
        lengths: longest match before each, shape [num_tokens].
        least_tokens: of each bucket, where there are several.
    """
    starts = bucket_starts(lengths, least_tokens=least_tokens)
    buckets = buckets_of(starts, lengths)
    weights = [fit_weights(log_probabilities_nats[buckets == bucket]) for bucket in range(starts.size)]
    return Fit(starts, np.array(weights), np.bincount(buckets, minlength=starts.size))
