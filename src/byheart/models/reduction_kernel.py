"""A row of float32 logits to its statistics, as machine code: the fast road of `reduction.py` on a processor.

Written so that it becomes vector instructions without fast-math: loops go element by element over runs of LANES
numbers, sums and maxima are kept per lane, and e to the x is arithmetic. So results are the same to the last bit
wherever it runs. `index/compiled.py`, where the other kernels are compiled, lies in a room that models may not enter;
this kernel calls no other file's, so that numba's own cache serves.
"""

from typing import Any

import numba
import numpy as np

from byheart.core.token_scores import TOP_K

LANES = 512
_LOG2_E = np.float32(1.4426950408889634)
_ROUNDING = np.float32(12582912.0)
"""1.5 * 2^23: added to a small number, it leaves the nearest integer in the last bits."""
_ROUNDING_BITS, _BIAS, _MANTISSA_BITS = np.int32(0x4B400000), np.int32(127), np.int32(23)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_C5, _C4, _C3 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3), np.float32(8.3334519073e-3)
_C2, _C1, _C0 = np.float32(4.1665795894e-2), np.float32(1.6666665459e-1), np.float32(5.0000001201e-1)
_ONE, _LEAST = np.float32(1.0), np.float32(-87.0)
"""e^-87 is the last that a normal float32 holds: smaller weights than that count for nothing beside 1."""


@numba.njit(cache=True, nogil=True)
def _insert(value: Any, top: Any) -> None:
    """Puts a value at its place among the largest, in decreasing order; the smallest of them falls out."""
    if value > top[-1]:
        place = top.size - 1
        while place > 0 and top[place - 1] < value:
            top[place] = top[place - 1]
            place -= 1
        top[place] = value


@numba.njit(cache=True, nogil=True)
def _write_largest(row: Any, lane_maxima: Any, top: Any) -> None:
    """Writes the TOP_K largest of a row of more than TOP_K logits.

    The TOP_K-th of the lanes' maxima is no more than the TOP_K-th of the row, and less than TOP_K lanes hold more.
    """
    num_lanes = min(LANES, row.size)
    top[:] = -np.inf
    for lane in range(num_lanes):
        _insert(lane_maxima[lane], top)
    bound = top[-1]
    top[:] = bound
    for lane in range(num_lanes):
        if lane_maxima[lane] > bound:
            for j in range(lane, row.size, LANES):
                _insert(row[j], top)


@numba.njit(cache=True, nogil=True)
def reduce_rows(logits: Any, token_ids: Any, floats: Any, integers: Any) -> None:
    """The statistics of each row.

    Definition:
        core's `token_scores`; e^x = 2^n e^r with n = round(x / ln 2), and e^r by the polynomial of Cephes' expf
    Args:
        logits: float32, shape [K, V].
        token_ids: int64, shape [K].
        floats: written; float64, shape [K, 5]: log-probability, that of the arg-max, entropy, variance and log of the
            TOP_K mass.
        integers: written; int32, shape [K, 2]: rank and arg-max.
    Source: Moshier, Cephes Math Library, expf.
    Differs: nothing.
    """
    num_logits = logits.shape[1]
    lane_maxima = np.empty(LANES, np.float32)
    mass, moment = np.empty(LANES, np.float64), np.empty(LANES, np.float64)
    shifted, scale, power = np.empty(LANES, np.float32), np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    scale_bits = scale.view(np.int32)
    weights = np.empty(num_logits, np.float32)
    top = np.empty(TOP_K, np.float32)
    for k in range(logits.shape[0]):
        row = logits[k]
        own = row[token_ids[k]]
        # Maxima: of each lane, of the row.
        lane_maxima[:] = -np.inf
        lane_maxima[: min(LANES, num_logits)] = row[:LANES]
        for first in range(LANES, num_logits, LANES):
            run = row[first : first + LANES]
            for j in range(run.size):
                lane_maxima[j] = run[j] if run[j] > lane_maxima[j] else lane_maxima[j]
        largest = lane_maxima[0]
        for j in range(LANES):
            if lane_maxima[j] > largest:
                largest = lane_maxima[j]
        # Rank, as integers, whose sums need no lanes; arg-max, the first of equals.
        rank = 1
        for j in range(num_logits):
            rank += row[j] > own
        for j in range(token_ids[k]):
            rank += row[j] == own
        argmax = num_logits
        for lane in range(min(LANES, num_logits)):
            if lane_maxima[lane] == largest:
                j = lane
                while row[j] != largest:
                    j += LANES
                argmax = min(argmax, j)
        # Weights, their sum, and their first moment.
        mass[:] = 0.0
        moment[:] = 0.0
        for first in range(0, num_logits, LANES):
            run, weight = row[first : first + LANES], weights[first : first + LANES]
            for j in range(run.size):
                x = run[j] - largest
                shifted[j] = x
                scale[j] = (x if x > _LEAST else _LEAST) * _LOG2_E + _ROUNDING
            for j in range(run.size):
                n = scale[j] - _ROUNDING
                x = shifted[j] if shifted[j] > _LEAST else _LEAST
                r = x - n * _LN2_HIGH - n * _LN2_LOW
                power[j] = (((((_C5 * r + _C4) * r + _C3) * r + _C2) * r + _C1) * r + _C0) * (r * r) + r + _ONE
            for j in range(run.size):
                scale_bits[j] = np.int32(np.int32(scale_bits[j] - _ROUNDING_BITS) + _BIAS) << _MANTISSA_BITS
            for j in range(run.size):
                weight[j] = power[j] * scale[j]
            for j in range(run.size):
                mass[j] += np.float64(weight[j])
                moment[j] += np.float64(weight[j] * shifted[j])
        total = mass.sum()
        log_total = np.log(total)
        mean = moment.sum() / total
        # The second moment about the mean, so that nothing cancels.
        centre = np.float32(mean)
        moment[:] = 0.0
        for first in range(0, num_logits, LANES):
            run, weight = row[first : first + LANES], weights[first : first + LANES]
            for j in range(run.size):
                centred = (run[j] - largest) - centre
                moment[j] += np.float64(weight[j] * centred * centred)
        variance = moment.sum() / total
        if num_logits > TOP_K:
            _write_largest(row, lane_maxima, top)
            inside = 0.0
            for j in range(TOP_K):
                inside += np.exp(np.float64(top[j]) - np.float64(largest))
            floats[k, 4] = min(np.log(inside) - log_total, 0.0)
        else:
            floats[k, 4] = 0.0
        floats[k, 0] = min(np.float64(own) - np.float64(largest) - log_total, 0.0)
        floats[k, 1] = -log_total
        floats[k, 2] = max(log_total - mean, 0.0)
        floats[k, 3] = variance
        integers[k, 0] = rank
        integers[k, 1] = argmax


def compile_reduction() -> None:
    """Has the machine code made, or read where it was made before."""
    reduce_rows(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), np.empty((1, 5)), np.empty((1, 2), np.int32))
