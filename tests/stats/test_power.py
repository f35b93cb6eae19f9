"""The power of a claim, against the claim itself."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.evidence import Estimate
from byheart.core.streams import stream
from byheart.errors import InputError
from byheart.stats.claims import excess_over_control, rate_beside_control
from byheart.stats.intervals import clopper_pearson
from byheart.stats.power import (
    POWER,
    excess_power,
    shift_of_interval,
    smallest_area,
    smallest_guess_rate,
    smallest_rate,
    smallest_shift,
)
from byheart.stats.roc import auc


def slow_power(p1: float, p2: float, n1: int, n2: int) -> float:
    """By trying every outcome."""
    total = 0.0
    for k, m in product(range(n1 + 1), range(n2 + 1)):
        it = excess_over_control((k, n1), (m, n2))
        if it is not None and it.low > 0:
            total += math.comb(n1, k) * p1**k * (1 - p1) ** (n1 - k) * math.comb(n2, m) * p2**m * (1 - p2) ** (n2 - m)
    return total


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 16), st.integers(8, 16), st.floats(0, 1), st.floats(0, 1))
def test_the_power_of_an_excess_is_the_sum_over_every_outcome(n1: int, n2: int, p1: float, p2: float) -> None:
    assert excess_power(p1, p2, n1, n2) == pytest.approx(slow_power(p1, p2, n1, n2), abs=1e-9)


@pytest.mark.parametrize(("n1", "n2"), [(3, 1), (10, 10), (100, 10), (20, 20), (100, 100), (400, 20)])
def test_equal_rates_are_never_claimed_to_differ_too_often(n1: int, n2: int) -> None:
    """By Newcombe's interval alone: 10.5 % of 3 against 1, 4.6 % of 100 against 10, 2.7 % of 20 against 20."""
    assert max(excess_power(rate, rate, n1, n2) for rate in np.linspace(0.01, 0.99, 50)) <= 0.025


@settings(max_examples=20, deadline=None)
@given(st.integers(10, 120), st.integers(10, 120), st.sampled_from((0.0, 0.05, 0.3)))
def test_the_smallest_rate_is_where_the_power_crosses(n1: int, n2: int, control: float) -> None:
    rate = smallest_rate(control, n1, n2)
    assert rate is not None
    assert excess_power(rate, control, n1, n2) >= POWER - 1e-9
    assert excess_power(rate - 1e-6, control, n1, n2) < POWER


def test_more_windows_find_less() -> None:
    found = [smallest_rate(0.0, n, n) for n in (20, 100, 400, 2000)]
    assert all(rate is not None for rate in found)
    assert found == sorted(found, reverse=True)  # type: ignore[type-var]


def test_too_few_windows_find_nothing() -> None:
    assert smallest_rate(0.9, 3, 3) is None
    with pytest.raises(InputError, match="both sides"):
        smallest_rate(0.0, 0, 3)


def test_a_guess_rate_needs_six_coins() -> None:
    assert smallest_guess_rate(5) is None  # 0.5^5 > 0.025
    # All six must be right, in 80 % of the studies.
    assert smallest_guess_rate(6) == pytest.approx(0.8 ** (1 / 6))


def test_a_shift_of_ten_pairs_is_student_s() -> None:
    assert smallest_shift(10) == pytest.approx((2.262157 + 0.841621) / math.sqrt(10), rel=1e-6)
    assert smallest_shift(1) is None


def test_an_interval_says_what_it_could_have_shown_wherever_it_lies() -> None:
    assert shift_of_interval(-1, 1) == pytest.approx((1.959964 + 0.841621) / 1.959964, rel=1e-6)
    assert shift_of_interval(4, 6) == shift_of_interval(-1, 1)


def test_an_area_of_few_documents_is_not_to_be_had() -> None:
    assert smallest_area(9, 100) is None
    large = smallest_area(2000, 2000)
    assert large is not None
    assert 0.52 < large < 0.53  # 2.8 sqrt((m + n + 1) / (12 m n)) = 0.0256


@pytest.mark.slow
@pytest.mark.parametrize(("n1", "n2", "control"), [(100, 100, 0.0), (100, 50, 0.05), (20, 20, 0.0), (400, 200, 0.01)])
def test_the_stated_rate_is_claimed_four_times_in_five(n1: int, n2: int, control: float) -> None:
    rng = stream(0, "power", "rate")
    rate = smallest_rate(control, n1, n2)
    assert rate is not None
    claimed = 0
    for _ in range(3000):
        seen, unseen = int(rng.binomial(n1, rate)), int(rng.binomial(n2, control))
        it = rate_beside_control("extraction.x", (seen, n1), (unseen, n2), method="")
        assert isinstance(it, Estimate)
        assert it.excess is not None
        claimed += it.excess.low > 0
    interval = clopper_pearson(claimed, 3000, confidence=0.999)
    assert interval.low <= POWER <= interval.high


@pytest.mark.slow
@pytest.mark.parametrize(("m", "n"), [(100, 100), (100, 50), (400, 200), (20, 20)])
def test_the_stated_area_is_claimed_about_four_times_in_five(m: int, n: int) -> None:
    """Scores of two normal distributions: Hanley and McNeil's variance is of exponential ones, so about."""
    rng = stream(0, "power", "area")
    area = smallest_area(m, n)
    assert area is not None
    # P(X > Y) = Phi(shift / sqrt 2) for normal X and Y whose means differ by the shift
    shift = math.sqrt(2) * float(np.quantile(rng.standard_normal(4_000_000), area))
    claimed = sum(auc(shift + rng.standard_normal(m), rng.standard_normal(n)).low > 0.5 for _ in range(2000))
    assert 0.75 <= claimed / 2000 <= 0.85


@pytest.mark.slow
def test_the_stated_shift_is_found_about_four_times_in_five_by_the_bootstrap() -> None:
    from byheart.stats.bootstrap import ratio_difference

    rng = stream(0, "power", "shift")
    n, ones = 40, np.ones(40)
    shift = smallest_shift(n)
    assert shift is not None
    found = 0
    for _ in range(400):
        values = shift + rng.standard_normal(n) + 10
        found += ratio_difference((values, ones), (10 * ones, ones), rng=rng).low > 0
    assert 0.74 <= found / 400 <= 0.88
