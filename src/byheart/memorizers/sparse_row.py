"""One next-token distribution as w u(x) + added(x), where `added` is zero for all but a few stored continuations.

The statistics of core's TokenScores then need a logarithm per stored continuation only; the rest of the vocabulary
enters through the base's sums and its order. Ranks compare the very numbers that `fill` writes, so that both ways of
asking agree on every tie.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.token_scores import TOP_K
from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.memorizers.base_distribution import Base


class Row(NamedTuple):
    """Working memory for one distribution."""

    added: Floats
    """Probability beyond the base's share (or short of it), 0 for all but the touched tokens, shape [vocabulary]."""
    touched: npt.NDArray[np.int64]
    """The first `state[0]` entries are the tokens with something added, shape [vocabulary]."""
    values: Floats
    """nats; log-probabilities of the touched tokens, shape [vocabulary]."""
    state: npt.NDArray[np.int64]
    """Number of touched tokens, shape [1]."""


def empty_row(vocabulary_size: int) -> Row:
    """Working memory for a vocabulary."""
    return Row(
        np.zeros(vocabulary_size), np.zeros(vocabulary_size, np.int64), np.zeros(vocabulary_size), np.zeros(1, np.int64)
    )


@compiled
def add(row: Row, token: int, probability: float) -> None:
    """Adds to a token's probability; adding nothing does not touch it."""
    if probability <= 0.0:
        return
    if row.added[token] == 0.0:
        row.touched[row.state[0]] = token
        row.state[0] += 1
    row.added[token] += probability


@compiled
def touch(row: Row, token: int, difference: float) -> None:
    """Moves an untouched token's probability by a difference of either sign; none does not touch it."""
    if difference == 0.0:
        return
    row.touched[row.state[0]] = token
    row.state[0] += 1
    row.added[token] = difference


@compiled
def finish(base: Base, row: Row, weight: float) -> float:
    """Computes the touched tokens' log-probabilities; returns the logarithm of the base's weight."""
    for i in range(row.state[0]):
        token = row.touched[i]
        row.values[i] = min(math.log(row.added[token] + weight * base.probabilities[token]), 0.0)
    return math.log(weight)


@compiled
def clear(row: Row) -> None:
    """Makes the row ready for the next distribution."""
    for i in range(row.state[0]):
        row.added[row.touched[i]] = 0.0
    row.state[0] = 0


@compiled
def fill(base: Base, row: Row, weight: float, out: Floats) -> None:
    """Writes the full distribution in nats, shape [vocabulary], and clears the row."""
    log_weight = finish(base, row, weight)
    for token in range(out.size):
        out[token] = min(log_weight + base.logs[token], 0.0)
    for i in range(row.state[0]):
        out[row.touched[i]] = row.values[i]
    clear(row)


@compiled
def base_before(base: Base, log_weight: float, value: float, token: int) -> int:
    """Tokens that the weighted base alone puts before (value, token): larger values, or equal ones with smaller ids."""
    size = base.order.size
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        if min(log_weight + base.logs[base.order[middle]], 0.0) > value:
            low = middle + 1
        else:
            high = middle
    before, place = low, low
    while place < size and min(log_weight + base.logs[base.order[place]], 0.0) == value:
        low, high = place, base.group_stops[place]
        while low < high:
            middle = (low + high) >> 1
            if base.order[middle] < token:
                low = middle + 1
            else:
                high = middle
        before += low - place
        place = base.group_stops[place]
    return before


@compiled
def rank_and_argmax(base: Base, row: Row, log_weight: float, own: int) -> tuple[float, int, float, int]:
    """Log-probability and 1-based rank of the token `own`; log-probability and id of the arg-max."""
    own_value = min(log_weight + base.logs[own], 0.0)
    if row.added[own] != 0.0:
        for i in range(row.state[0]):
            if row.touched[i] == own:
                own_value = row.values[i]
    rank = 1 + base_before(base, log_weight, own_value, own)
    best_value, best = -math.inf, 0
    for i in range(row.state[0]):
        token, value = row.touched[i], row.values[i]
        by_base = min(log_weight + base.logs[token], 0.0)
        if by_base > own_value or (by_base == own_value and token < own):
            rank -= 1
        if value > own_value or (value == own_value and token < own):
            rank += 1
        if value > best_value or (value == best_value and token < best):
            best_value, best = value, token
    place = 0
    while place < base.order.size:
        token = base.order[place]
        if row.added[token] != 0.0:
            place += 1
            continue
        value = min(log_weight + base.logs[token], 0.0)
        if value < best_value:
            break
        if value > best_value or token < best:
            best_value, best = value, token
        place = base.group_stops[place]
    return own_value, rank, best_value, best


@compiled
def log_top_mass(base: Base, row: Row, weight: float) -> float:
    """nats; log of the probability of the TOP_K most probable tokens together."""
    room = min(TOP_K, base.order.size)
    top = np.zeros(room)
    size = 0
    for i in range(row.state[0]):
        token = row.touched[i]
        size = _keep_largest(top, size, row.added[token] + weight * base.probabilities[token])
    for place in range(base.order.size):
        token = base.order[place]
        probability = weight * base.probabilities[token]
        if size == room and probability <= top[room - 1]:
            break
        if row.added[token] == 0.0:
            size = _keep_largest(top, size, probability)
    return min(math.log(top.sum()), 0.0)


@compiled
def _keep_largest(top: Floats, size: int, value: float) -> int:
    """Inserts a value into the descending top[:size], dropping the smallest when full; returns the new size."""
    if size == top.size:
        if value <= top[size - 1]:
            return size
        size -= 1
    place = size
    while place > 0 and top[place - 1] < value:
        top[place] = top[place - 1]
        place -= 1
    top[place] = value
    return size + 1


@compiled
def statistics(base: Base, row: Row, weight: float, own: int, out: Floats) -> None:
    """Writes what TokenScores keeps of this distribution and the token `own`, and clears the row.

    Args:
        out: log-probability, rank, arg-max id and its log-probability, entropy, variance, log top-k mass; shape [7].
    """
    log_weight = finish(base, row, weight)
    out[0], out[1], out[3], out[2] = rank_and_argmax(base, row, log_weight, own)
    out[6] = log_top_mass(base, row, weight)
    rest, rest_log, rest_log2 = base.sums[0], base.sums[1], base.sums[2]
    mean = 0.0
    for i in range(row.state[0]):
        token, value = row.touched[i], row.values[i]
        u, log_u = base.probabilities[token], base.logs[token]
        rest -= u
        rest_log -= u * log_u
        rest_log2 -= u * log_u * log_u
        mean += (row.added[token] + weight * u) * value
    mean += weight * (log_weight * rest + rest_log)
    variance = 0.0
    for i in range(row.state[0]):
        token, value = row.touched[i], row.values[i]
        variance += (row.added[token] + weight * base.probabilities[token]) * (value - mean) ** 2
    offset = log_weight - mean
    variance += weight * (offset * offset * rest + 2.0 * offset * rest_log + rest_log2)
    out[4], out[5] = max(-mean, 0.0), max(variance, 0.0)
    clear(row)
