import math

import pytest

from byheart.stats.intervals import clopper_pearson, newcombe
from byheart.stats.seed_rates import difference_over_seeds, rate_over_seeds


def test_of_two_seeds_the_interval_is_the_exact_one_over_cases() -> None:
    exact = clopper_pearson(30 + 50, 100 + 100)
    assert rate_over_seeds([30, 50], [100, 100]) == exact


def test_seeds_that_agree_to_the_last_case_leave_the_exact_width() -> None:
    found = rate_over_seeds([100] * 5, [100] * 5)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 500))


def test_seeds_that_differ_widen_it() -> None:
    found = rate_over_seeds([20, 50, 80], [100] * 3)
    half = 4.302653 * 0.3 / math.sqrt(3)
    assert found.low == 0.0  # 0.5 - 0.745 is below
    assert found.high == 1.0
    assert half > 0.5
    mild = rate_over_seeds([48, 50, 52], [100] * 3)
    assert mild.low == clopper_pearson(150, 300).low  # t: 0.5 - 4.30 * 0.02 / 1.73 = 0.45 is inside
    assert 0.5 - 4.302653 * 0.02 / math.sqrt(3) > mild.low


def test_differences_of_seeds_are_paired() -> None:
    two = difference_over_seeds([90, 95], [10, 15], [100, 100])
    assert two == newcombe((185, 200), (25, 200))
    three = difference_over_seeds([90, 50, 70], [10, 10, 10], [100] * 3)
    assert three.value == pytest.approx((80 + 40 + 60) / 300)
    assert three.low == pytest.approx(0.6 - 4.302653 * 0.2 / math.sqrt(3), abs=1e-4)
    assert three.high == 1.0
