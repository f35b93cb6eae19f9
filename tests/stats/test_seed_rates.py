import math

import numpy as np
import pytest

from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson, newcombe
from byheart.stats.seed_rates import difference_over_seeds, newcombe_paired, rate_over_seeds


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


def test_differences_of_seeds_are_paired_by_seed() -> None:
    two = difference_over_seeds([90, 95], [10, 15], [100, 100])
    assert two == newcombe((185, 200), (25, 200))
    three = difference_over_seeds([90, 50, 70], [10, 10, 10], [100] * 3)
    assert three.value == pytest.approx((80 + 40 + 60) / 300)
    assert three.low == pytest.approx(0.6 - 4.302653 * 0.2 / math.sqrt(3), abs=1e-4)
    assert three.high == 1.0


def test_paired_rates_are_those_of_newcombes_table() -> None:
    # Newcombe 1998, paired data, method 10: a, b, c, d = 36, 12, 2, 0.
    found = newcombe_paired(36 + 12, 36 + 2, 36, 50)
    assert found.value == pytest.approx((12 - 2) / 50)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0569, 0.3404)


@pytest.mark.parametrize("pairing", ["independent", "opposite", "alike"])
def test_paired_intervals_cover_no_difference_however_the_answers_hang_together(pairing: str) -> None:
    rng = np.random.default_rng(0)
    missed = {True: 0, False: 0}
    num, cases = 1000, 300
    for _ in range(num):
        first = rng.random(2 * cases) < 0.5
        other = rng.random(2 * cases)
        second = {"independent": other < 0.5, "opposite": ~first, "alike": np.where(other < 0.2, other < 0.1, first)}
        a, b = first.reshape(2, -1), second[pairing].reshape(2, -1)
        counts = (a.sum(axis=1).tolist(), b.sum(axis=1).tolist(), [cases] * 2)
        for paired in (True, False):
            both = (a & b).sum(axis=1).tolist() if paired else None
            found = difference_over_seeds(*counts, both=both)
            missed[paired] += not found.low <= 0 <= found.high
    assert missed[True] / num <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / num)
    if pairing == "opposite":
        assert missed[False] / num > 0.1


def test_more_right_by_both_than_by_one_is_refused() -> None:
    with pytest.raises(InputError, match="Both can be right"):
        newcombe_paired(3, 5, 4, 10)


def test_a_difference_whose_width_is_that_of_the_seeds_says_how_few_they_are() -> None:
    sizes = (100, 100, 100)
    assert difference_over_seeds((100, 100, 20), (50, 50, 50), sizes).degrees_of_freedom == 2
    assert difference_over_seeds((90, 90, 90), (50, 50, 50), sizes).degrees_of_freedom is None
    assert difference_over_seeds((90, 20), (50, 50), (100, 100)).degrees_of_freedom is None
