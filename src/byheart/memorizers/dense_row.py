"""Distributions that are stored token by token: how they are written, and their statistics."""

import math

import numpy as np

from byheart.core.token_scores import TOP_K
from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.memorizers.base_distribution import Base
from byheart.memorizers.sparse_row import Row, _keep_largest, clear


@compiled
def fill_probabilities(base: Base, row: Row, weight: float, out: Floats) -> None:
    """Writes the distribution of a sparse row as probabilities, shape [vocabulary], and clears the row."""
    for token in range(out.size):
        out[token] = weight * base.probabilities[token]
    for i in range(row.state[0]):
        token = row.touched[i]
        out[token] = row.added[token] + weight * base.probabilities[token]
    clear(row)


@compiled
def take_logs(probabilities: Floats, logs: Floats) -> None:
    """Writes the logarithms in nats, which rounding lets exceed 0 nowhere."""
    for token in range(logs.size):
        logs[token] = min(math.log(probabilities[token]), 0.0)


@compiled
def row_statistics(probabilities: Floats, logs: Floats, own: int, out: Floats) -> None:
    """Writes what TokenScores keeps of a distribution and the token `own`, in the order of `sparse_row.statistics`.

    Args:
        probabilities: shape [vocabulary].
        logs: their logarithms, nats, shape [vocabulary].
        own: the token that came.
        out: shape [7].
    """
    own_value, before, argmax, mean = logs[own], 0, 0, 0.0
    top = np.zeros(min(TOP_K, logs.size))
    size = 0
    for token in range(logs.size):
        value = logs[token]
        before += value > own_value or (value == own_value and token < own)
        if value > logs[argmax]:
            argmax = token
        mean += probabilities[token] * value
        size = _keep_largest(top, size, probabilities[token])
    variance = 0.0
    for token in range(logs.size):
        variance += probabilities[token] * (logs[token] - mean) ** 2
    out[0], out[1], out[2], out[3] = own_value, 1.0 + before, argmax, logs[argmax]
    out[4], out[5], out[6] = max(-mean, 0.0), variance, min(math.log(top.sum()), 0.0)
