"""What M6 predicts and how its weights are found, in plain Python: slow and obviously right."""

from collections.abc import Sequence
from math import log


def bucket(starts: Sequence[int], length: int) -> int:
    """The last bucket that starts at or below the match length."""
    return max(number for number, start in enumerate(starts) if start <= length)


def mixture(rows: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """M6: the convex combination of its members' distributions.

    Definition:
        P(x) = sum_k w_k P_k(x)
    Args:
        rows: probabilities of each member, shape [num_members, vocabulary].
        weights: of the context's bucket.
    Returns:
        probabilities, shape [vocabulary].
    Source: theory.md M6.
    Differs: nothing.
    """
    return [sum(weight * p for weight, p in zip(weights, column, strict=True)) for column in zip(*rows, strict=True)]


def log_likelihood_nats(probabilities: Sequence[Sequence[float]], weights: Sequence[float]) -> float:
    """The sum of the logarithms of what the mixture gives each token.

    Args:
        probabilities: of each token under each member, shape [num_tokens, num_members].
        weights: shape [num_members].
    """
    return sum(log(sum(w * p for w, p in zip(weights, row, strict=True))) for row in probabilities)


def em_step(probabilities: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """The mean share that each member has in the tokens.

    Definition:
        w'_k = mean over t of w_k P_k(x_t) / sum_m w_m P_m(x_t)
    """
    shares = [0.0] * len(weights)
    for row in probabilities:
        mixed = sum(w * p for w, p in zip(weights, row, strict=True))
        shares = [s + w * p / mixed / len(probabilities) for s, w, p in zip(shares, weights, row, strict=True)]
    return shares


def bucket_starts(lengths: Sequence[int], *, candidates: Sequence[int], least_tokens: int) -> list[int]:
    """Starts of the buckets: the smallest one is joined to its smaller neighbour until each has enough tokens."""
    groups = [(start, sum(bucket(candidates, length) == i for length in lengths)) for i, start in enumerate(candidates)]
    while len(groups) > 1 and min(size for _, size in groups) < least_tokens:
        place = min(range(len(groups)), key=lambda i: groups[i][1])
        pairs = [(i, i + 1) for i in (place - 1, place) if 0 <= i and i + 1 < len(groups)]
        left, right = min(pairs, key=lambda pair: sum(groups[i][1] for i in pair))
        groups[left : right + 1] = [(groups[left][0], groups[left][1] + groups[right][1])]
    return [start for start, _ in groups]
