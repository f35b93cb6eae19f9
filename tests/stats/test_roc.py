import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson
from byheart.stats.roc import MIN_SIDE, auc, controls_needed, placements, roc_curve, tpr_at_fpr

FEW = st.lists(st.integers(0, 6), min_size=MIN_SIDE, max_size=25)


def slow_auc(positives: list[int], negatives: list[int]) -> float:
    """The share of pairs won, ties by half, pair by pair."""
    won = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p in positives for n in negatives)
    return won / (len(positives) * len(negatives))


@given(FEW, FEW)
def test_the_area_is_the_share_of_pairs_won_and_lies_in_its_interval(
    positives: list[int], negatives: list[int]
) -> None:
    found = auc(np.array(positives, dtype=float), np.array(negatives, dtype=float))
    assert found.value == pytest.approx(slow_auc(positives, negatives))
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert found.low < found.high


@given(FEW, FEW)
def test_swapping_the_sides_mirrors_the_area_and_its_interval(positives: list[int], negatives: list[int]) -> None:
    one = auc(np.array(positives, dtype=float), np.array(negatives, dtype=float))
    other = auc(np.array(negatives, dtype=float), np.array(positives, dtype=float))
    assert (one.low, one.value, one.high) == pytest.approx((1 - other.high, 1 - other.value, 1 - other.low))


@given(FEW, FEW)
def test_only_the_order_of_the_scores_counts(positives: list[int], negatives: list[int]) -> None:
    plain = auc(np.array(positives, dtype=float), np.array(negatives, dtype=float))
    bent = auc(np.exp(np.array(positives, dtype=float)), np.exp(np.array(negatives, dtype=float)))
    assert plain == bent


def test_placements_count_ties_by_half() -> None:
    # Of the negatives 1, 2, 2, 3 the positive 2 exceeds one and ties with two.
    assert placements(np.array([2.0]), np.array([1.0, 2.0, 2.0, 3.0]))[0] == (1 + 2 / 2) / 4


def test_the_variance_is_delong_s() -> None:
    positives, negatives = np.arange(4.0, 16.0), np.arange(0.0, 12.0)
    v = np.array([sum(p > n for n in negatives) + sum(p == n for n in negatives) / 2 for p in positives]) / 12
    w = np.array([sum(p > n for p in positives) + sum(p == n for p in positives) / 2 for n in negatives]) / 12
    area = v.mean()
    spread = math.sqrt(sum((v - area) ** 2) / 11 / 12 + sum((w - area) ** 2) / 11 / 12)
    found = auc(positives, negatives)
    centre = math.log(found.value / (1 - found.value))
    half = (math.log(found.high / (1 - found.high)) - math.log(found.low / (1 - found.low))) / 2
    assert math.log(found.high / (1 - found.high)) - centre == pytest.approx(half)
    # Both terms are equal: Satterthwaite's degrees of freedom are 11 + 11, whose Student quantile is 2.0739.
    assert half == pytest.approx(2.0738731 * spread / (area * (1 - area)), rel=1e-6)


def test_perfect_separation_has_the_exact_interval_of_so_many_pairs() -> None:
    high, low = np.arange(20.0) + 100, np.arange(10.0)
    assert (auc(high, low).low, auc(high, low).high) == pytest.approx((clopper_pearson(10, 10).low, 1.0))
    assert (auc(low, high).low, auc(low, high).high) == pytest.approx((0.0, clopper_pearson(0, 10).high))


def test_nothing_but_ties_says_nothing() -> None:
    found = auc(np.zeros(10), np.zeros(30))
    reach = 1 - 0.025 ** (1 / 10)
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5 - reach / 2, 0.5 + reach / 2))


@pytest.mark.parametrize(("shift", "m", "n"), [(0.0, 10, 10), (0.0, 60, 20), (1.2, 20, 20), (2.3, 100, 20)])
def test_the_interval_of_the_area_holds_its_level(shift: float, m: int, n: int) -> None:
    rng = np.random.default_rng(5)
    true = float(ndtr(shift / math.sqrt(2)))
    found = [auc(rng.normal(shift, 1, m), rng.normal(0, 1, n)) for _ in range(600)]
    covered = sum(it.low <= true <= it.high for it in found)
    # Of 600 intervals that cover with 93 % at least, fewer than 540 would by chance in 1 of 300 tries.
    assert covered >= 540


def test_too_few_on_a_side_are_refused() -> None:
    with pytest.raises(InputError, match="at least 10"):
        auc(np.arange(9.0), np.arange(30.0))


