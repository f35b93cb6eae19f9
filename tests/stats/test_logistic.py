import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.stats.logistic import FirthLogistic

Numbers = npt.NDArray[Any]
CHI_SQUARED = 3.841458820694124
"""The 95 % quantile with 1 degree of freedom."""


def penalised(x: Numbers, y: Numbers, a: float, b: float) -> float:
    """The definition, with an explicit Fisher information matrix."""
    p = 1 / (1 + np.exp(-(a + b * x)))
    plain = -sum(math.log1p(math.exp(-eta if hit else eta)) for eta, hit in zip(a + b * x, y, strict=True))
    information = np.zeros((2, 2))
    for x_i, q in zip(x, p, strict=True):
        row = np.array([1.0, x_i])
        information += q * (1 - q) * np.outer(row, row)
    return plain + 0.5 * math.log(np.linalg.det(information))


def highest(x: Numbers, y: Numbers, b: float) -> float:
    """By thirds: the greatest height over the intercept."""
    low, high = -12.0, 12.0
    for _ in range(60):
        third = (high - low) / 3
        if penalised(x, y, low + third, b) < penalised(x, y, high - third, b):
            low += third
        else:
            high -= third
    return penalised(x, y, (low + high) / 2, b)


SAMPLES = (
    (np.array([0.0] * 12 + [1.0] * 10), np.array([0] * 10 + [1] * 2 + [0] * 3 + [1] * 7, dtype=bool)),
    (np.log10(np.repeat([1.0, 2, 7, 16, 64], 6)), np.arange(30) % 7 > 3),
    (np.array([0.0] * 10 + [1.2] * 10), np.arange(20) >= 10),  # separated: plain likelihood has no maximum
)


@pytest.mark.parametrize(("x", "y"), SAMPLES, ids=("two levels", "strata", "separated"))
def test_the_slope_is_where_the_penalised_likelihood_is_greatest_and_ends_where_it_has_fallen(
    x: Numbers, y: Numbers
) -> None:
    slope = FirthLogistic(x, y).slope(confidence=0.95)
    top = highest(x, y, slope.value)
    assert top > max(highest(x, y, slope.value - 0.01), highest(x, y, slope.value + 0.01))
    for bound in (slope.low, slope.high):
        assert 2 * (top - highest(x, y, bound)) == pytest.approx(CHI_SQUARED, abs=1e-4)
    assert slope.n == x.size


def test_two_levels_have_the_log_odds_ratio_with_half_a_count_added_to_each_cell() -> None:
    # Firth's correction of a saturated 2 x 2 table is Haldane's: 2 of 12 against 7 of 10.
    x, y = SAMPLES[0]
    expected = math.log((7 + 0.5) / (3 + 0.5)) - math.log((2 + 0.5) / (10 + 0.5))
    assert FirthLogistic(x, y).slope(confidence=0.95).value == pytest.approx(expected, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 100), st.booleans()), min_size=4, max_size=30), st.floats(-3, 3))
def test_every_sample_has_finite_numbers_that_move_with_the_unit_and_not_with_the_origin(
    sample: list[tuple[int, bool]], shift: float
) -> None:
    counts = np.array([1, 100, *(count for count, _ in sample)], dtype=float)
    y = np.array([False, True, *(hit for _, hit in sample)])
    once = FirthLogistic(np.log10(counts), y).slope(confidence=0.9)
    moved = FirthLogistic(2 * np.log10(counts) + shift, y).slope(confidence=0.9)
    assert once.low < once.value < once.high
    assert (2 * moved.low, 2 * moved.high) == pytest.approx((once.low, once.high), rel=1e-4, abs=1e-4)
    turned = FirthLogistic(np.log10(counts), ~y).slope(confidence=0.9)
    assert turned.value == pytest.approx(-once.value, abs=1e-4)


def test_one_value_of_x_has_no_slope() -> None:
    with pytest.raises(InputError, match="two distinct"):
        FirthLogistic(np.zeros(20), np.arange(20) > 9)
