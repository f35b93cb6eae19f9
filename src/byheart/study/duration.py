"""About how long a model on this machine will take for a plan, from how fast the machine multiplies matrices."""

import time
from collections.abc import Callable

import numpy as np

PARAMETERS = 100_000_000
"""Of the model that a plan speaks of, which it has not opened."""
WRITING_FACTOR = 4
"""A written token costs as many scored ones: prompts are few, so its matrices are thin."""
_SIZE = 768
_LEAST_SECONDS = 0.2


def flop_per_second(*, clock: Callable[[], float] = time.perf_counter) -> float:
    """Floating-point operations a second of float32 matrix products in numpy, on as many cores as it takes.

    Args:
        clock: seconds.
    Returns:
        of the quickest of the products that fit into some tenths of a second.
    Cost: about 0.2 s.
    """
    matrix = np.ones((_SIZE, _SIZE), dtype=np.float32)
    begun, quickest = clock(), float("inf")
    while clock() - begun < _LEAST_SECONDS:
        started = clock()
        matrix @ matrix
        quickest = min(quickest, max(clock() - started, 1e-9))
    return 2.0 * _SIZE**3 / quickest


def seconds_needed(tokens_to_score: int, tokens_to_write: int, rate: float) -> float:
    """About how long a model of PARAMETERS parameters takes on a CPU; of other sizes in proportion.

    Definition:
        2 PARAMETERS (scored + WRITING_FACTOR written) / rate: two operations for each parameter and token
    Args:
        tokens_to_score: contexts included.
        tokens_to_write: by the model.
        rate: operations a second.
    Source: Kaplan et al. 2020, "Scaling laws for neural language models" (2001.08361), section 2.1, the 2 N.
    Differs: attention is left out, and the head, which given tokens do not need, is counted in.
    """
    return 2.0 * PARAMETERS * (tokens_to_score + WRITING_FACTOR * tokens_to_write) / rate
