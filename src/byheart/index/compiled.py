"""The one place that says how kernels are compiled."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The same function as machine code, compiled at its first call and kept on disk.

    Kernels do not check bounds and use no fast-math: results are the same to the last bit wherever they run.
    """
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))
