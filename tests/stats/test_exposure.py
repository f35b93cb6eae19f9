import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.stats.exposure import (
    SkewNormal,
    chance_bits,
    exposure_bits,
    fitted_exposure_bits,
    mean_exposure,
    random_rank_among,
    rank_among,
    sign_flip_p_value,
    twin_p_value,
)
from byheart.stats.null_levels import null_levels

SCORES = st.lists(st.integers(-5, 0), min_size=1, max_size=20)


@given(st.integers(-5, 0), SCORES)
def test_the_rank_is_the_place_in_the_sorted_list_behind_all_equals(score: int, others: list[int]) -> None:
    listed = sorted([*((-o, 0) for o in others), (-score, 1)])
    place = 1 + listed.index((-score, 1))
    assert rank_among(score, np.array(others, dtype=float)) == place
    assert twin_p_value(score, np.array(others, dtype=float)) == place / (1 + len(others))
    assert exposure_bits(place, 1 + len(others)) == math.log2(1 + len(others)) - math.log2(place)


@settings(deadline=None)
@given(st.integers(-5, 0), SCORES, st.integers(0, 9))
def test_a_random_rank_lies_among_its_equals(score: int, others: list[int], seed: int) -> None:
    values = np.array(others, dtype=float)
    rank = random_rank_among(score, values, rng=np.random.default_rng(seed))
    assert 1 + sum(o > score for o in others) <= rank <= rank_among(score, values)


def test_random_ranks_of_equals_are_uniform() -> None:
    rng = np.random.default_rng(0)
    ranks = np.array([random_rank_among(0.0, np.zeros(3), rng=rng) for _ in range(4000)])
    counts = np.bincount(ranks, minlength=5)[1:]
    # Five standard deviations of a count.
    assert all(abs(c - 4000 / 4) < 5 * math.sqrt(4000 * 3 / 16) for c in counts)


@pytest.mark.parametrize("rank", [0, 5])
def test_a_rank_outside_the_candidates_is_refused(rank: int) -> None:
    with pytest.raises(InputError):
        exposure_bits(rank, 4)


@pytest.mark.parametrize("num", [1, 2, 64, 5000])
def test_chance_is_the_mean_over_all_ranks(num: int) -> None:
    assert chance_bits(num) == pytest.approx(sum(exposure_bits(r, num) for r in range(1, num + 1)) / num)
    assert chance_bits(num) < 1 / math.log(2)


def slow_tail(shape: float, z: float) -> float:
    """The integral of the density by a fine trapezoid rule."""
    x = np.linspace(z, z + 12, 400_001)
    density = 2 * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * np.array(normal_cdf(shape * x))
    return float(((density[1:] + density[:-1]) / 2 * np.diff(x)).sum())


def normal_cdf(x: np.ndarray) -> list[float]:
    return [0.5 * math.erfc(-v / math.sqrt(2)) for v in x]


@pytest.mark.parametrize("shape", [-6.0, -1.0, 0.0, 3.0])
@pytest.mark.parametrize("z", [-2.0, 0.5, 2.0, 3.0])
def test_the_upper_tail_is_the_integral_of_the_density(shape: float, z: float) -> None:
    tail = slow_tail(shape, z)
    if tail > 1e-300:
        found = SkewNormal(0.0, 1.0, shape).log_upper_tail_nats(z)
        assert found == pytest.approx(math.log(tail), abs=1e-5)


def test_far_in_the_tail_it_is_the_normal_s_known_expansion() -> None:
    # log(1 - Phi(30)) = -454.3212439...; a skew-normal of shape 0 is normal.
    assert SkewNormal(0.0, 1.0, 0.0).log_upper_tail_nats(30.0) == pytest.approx(-454.3212439, abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.floats(-8, 8), st.floats(0.1, 5), st.floats(-50, 0))
