"""Phases of a training: which of some references a predictor is nearest to, and when it changes over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.tokens import Floats


@dataclass(frozen=True)
class Phases:
    """From when on which reference was the nearest."""

    names: tuple[str, ...]
    """Nearest references in the order of their times, none twice in a row, shape [num_phases]."""
    starts: tuple[int, ...]
    """Steps at which each was first found the nearest, shape [num_phases]."""

    def is_in_order(self, expected: Sequence[str]) -> bool:
        """Whether the phases are these, each once and in this order."""
        return self.names == tuple(expected)

    def start_of(self, name: str) -> int | None:
        """Steps at which it was first found the nearest, or None where it never was."""
        return next((start for at, start in zip(self.names, self.starts, strict=True) if at == name), None)


def phases(steps: Sequence[int], distances: Mapping[str, Floats]) -> Phases:
    """Which reference was the nearest when.

    Definition:
        at each look the reference with the smallest distance, of equals the one that is named first; runs of the same
        one are a phase
    Args:
        steps: of each look, ascending, shape [num_looks >= 1].
        distances: to each reference at each look, shape [num_looks].
    Source: Edelman et al. 2024 (2402.11004), figure 2: the phases of the loss.
    Differs: phases are told by the nearest reference, where the paper shows the curves; no smoothing.
    """
    names = tuple(distances)
    nearest = np.argmin(np.stack([np.asarray(distances[name]) for name in names]), axis=0)
    changes = [0, *(1 + np.flatnonzero(np.diff(nearest))).tolist()]
    return Phases(tuple(names[nearest[at]] for at in changes), tuple(int(steps[at]) for at in changes))
