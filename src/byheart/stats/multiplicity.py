"""Several tests at once: how many of their claims may be wrong."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.errors import InputError


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: the chance of any false claim among all of them stays below the level at which one is cut.

    Definition:
        sorted ascending, p_(i) becomes max over j <= i of min(1, (k - j + 1) p_(j)), k the number of tests
    Args:
        p_values: of the k tests, each in [0, 1].
    Returns:
        the adjusted p-values, in the order given.
    Raises:
        InputError: a p-value outside [0, 1].
    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    Differs: nothing.
    """
    if not all(0.0 <= p <= 1.0 for p in p_values):
        raise InputError("A p-value lies in [0, 1].", why=f"Got {list(p_values)}.")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def benjamini_hochberg(p_values: Floats, rate: float) -> npt.NDArray[np.bool_]:
    """Which hypotheses to reject so that the expected share of false rejections is at most the rate.

    Definition:
        sorted p_(1) <= ... <= p_(m); reject those with p <= p_(k), k the largest with p_(k) <= rate k / m
    Args:
        p_values: shape [m], each in (0, 1]; valid, and independent or positively dependent.
        rate: false discovery rate, in (0, 1).
    Returns:
        shape [m]; equal p-values share their fate.
    Source: Benjamini and Hochberg 1995, "Controlling the false discovery rate"; Bates et al. 2023, "Testing for
        outliers with conformal p-values" (2104.08279): conformal p-values of one calibration set qualify.
    Differs: nothing.
    """
    m = p_values.size
    ordered = np.sort(p_values)
    passing = np.flatnonzero(ordered <= rate * np.arange(1, m + 1) / max(m, 1) * (1 + 1e-12))
    if not passing.size:
        return np.zeros(m, dtype=np.bool_)
    return p_values <= ordered[passing[-1]]
