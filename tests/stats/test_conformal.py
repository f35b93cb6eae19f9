from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.stats.conformal import conformal_p_values, conformal_threshold, twins_needed

FEW = st.lists(st.integers(0, 4), min_size=1, max_size=12)


@given(FEW, FEW)
def test_the_p_value_counts_the_twins_that_are_at_least_as_great(scores: list[int], twins: list[int]) -> None:
    found = conformal_p_values(np.array(scores, dtype=float), np.array(twins, dtype=float))
    expected = [(1 + sum(twin >= score for twin in twins)) / (len(twins) + 1) for score in scores]
    assert found.tolist() == expected


@given(FEW, st.sampled_from([0.1, 0.2, 0.25, 0.5]))
def test_a_score_exchangeable_with_the_twins_has_a_small_p_value_no_more_often_than_it_says(
    twins: list[int], rate: float
) -> None:
    """Every one of n + 1 numbers is equally likely to be the one that is judged by the others, ties included."""
    numbers = np.array([*twins, 2], dtype=float)
    small = [
        conformal_p_values(numbers[i : i + 1], np.delete(numbers, i))[0] <= rate + 1e-12 for i in range(numbers.size)
    ]
    assert Fraction(sum(small), numbers.size) <= Fraction(rate)


@given(st.lists(st.integers(0, 30), min_size=19, max_size=60), st.integers(0, 30))
def test_above_the_threshold_is_a_p_value_of_at_most_the_rate(twins: list[int], score: int) -> None:
    unseen = np.array(twins, dtype=float)
    threshold, false_positives = conformal_threshold(unseen, 0.05)
    p_value = conformal_p_values(np.array([score], dtype=float), unseen)[0]
    assert (score > threshold) == (p_value <= 0.05 + 1e-12)
    assert false_positives.low < false_positives.value <= 0.05 + 1e-12
    assert false_positives.n == len(twins)


def test_the_false_positive_rate_of_the_threshold_is_beta() -> None:
    # 39 twins at 5 %: the 2nd largest is the threshold, so the rate is Beta(2, 38), whose distribution function is
    # P(Binomial(39, x) >= 2).
    _, rate = conformal_threshold(np.arange(39.0), 0.05)
    assert rate.value == pytest.approx(2 / 40)
    for bound, tail in ((rate.low, 0.025), (rate.high, 0.975)):
        at_least_two = 1 - sum(comb(39, k) * bound**k * (1 - bound) ** (39 - k) for k in range(2))
        assert at_least_two == pytest.approx(tail, abs=1e-9)


@pytest.mark.parametrize(("rate", "needed"), [(0.05, 19), (0.01, 99), (0.1, 9), (0.001, 999)])
def test_a_rate_needs_its_number_of_twins(rate: float, needed: int) -> None:
    assert twins_needed(rate) == needed
    conformal_threshold(np.arange(float(needed)), rate)
    with pytest.raises(InputError, match=str(needed)):
        conformal_threshold(np.arange(float(needed - 1)), rate)


def test_what_is_not_a_number_is_refused() -> None:
    with pytest.raises(InputError, match="ordered"):
        conformal_p_values(np.array([0.0, np.nan]), np.arange(20.0))
    with pytest.raises(InputError, match="ordered"):
        conformal_p_values(np.arange(2.0), np.array([*range(19), np.nan]))
    with pytest.raises(InputError, match="ordered"):
        conformal_threshold(np.array([*range(19), np.nan]), 0.05)
