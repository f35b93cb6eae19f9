"""The self-test of exposure: secrets that were never planted must stand out no more and no less than chance says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.evidence import Interval
from byheart.stats.intervals import clopper_pearson


@dataclass(frozen=True)
class NullLevel:
    """How often secrets that were never planted reach one exposure."""

    bits: int
    """The exposure."""
    nominal: float
    """How often they should, by arithmetic."""
    found: Interval
    """How often they do, with Clopper-Pearson bounds."""

    @property
    def holds(self) -> bool:
        """Whether the bounds hold the nominal rate."""
        return self.found.low <= self.nominal <= self.found.high


def null_levels(
    ranks: npt.NDArray[np.int64], num_candidates: npt.NDArray[np.int64], *, false_alarms: float = 0.01
) -> tuple[NullLevel, ...]:
    """The self-test of exposure: secrets that were never planted must stand out no more and no less than chance says.

    Definition:
        for m = 1, 2, ... up to log2 of the fewest candidates: share of exposures >= m, against
        mean_i floor(M_i 2^-m) / M_i, which is 2^-m where 2^m divides M_i; bounds at 1 - false_alarms / number of levels
    Args:
        ranks: of unplanted secrets, equals in random order; 1-based, shape [n >= 1], independent of one another.
        num_candidates: M, what each was ranked among, itself included, shape [n].
        false_alarms: probability that a sound harness fails at some level, at most.
    Returns:
        one entry a level.
    Source: Carlini et al. 2019 (arXiv 1802.08232): P(exposure >= m) = 2^-m where nothing was planted.
    Differs: exact for discrete ranks.
    """
    num_levels = max(1, int(np.log2(num_candidates.min())))
    levels = []
    for bits in range(1, num_levels + 1):
        largest = num_candidates // 2**bits
        nominal = float((largest / num_candidates).mean())
        hits = int((ranks <= largest).sum())
        levels.append(
            NullLevel(bits, nominal, clopper_pearson(hits, ranks.size, confidence=1 - false_alarms / num_levels))
        )
    return tuple(levels)


def fitted_levels(exposures: Sequence[float], most: float, *, false_alarms: float = 0.01) -> tuple[NullLevel, ...]:
    """The self-test of exposures that are no ranks: the same rule, at levels that so many secrets can judge.

    Definition:
        for m = 1, 2, ... up to log2 of n and to `most`: share of exposures >= m, against 2^-m
    Args:
        exposures: of unplanted secrets, bits, shape [n >= 1], independent of one another.
        most: largest exposure that is possible, bits.
        false_alarms: as for `null_levels`.
    Source: Carlini et al. 2019 (arXiv 1802.08232).
    Differs: nothing.
    """
    bits = np.asarray(exposures)
    num_levels = max(1, int(min(math.log2(bits.size), most)))
    confidence = 1 - false_alarms / num_levels
    return tuple(
        NullLevel(m, 2.0**-m, clopper_pearson(int((bits >= m).sum()), bits.size, confidence=confidence))
        for m in range(1, num_levels + 1)
    )