def test_a_fit_has_the_moments_of_its_sample(shape: float, scale: float, location: float) -> None:
    rng = np.random.default_rng(1)
    delta = shape / math.sqrt(1 + shape**2)
    u, v = rng.standard_normal(500), rng.standard_normal(500)
    sample = location + scale * (delta * np.abs(u) + math.sqrt(1 - delta**2) * v)
    fitted = SkewNormal.fit(sample)
    assert fitted is not None
    d = fitted.shape / math.sqrt(1 + fitted.shape**2)
    assert fitted.location + fitted.scale * d * math.sqrt(2 / math.pi) == pytest.approx(sample.mean())
    assert fitted.scale**2 * (1 - 2 * d**2 / math.pi) == pytest.approx(sample.var())


def test_fitted_exposure_is_bounded_by_the_entropy_and_by_zero() -> None:
    twins = np.random.default_rng(0).normal(-40, 3, size=99)
    assert fitted_exposure_bits(0.0, twins, 13.0) == 13.0
    assert 60 < fitted_exposure_bits(0.0, twins, 1000.0) < 400
    assert fitted_exposure_bits(-400.0, twins, 13.0) == 0.0
    assert fitted_exposure_bits(-40.0, twins, 13.0) == pytest.approx(1.0, abs=0.3)
    assert fitted_exposure_bits(-1.0, np.full(9, -1.0), 13.0) == 0.0
    assert fitted_exposure_bits(-0.5, np.full(9, -1.0), 13.0) == 13.0


def test_equal_exposures_get_the_bounds_of_a_share() -> None:
    interval = mean_exposure([6.0] * 10, 6.0, rng=np.random.default_rng(0))
    assert (interval.value, interval.high, interval.n) == (6.0, 6.0, 10)
    assert interval.low == pytest.approx(6.0 * 0.025 ** (1 / 10))
    none = mean_exposure([0.0] * 10, 6.0, rng=np.random.default_rng(0))
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(6.0 * (1 - 0.025 ** (1 / 10)))


def test_a_sign_flip_test_equals_all_flips_of_a_few_coins() -> None:
    differences = [3.0, -1.0, 2.0, 0.5, 0.0, -0.25]
    flips = [[1 if mask >> i & 1 else -1 for i in range(6)] for mask in range(64)]
    exact = sum(sum(s * d for s, d in zip(f, differences, strict=True)) >= sum(differences) for f in flips) / 64
    found = sign_flip_p_value(differences, rng=np.random.default_rng(0))
    assert abs(found - exact) < 5 * math.sqrt(exact * (1 - exact) / 9999)


def null_study(num: int, candidates: int, *, seed: int, ties: bool, favour: float = 0.0) -> tuple[list[int], list[int]]:
    rng = np.random.default_rng(seed)
    ranks = []
    for _ in range(num):
        # A heavy tail and, where wanted, hardly any different values: the test may not depend on the distribution.
        scores = np.asarray(rng.standard_cauchy(candidates), dtype=np.float64)
        if ties:
            scores = np.clip(scores, -2, 2).round()
        ranks.append(random_rank_among(scores[0] + favour, scores[1:], rng=rng))
    return ranks, [candidates] * num


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("candidates", [64, 100])
def test_two_thousand_secrets_that_were_never_planted_reach_each_exposure_as_often_as_chance(
    ties: bool, candidates: int
) -> None:
    ranks, of = null_study(2000, candidates, seed=candidates, ties=ties)
    levels = null_levels(np.array(ranks), np.array(of))
    assert [level.bits for level in levels] == [1, 2, 3, 4, 5, 6]
    assert all(level.holds for level in levels), levels
    if candidates == 64:
        assert [level.nominal for level in levels] == [2.0**-m for m in range(1, 7)]


def test_the_self_test_fails_where_unplanted_secrets_stand_out() -> None:
    ranks, of = null_study(48, 64, seed=0, ties=False, favour=3.0)
    assert not all(level.holds for level in null_levels(np.array(ranks), np.array(of)))


def test_the_self_test_raises_false_alarms_as_rarely_as_it_says() -> None:
    rng = np.random.default_rng(0)
    failed = sum(
        not all(level.holds for level in null_levels(rng.integers(1, 65, size=48), np.full(48, 64)))
        for _ in range(1000)
    )
    # At 1 % more than 25 of 1,000 are five standard deviations off.
    assert failed <= 25