def test_so_many_controls_are_needed() -> None:
    assert [controls_needed(rate) for rate in (0.01, 0.001, 0.05, 1.0)] == [100, 1000, 20, 1]
    with pytest.raises(InputError, match="at least 100 controls"):
        tpr_at_fpr(np.arange(50.0), np.arange(99.0), 0.01)
    with pytest.raises(InputError, match="at least 1000 controls"):
        tpr_at_fpr(np.arange(50.0), np.arange(999.0), 0.001)


def test_the_rate_counts_members_above_the_allowed_controls() -> None:
    controls = np.arange(200.0)  # at 1 % floor(0.01 * 201) = 2: the threshold is the second largest, 198
    members = np.array([197.5, 198.0, 198.5, 300.0])
    assert tpr_at_fpr(members, controls, 0.01).value == 2 / 4
    assert tpr_at_fpr(members, controls, 1.0).value == 4 / 4


@pytest.mark.parametrize(("num", "rate"), [(100, 0.01), (198, 0.01), (199, 0.01), (400, 0.01), (25, 0.05), (7, 1.0)])
def test_a_member_that_is_like_a_control_is_above_the_threshold_no_more_often_than_the_rate_says(
    num: int, rate: float
) -> None:
    # One of num + 1 numbers, each equally likely to be the member and the others its controls.
    numbers = np.arange(num + 1.0)
    hits = sum(tpr_at_fpr(numbers[i : i + 1], np.delete(numbers, i), rate).value for i in range(num + 1))
    assert hits == math.floor(rate * (num + 1) + 1e-9)
    assert rate / 2 < hits / (num + 1) <= rate


def test_the_threshold_of_the_population_lies_between_the_very_order_statistics_that_the_binomial_gives() -> None:
    # At 1 % of 390 controls: P(none exceeds it) = 0.99^390 = 1.985 % is within 4/5 of 2.5 %, P(at most 1) is not; so
    # the largest control bounds it from above. P(more than 8) = 1.80 % is within too, P(more than 7) is not; so the
    # 9th largest bounds it from below.
    controls, num = np.arange(390.0), 50
    just_below_the_largest = tpr_at_fpr(np.full(num, 388.5), controls, 0.01)
    assert (just_below_the_largest.low, just_below_the_largest.value) == (0.0, 1.0)
    sure = 1 - 2 * 0.2 * 0.025
    above_the_largest = tpr_at_fpr(np.full(num, 389.5), controls, 0.01)
    assert above_the_largest.low == pytest.approx(clopper_pearson(num, num, confidence=sure).low)
    most = next(k for k in range(390) if binom.sf(k, 390, 0.01) <= 0.8 * 0.025)
    above_the_lower, not_above = (tpr_at_fpr(np.full(num, 389.0 - most + d), controls, 0.01) for d in (0.5, 0.0))
    assert above_the_lower.high == 1.0
    assert not_above.high == pytest.approx(clopper_pearson(0, num, confidence=sure).high)


def test_ties_at_the_threshold_are_no_hits() -> None:
    assert tpr_at_fpr(np.zeros(20), np.zeros(100), 0.01).value == 0 / 20


def test_a_hundred_controls_cannot_bound_the_threshold_from_above() -> None:
    # 0.99^100 = 37 %: the population's threshold may well lie above every one of them.
    assert tpr_at_fpr(np.full(100, 9.0), np.arange(100.0) / 100, 0.01).low == 0.0
    # 0.99^389 = 2.005 % and 0.99^390 = 1.985 %: from 390 on the largest control bounds it at 4/5 of 2.5 %.
    assert tpr_at_fpr(np.full(100, 9.0), np.arange(389.0) / 389, 0.01).low == 0.0
    assert tpr_at_fpr(np.full(100, 9.0), np.arange(390.0) / 390, 0.01).low > 0.9


@pytest.mark.parametrize("shift", [0.0, 1.2, 4.0])
@pytest.mark.parametrize("num", [100, 500])
def test_the_interval_of_the_rate_covers_although_the_threshold_is_estimated(shift: float, num: int) -> None:
    rng = np.random.default_rng(6)
    true = 1 - float(ndtr(float(ndtri(0.99)) - shift))
    found = [tpr_at_fpr(rng.normal(shift, 1, num), rng.normal(0, 1, num), 0.01) for _ in range(300)]
    # At 95 %, fewer than 274 of 300 would be covered by chance in 1 of 200 tries.
    assert sum(it.low <= true <= it.high for it in found) >= 274


def test_the_curve_rises_and_leaves_out_what_so_few_controls_cannot_say() -> None:
    rng = np.random.default_rng(7)
    curve = roc_curve(rng.normal(1, 1, 80), rng.normal(0, 1, 150), (0.001, 0.01, 0.1, 0.5, 1.0))
    assert [rate for rate, _ in curve] == [0.01, 0.1, 0.5, 1.0]
    assert [it.value for _, it in curve] == sorted(it.value for _, it in curve)
    assert curve[-1][1].value == 1.0
