"""What the adaptation audit (A3) is told of a piece of held-out text beside its scores: what of it is copied."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

COPY_BYTES = 50
"""Shortest run of held-out text that counts as a copy of the trained-on corpus."""


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Which scored tokens of a piece stand in a run of COPY_BYTES or more that the trained-on corpus holds too."""

    num_bytes: npt.NDArray[np.int64]
    """Bytes of each scored token, shape [scored tokens]."""
    is_copied: npt.NDArray[np.bool_]
    """Whether it stands in such a run, shape [scored tokens]."""
