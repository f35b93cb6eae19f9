"""Logistic regression on one number, finite on every sample, with a profile-likelihood interval for its slope."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtri

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.errors import InputError, NumericalError

_LARGEST_SLOPE = 1e6


class FirthLogistic:
    """Penalised likelihood of P(y = 1) = 1 / (1 + exp(-(a + b x))).

    Definition:
        L*(a, b) = sum_i [y_i log p_i + (1 - y_i) log(1 - p_i)] + 1/2 log det I(a, b), I the Fisher information
    Args:
        x: shape [n], at least two distinct values.
        y: shape [n].
    Raises:
        InputError: x has fewer than two distinct values.
    Source: Firth 1993, "Bias reduction of maximum likelihood estimates"; Heinze and Schemper 2002, "A solution to the
        problem of separation in logistic regression".
    Differs: nothing.
    """

    def __init__(self, x: Floats, y: npt.NDArray[np.bool_]) -> None:
        if np.unique(x).size < 2:
            raise InputError("A slope needs at least two distinct values of x.", why=f"There are {np.unique(x).size}.")
        # Centred and scaled for the arithmetic; neither moves the place of the maximum.
        self._scale = float(x.std())
        self._x = (x - x.mean()) / self._scale
        self._y = y.astype(np.float64)

    def _log_likelihood(self, intercept: float, slope: float) -> float:
        eta = intercept + slope * self._x
        plain = float((self._y * eta - np.logaddexp(0.0, eta)).sum())
        # det I = sum w . sum w (x - mean_w x)^2 with w = p (1 - p): in this form, and with logarithms, far from 0 too.
        log_weights = -np.logaddexp(0.0, eta) - np.logaddexp(0.0, -eta)
        largest = float(log_weights.max())
        weights = np.exp(log_weights - largest)
        total = float(weights.sum())
        spread = float((weights * (self._x - (weights * self._x).sum() / total) ** 2).sum())
        return plain + 0.5 * (2.0 * largest + float(np.log(total)) + float(np.log(max(spread, 1e-300))))

    def profile(self, slope: float) -> float:
        """Penalised log-likelihood, up to a constant, at its maximum over a.

        Args:
            slope: b, change of the log-odds per unit of x.
        """
        return self._profile(slope * self._scale)

    def _profile(self, slope: float) -> float:
        return -_minimum(lambda intercept: -self._log_likelihood(intercept, slope))[1]

    def slope(self, *, confidence: float) -> Interval:
        """b, with its profile-likelihood interval.

        Definition:
            the b with 2 (max L* - max_a L*(a, b)) <= the 1 - alpha quantile of chi-squared with 1 degree of freedom
        Args:
            confidence: 1 - alpha.
        Returns:
            change of the log-odds per unit of x.
        Raises:
            NumericalError: the likelihood does not fall far enough on a side to have a bound there.
        Cost: some thousand passes over the sample.
        Source: Heinze and Schemper 2002, profile penalised likelihood.
        Differs: nothing.
        """
        best, lowest = _minimum(lambda slope: -self._profile(slope))
        floor = -lowest - float(ndtri(0.5 + confidence / 2)) ** 2 / 2
        low, high = (_crossing(lambda slope: self._profile(slope) - floor, best, side) for side in (-1.0, 1.0))
        return Interval(best / self._scale, low / self._scale, high / self._scale, self._y.size)


def _minimum(function: Callable[[float], float]) -> tuple[float, float]:
    """Place and height of the only minimum of a smooth function."""
    found = minimize_scalar(function, bracket=(-0.5, 0.5), method="brent", options={"xtol": 1e-10})
    return float(found.x), float(found.fun)


def _crossing(above: Callable[[float], float], start: float, side: float) -> float:
    """Where a function that is positive at the start becomes negative on that side."""
    inner, reach = start, 0.5
    while above(outer := start + side * reach) > 0:
        inner, reach = outer, 2 * reach
        if reach > _LARGEST_SLOPE:
            raise NumericalError("The slope has no bound on one side.", next_step="Give more distinct values of x.")
    return float(brentq(above, inner, outer, xtol=1e-9))
