"""Paired differences agree with their exact tests, cover as they say, and use what the texts share."""

import itertools

import numpy as np
import pytest
from scipy.stats import binomtest

from byheart.core.evidence import Interval
from byheart.core.streams import stream
from byheart.errors import InputError
from byheart.stats.intervals import newcombe, wilson
from byheart.stats.paired import (
    MIN_PAIRS,
    difference_of_intervals,
    mcnemar_p_value,
    paired_area_difference,
    paired_rate_difference,
    paired_rate_p_value,
)
from byheart.stats.roc import auc


@pytest.mark.parametrize(("b", "c"), [(0, 0), (0, 5), (0, 6), (3, 9), (9, 3), (7, 7), (40, 80)])
def test_mcnemar_is_the_exact_binomial_test_of_the_cases_that_changed(b: int, c: int) -> None:
    expected = binomtest(min(b, c), b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar_p_value(b, c) == pytest.approx(min(1.0, expected), rel=1e-12)


def test_the_interval_leaves_0_out_only_where_the_exact_test_does() -> None:
    n, seen = 30, {True: 0, False: 0}
    for both, b, c in itertools.product(range(0, 11, 5), range(10), range(10)):
        it = paired_rate_difference(both + b, both + c, both, n)
        assert it.low <= it.value <= it.high
        assert it.value == pytest.approx((c - b) / n, abs=1e-15)
        claims = it.low > 0 or it.high < 0
        seen[claims] += 1
        assert not claims or mcnemar_p_value(b, c) <= 0.05
        assert claims == (paired_rate_p_value(both + b, both + c, both, n) <= 0.05)
    assert min(seen.values()) > 20


def test_cases_that_do_not_change_still_leave_a_width() -> None:
    it = paired_rate_difference(7, 7, 7, 100)
    reach = 1 - 0.025 ** (1 / 100)
    assert (it.value, it.low, it.high) == pytest.approx((0.0, -reach, reach))


def test_too_few_pairs_are_refused_with_the_number_needed() -> None:
    with pytest.raises(InputError, match=f"needs {MIN_PAIRS} cases"):
        paired_rate_difference(1, 2, 1, MIN_PAIRS - 1)


def test_pairs_that_agree_give_a_narrower_interval_than_two_samples() -> None:
    pair = paired_rate_difference(40, 50, 40, 100)
    apart = newcombe((50, 100), (40, 100))
    assert pair.value == pytest.approx(apart.value)
    assert pair.high - pair.low < 0.7 * (apart.high - apart.low)


def test_the_difference_of_two_wilson_intervals_is_newcombes() -> None:
    one, two = wilson(7, 100), wilson(20, 80)
    it, expected = difference_of_intervals(one, two, 80), newcombe((20, 80), (7, 100))
    assert (it.value, it.low, it.high) == pytest.approx((expected.value, expected.low, expected.high), abs=1e-15)


def test_swapping_the_runs_turns_the_difference_round() -> None:
    one, two = Interval(1.0, 0.5, 1.7), Interval(2.0, 1.8, 2.1)
    there, back = difference_of_intervals(one, two, 9), difference_of_intervals(two, one, 9)
    assert (back.value, back.low, back.high) == (-there.value, -there.high, -there.low)
    there, back = paired_rate_difference(10, 20, 8, 50), paired_rate_difference(20, 10, 8, 50)
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))


def scores(shift: float, noise: float, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two measurements of the same 60 members and 50 controls that share most of what makes a text easy."""
    base = rng.normal(size=60) + 0.7, rng.normal(size=50)
    found = []
    for extra in (0.0, shift):
        found.append(
            tuple(side + noise * rng.normal(size=side.size) + extra * k for side, k in zip(base, (1, 0), strict=True))
        )
    return found  # type: ignore[return-value]


def test_an_area_difference_is_the_difference_of_the_areas_and_narrower_than_unpaired() -> None:
    first, second = scores(0.5, 0.3, stream(0, "test"))
    it = paired_area_difference(first, second)
    one, two = auc(*first), auc(*second)
    assert it.value == pytest.approx(two.value - one.value)
    apart = difference_of_intervals(one, two, 110)
    assert it.high - it.low < 0.7 * (apart.high - apart.low)


def test_equal_areas_are_told_apart_at_most_as_often_as_promised() -> None:
    rng, missed = stream(1, "test"), 0
    for _ in range(400):
        it = paired_area_difference(*scores(0.0, 0.5, rng))
        missed += it.low > 0 or it.high < 0
    assert missed <= 33  # 400 * 0.05 = 20, and three standard deviations of 4.4


def test_equal_rates_are_told_apart_at_most_as_often_as_promised() -> None:
    rng, missed = stream(2, "test"), 0
    for _ in range(400):
        easy = rng.random(60)
        first, second = (easy + 0.2 * rng.normal(size=60) > 0.6 for _ in range(2))
        it = paired_rate_difference(int(first.sum()), int(second.sum()), int((first & second).sum()), 60)
        missed += it.low > 0 or it.high < 0
    assert missed <= 33


def test_two_perfect_separations_leave_a_width() -> None:
    sides = np.arange(10.0) + 100, np.arange(12.0)
    it = paired_area_difference(sides, sides)
    assert it.value == 0
    assert it.high == pytest.approx(1 - 0.025 ** (1 / 10))
