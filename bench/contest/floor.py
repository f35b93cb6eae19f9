"""What this machine's memory allows: nanoseconds of one random read, alone in a chain and with others beside it.

A search is a chain of reads, each of whose places depends on the last; so no search is faster than probes x dependent
read, and interleaving many is what moves it towards probes x independent read.
"""

import sys
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from contest.process import write_result
from contest.timing import best

NUM_READS = 5_000_000
_SIZE = 1 << 26
_FACTOR, _ADDEND = 6364136223846793005, 1442695040888963407

Numbers = npt.NDArray[np.int32]


@numba.njit
def _dependent(array: Numbers, num_reads: int) -> int:
    """The place of each read needs the value of the last."""
    state = np.uint64(1)
    for _ in range(num_reads):
        place = (state >> np.uint64(33)) & np.uint64(array.size - 1)
        state = state * np.uint64(_FACTOR) + np.uint64(_ADDEND) + np.uint64(array[place])
    return state


@numba.njit
def _independent(array: Numbers, num_reads: int) -> int:
    """Places are known beforehand: the processor keeps as many reads under way as it can."""
    state, total = np.uint64(1), np.int64(0)
    for _ in range(num_reads):
        place = (state >> np.uint64(33)) & np.uint64(array.size - 1)
        state = state * np.uint64(_FACTOR) + np.uint64(_ADDEND)
        total += array[place]
    return total


@numba.njit
def _sequential(array: Numbers) -> int:
    total = np.int64(0)
    for value in array:
        total += value
    return total


def floor() -> dict[str, Any]:
    """Measures it on 256 MB, the size of the suffix array of 64 M symbols."""
    array = np.zeros(_SIZE, dtype=np.int32)
    array[:] = 0  # touches every page, so that reads meet memory and not the kernel's shared page of zeros
    one, _ = best(lambda: _dependent(array, NUM_READS))
    many, _ = best(lambda: _independent(array, NUM_READS))
    row, _ = best(lambda: _sequential(array))
    return {
        "dependent_read_ns": 1e9 * one / NUM_READS,
        "independent_read_ns": 1e9 * many / NUM_READS,
        "sequential_gigabytes_per_second": array.nbytes / row / 1e9,
    }


if __name__ == "__main__":
    write_result(sys.argv[-1], floor())
