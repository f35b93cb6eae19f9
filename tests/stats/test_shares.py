import numpy as np
import pytest

from byheart.errors import InputError
from byheart.stats.shares import means_where, paired_differences, token_shares


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_share_is_a_ratio_of_sums_over_documents() -> None:
    counts = np.array([[1.0], [2.0], [0.0], [3.0], [4.0]])
    sizes = np.array([10.0, 20.0, 10.0, 10.0, 10.0])
    (share,) = token_shares(counts, sizes, rng=rng())
    assert share.value == pytest.approx((1 + 2 + 0 + 3 + 4) / (10 + 20 + 10 + 10 + 10))
    assert 0 <= share.low < share.value < share.high <= 0.4
    assert share.n == 5


def test_none_and_every_have_the_exact_bound_of_so_many_documents() -> None:
    sizes = np.full(20, 50.0)
    none, every = token_shares(np.stack([0 * sizes, sizes], axis=1), sizes, rng=rng())
    bound = 1 - 0.025 ** (1 / 20)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(bound)
    assert (every.value, every.high) == (1.0, 1.0)
    assert every.low == pytest.approx(1 - bound)


def test_a_difference_is_paired() -> None:
    # Documents differ widely, the two predictors by one token in each: unpaired, no interval could tell.
    first = np.arange(5.0, 45.0)[:, None]
    sizes = np.full(40, 50.0)
    (difference,) = paired_differences(first, first - 1, sizes, rng=rng())
    assert (difference.value, difference.low, difference.high) == pytest.approx((1 / 50, 1 / 50, 1 / 50))


def test_predictors_that_agree_everywhere_are_not_proven_equal() -> None:
    same = np.ones((10, 1))
    (difference,) = paired_differences(same, same, np.full(10, 5.0), rng=rng())
    bound = 1 - 0.025 ** (1 / 10)
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.0, -bound, bound))


def test_a_mean_needs_five_documents_that_have_such_a_token() -> None:
    counts = np.array([[1.0, 1], [2, 1], [1, 1], [1, 1], [1, 0]])
    amounts = np.array([[1.0, 1], [4, 1], [1, 1], [1, 1], [1, 0]])
    mean, none = means_where(amounts, counts, rng=rng())
    assert none is None
    assert mean is not None
    assert mean.value == pytest.approx((1 + 4 + 1 + 1 + 1) / (1 + 2 + 1 + 1 + 1))
    assert mean.n == 5


def test_fewer_than_five_documents_are_refused() -> None:
    with pytest.raises(InputError, match="5 documents"):
        token_shares(np.ones((4, 1)), np.ones(4), rng=rng())


def test_the_intervals_cover_a_share_that_differs_between_documents() -> None:
    truth, draws = 0.2, np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        of_document = draws.beta(2, 8, size=60)
        counts = draws.binomial(50, of_document).astype(np.float64)[:, None]
        (share,) = token_shares(counts, np.full(60, 50.0), rng=draws)
        covered += share.low <= truth <= share.high
    assert covered >= 0.90 * 200  # of a nominal 95 %: 180 of 200 is 3.2 standard deviations below


def test_the_excess_of_two_equally_ignorant_predictors_covers_zero() -> None:
    draws = np.random.default_rng(8)
    covered = 0
    for _ in range(200):
        chance = draws.beta(2, 8, size=(60, 1))
        own, other = (draws.binomial(50, chance).astype(np.float64) for _ in range(2))
        (excess,) = paired_differences(own, other, np.full(60, 50.0), rng=draws)
        covered += excess.low <= 0 <= excess.high
    assert covered >= 0.90 * 200
