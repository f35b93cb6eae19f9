"""Many claims at once: how many of them may be wrong."""

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats


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
