import numpy as np
import pytest
from scipy.stats import binom, norm, t

from byheart.errors import InputError
from byheart.stats.bootstrap import (
    MIN_CLUSTERS,
    cluster_totals,
    few_clusters_confidence,
    ratio_difference,
    ratio_of_sums,
)


def test_totals_are_sums_within_clusters_in_order_of_appearance() -> None:
    ones, pairs = cluster_totals(["b", "a", "b"], [1.0, 2.0, 4.0], [[1, 10], [2, 20], [4, 40]])
    assert ones.tolist() == [1.0 + 4.0, 2.0]
    assert pairs.tolist() == [[1 + 4, 10 + 40], [2, 20]]


def test_a_ratio_is_of_sums_not_the_mean_of_ratios() -> None:
    a, b = np.array([[1.0], [2.0], [3.0], [4.0], [90.0]]), np.array([[1.0], [1.0], [1.0], [1.0], [96.0]])
    (ratio,) = ratio_of_sums(a, b, rng=np.random.default_rng(0))
    assert ratio.value == (1 + 2 + 3 + 4 + 90) / (1 + 1 + 1 + 1 + 96)
    assert ratio.low <= ratio.value <= ratio.high


def test_equal_clusters_leave_nothing_uncertain() -> None:
    (ratio,) = ratio_of_sums(np.full((9, 1), 3.0), np.full((9, 1), 2.0), rng=np.random.default_rng(0))
    assert (ratio.low, ratio.high) == pytest.approx((1.5, 1.5))


def test_a_seed_gives_the_same_interval_twice() -> None:
    a, b = np.random.default_rng(1).random((20, 2)), np.ones((20, 2))
    once = ratio_of_sums(a, b, rng=np.random.default_rng(5))
    assert once == ratio_of_sums(a, b, rng=np.random.default_rng(5))
    assert once != ratio_of_sums(a, b, rng=np.random.default_rng(6))


def test_the_interval_of_a_ratio_covers_at_about_its_confidence() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(300):
        sizes = rng.integers(50, 150, 40).astype(float)
        bits = sizes * (2.0 + rng.normal(0, 0.5, 40))
        (ratio,) = ratio_of_sums(bits[:, None], sizes[:, None], rng=rng, num_resamples=400)
        hits += ratio.low <= 2.0 <= ratio.high
    assert 0.90 <= hits / 300 <= 0.98


def test_a_paired_difference_is_narrower_than_its_parts() -> None:
    rng = np.random.default_rng(3)
    sizes, common = np.full(50, 100.0), rng.normal(300, 60, 50)
    first, second = common + 20 + rng.normal(0, 2, 50), common
    paired = ratio_difference((first, sizes), (second, sizes), rng=rng)
    alone = ratio_of_sums(first[:, None], sizes[:, None], rng=rng)[0]
    assert paired.value == pytest.approx((first - second).sum() / (50 * 100.0))
    assert paired.low > 0.18
    assert paired.high - paired.low < (alone.high - alone.low) / 5


def test_too_few_documents_and_empty_columns_are_refused() -> None:
    few = np.ones((MIN_CLUSTERS - 1, 1))
    with pytest.raises(InputError, match="documents"):
        ratio_of_sums(few, few, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="documents"):
        ratio_difference((few[:, 0], few[:, 0]), (few[:, 0], few[:, 0]), rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="denominator"):
        ratio_of_sums(np.ones((9, 1)), np.zeros((9, 1)), rng=np.random.default_rng(0))


def test_few_clusters_ask_for_the_tail_behind_a_widened_student_quantile() -> None:
    for num_clusters in (5, 20, 100):
        quantile = t.ppf(0.975, num_clusters - 1) * (num_clusters / (num_clusters - 1)) ** 0.5
        tail = (1 - few_clusters_confidence(0.95, num_clusters)) / 2
        assert tail == pytest.approx(norm.sf(quantile))
    assert few_clusters_confidence(0.95, 10**7) == pytest.approx(0.95, abs=1e-5)


def test_the_excess_of_eight_pairs_leaves_out_zero_no_more_often_than_it_says() -> None:
    rng, num, studies = np.random.default_rng(5), 8, 300
    ones, errors = np.ones(num), 0
    for _ in range(studies):
        first, second = (6 - np.log2(rng.integers(1, 65, num)) for _ in range(2))
        it = ratio_difference((first, ones), (second, ones), rng=rng, num_resamples=800)
        errors += not it.low <= 0 <= it.high
    # 5 % and what chance adds to it in all but one run of 1,000. A percentile interval not widened errs in some 13 %.
    assert errors <= binom.ppf(0.999, studies, 0.05)


@pytest.mark.parametrize(("num", "least"), [(5, 0.87), (8, 0.92), (20, 0.93)])
def test_the_interval_of_a_mean_of_few_documents_covers_nearly_as_it_says(num: int, least: float) -> None:
    rng, studies = np.random.default_rng(6), 1000
    # All studies are columns of one call: documents are resampled together, which leaves each its own coverage.
    means = ratio_of_sums(rng.normal(1, 1, (num, studies)), np.ones((num, studies)), rng=rng, num_resamples=1500)
    covered = sum(it.low <= 1 <= it.high for it in means)
    # Not widened, a percentile interval covers 0.83 of 5 documents, 0.88 of 8 and 0.92 of 20; resamples of 5 cannot
    # spread as far as Student's, and cover 0.90.
    assert covered >= least * studies


def test_only_documents_that_carry_a_column_count_for_its_width() -> None:
    amounts = np.concatenate([np.random.default_rng(7).normal(1, 1, 5), np.zeros(20)])[:, None]
    few = (amounts != 0).astype(float)
    (bare,) = ratio_of_sums(amounts[:5], few[:5], rng=np.random.default_rng(0))
    (beside,) = ratio_of_sums(amounts, few, rng=np.random.default_rng(0))
    assert beside.high - beside.low > 0.9 * (bare.high - bare.low)
