import numpy as np
import pytest
from scipy.stats import binom, t

from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson
from byheart.stats.shares import means_where, paired_differences, token_shares


def test_a_share_is_a_ratio_of_sums_over_documents() -> None:
    counts = np.array([[1.0], [2.0], [0.0], [3.0], [4.0]])
    sizes = np.array([10.0, 20.0, 10.0, 10.0, 10.0])
    (share,) = token_shares(counts, sizes)
    assert share.value == pytest.approx((1 + 2 + 0 + 3 + 4) / (10 + 20 + 10 + 10 + 10))
    assert 0 <= share.low < share.value < share.high <= 0.5
    assert share.n == 5


def test_none_and_every_have_the_exact_bound_of_so_many_documents() -> None:
    sizes = np.full(20, 50.0)
    none, every = token_shares(np.stack([0 * sizes, sizes], axis=1), sizes)
    bound = 1 - 0.025 ** (1 / 20)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(bound)
    assert (every.value, every.high) == (1.0, 1.0)
    assert every.low == pytest.approx(1 - bound)


def test_a_difference_is_paired() -> None:
    # Documents differ widely, the two predictors by one token in each: unpaired, no interval could tell.
    first = np.arange(5.0, 45.0)[:, None]
    sizes = np.full(40, 50.0)
    (difference,) = paired_differences(first, first - 1, sizes)
    # At most as sure as of 40 x 50 independent tokens of which every fiftieth differs.
    half = t.ppf(0.975, 39) * (1 / 50 * (1 - 1 / 50) / (40 * 50)) ** 0.5
    assert (difference.value, difference.low, difference.high) == pytest.approx((1 / 50, 1 / 50 - half, 1 / 50 + half))


def test_documents_that_are_alike_leave_an_interval_its_width() -> None:
    sizes = np.full(5, 9.0)
    (share,) = token_shares(np.full((5, 1), 7.0), sizes)
    exact = clopper_pearson(5 * 7, 5 * 9)
    assert (share.value, share.low, share.high) == pytest.approx((7 / 9, exact.low, exact.high))
    (difference,) = paired_differences(np.full((5, 1), 7.0), np.full((5, 1), 6.0), sizes)
    assert difference.value == pytest.approx(1 / 9)
    assert difference.high - difference.low > 0.2


def test_one_document_with_one_such_token_bounds_the_share_by_the_documents_that_have_one() -> None:
    counts = np.zeros((10, 1))
    counts[3] = 1.0
    (share,) = token_shares(counts, np.full(10, 50.0))
    assert share.value == pytest.approx(1 / 500)
    assert 0.1 < share.high <= clopper_pearson(1, 10).high
    (mirrored,) = token_shares(50 - counts, np.full(10, 50.0))
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - share.high, 1 - share.low))


def test_documents_that_differ_widely_are_worth_fewer_tokens() -> None:
    sizes = np.full(10, 50.0)
    alike, unlike = token_shares(np.stack([np.full(10, 20.0), np.tile([0.0, 40.0], 5)], axis=1), sizes)
    assert alike.value == unlike.value == 20 / 50
    assert unlike.high - unlike.low > 3 * (alike.high - alike.low)


def test_a_column_may_have_sizes_of_its_own() -> None:
    counts, sizes = np.array([1.0, 2, 3, 4, 5]), np.array([9.0, 8, 7, 6, 5])
    both = token_shares(np.stack([counts, counts], axis=1), np.stack([sizes, 2 * sizes], axis=1))
    assert both == [*token_shares(counts[:, None], sizes), *token_shares(counts[:, None], 2 * sizes)]
    (difference,) = paired_differences(counts[:, None], counts[:, None], sizes, 2 * sizes)
    assert difference.value == pytest.approx(15 / 35 - 15 / 70)


def test_predictors_that_agree_everywhere_are_not_proven_equal() -> None:
    same = np.ones((10, 1))
    (difference,) = paired_differences(same, same, np.full(10, 5.0))
    bound = 1 - 0.025 ** (1 / 10)
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.0, -bound, bound))


def test_predictors_that_differ_everywhere_may_still_agree_in_other_documents() -> None:
    every, none = np.full((10, 1), 7.0), np.zeros((10, 1))
    bound = 1 - 0.025 ** (1 / 10)
    (difference,) = paired_differences(every, none, np.full(10, 7.0))
    assert (difference.value, difference.low, difference.high) == pytest.approx((1.0, 1 - 2 * bound, 1.0))
    (mirrored,) = paired_differences(none, every, np.full(10, 7.0))
    assert (mirrored.low, mirrored.high) == pytest.approx((-1.0, 2 * bound - 1))


def test_a_mean_needs_five_documents_that_have_such_a_token() -> None:
    counts = np.array([[1.0, 1], [2, 1], [1, 1], [1, 1], [1, 0]])
    amounts = np.array([[1.0, 1], [4, 1], [1, 1], [1, 1], [1, 0]])
    mean, none = means_where(amounts, counts, rng=np.random.default_rng(0))
    assert none is None
    assert mean is not None
    assert mean.value == pytest.approx((1 + 4 + 1 + 1 + 1) / (1 + 2 + 1 + 1 + 1))
    assert mean.n == 5


def test_fewer_than_five_documents_are_refused() -> None:
    with pytest.raises(InputError, match="5 documents"):
        token_shares(np.ones((4, 1)), np.ones(4))


def studies(share: float, num_documents: int, num: int, seed: int) -> tuple[Floats, Floats]:
    """Documents of 20 to 80 tokens whose own shares are beta distributed, a third of the most they can be alike."""
    draws = np.random.default_rng(seed)
    sizes = draws.integers(20, 81, (num_documents, num))
    chance = draws.beta(2 * share, 2 * (1 - share), (num_documents, num))
    return draws.binomial(sizes, chance).astype(np.float64), sizes.astype(np.float64)


@pytest.mark.parametrize("num_documents", [5, 10, 20, 60])
@pytest.mark.parametrize("share", [0.025, 0.1, 0.5])
def test_the_intervals_cover_a_share_that_differs_between_documents(share: float, num_documents: int) -> None:
    counts, sizes = studies(share, num_documents, 500, seed=7)
    covered = sum(it.low <= share <= it.high for it in token_shares(counts, sizes))
    # A percentile bootstrap covers 0.73 of 20 documents and a share of 0.025, and 0.73 of 5 and 0.1.
    assert covered >= binom.ppf(0.001, 500, 0.93)


@pytest.mark.parametrize("num_documents", [5, 10, 60])
@pytest.mark.parametrize("other", [0.1, 0.025])
def test_the_excess_of_two_independent_predictors_is_covered(other: float, num_documents: int) -> None:
    (own, sizes), (theirs, their_sizes) = (
        studies(share, num_documents, 500, seed) for share, seed in ((0.1, 8), (other, 9))
    )
    found = paired_differences(own, theirs, sizes, their_sizes)
    assert sum(it.low <= 0.1 - other <= it.high for it in found) >= binom.ppf(0.001, 500, 0.91)
    assert sum(it.low > 0.1 - other for it in found) <= binom.ppf(0.999, 500, 0.025)
