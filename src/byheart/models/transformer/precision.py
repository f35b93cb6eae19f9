"""Which numbers a step is computed in: float32, or bfloat16 where this machine multiplies it faster."""

import time

import torch

from byheart.models.transformer.recipe import Precision

DTYPES: dict[str, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_LEAST_GAIN = 1.2
"""Matrix products must be faster by this factor; processors with bfloat16 units gain 2, those without lose 15."""
_SIZE, _TRIES = 512, 8


def has_fast_bfloat16() -> bool:
    """Whether products of bfloat16 are faster here than those of float32, measured in some 50 milliseconds.

    The two kinds take turns on one core, its processor time is what is measured, and the best of each counts, so that
    other programs on the machine do not decide.
    """
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return False
    best = dict.fromkeys(DTYPES, float("inf"))
    matrices = {name: torch.ones(_SIZE, _SIZE, dtype=dtype) for name, dtype in DTYPES.items()}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(_TRIES):
            for name, matrix in matrices.items():
                began = time.thread_time()
                matrix @ matrix
                best[name] = min(best[name], time.thread_time() - began)
    finally:
        torch.set_num_threads(threads)
    return best["bfloat16"] * _LEAST_GAIN < best["float32"]


def choose_precision() -> Precision:
    """The faster precision on this machine's processor."""
    return "bfloat16" if has_fast_bfloat16() else "float32"
