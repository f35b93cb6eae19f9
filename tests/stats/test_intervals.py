import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from byheart.errors import InputError
from byheart.stats.claims import rate_beside_control
from byheart.stats.intervals import clopper_pearson, newcombe, wilson


def test_none_of_n_and_all_of_n_have_the_closed_bounds() -> None:
    assert clopper_pearson(0, 100).low == 0.0
    assert clopper_pearson(0, 100).high == pytest.approx(1 - 0.025 ** (1 / 100))
    assert clopper_pearson(100, 100).low == pytest.approx(0.025 ** (1 / 100))
    assert clopper_pearson(100, 100).high == 1.0


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_agree_with_scipy_and_hold_their_rate(case: tuple[int, int]) -> None:
    k, n = case
    exact = binomtest(k, n).proportion_ci(0.95, method="exact")
    score = binomtest(k, n).proportion_ci(0.95, method="wilson")
    ours, narrow = clopper_pearson(k, n), wilson(k, n)
    assert (ours.low, ours.high) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert (narrow.low, narrow.high) == pytest.approx((score.low, score.high), abs=1e-9)
    assert ours.low <= ours.value <= ours.high


@pytest.mark.parametrize("rate", [0.003, 0.1, 0.5, 0.97])
def test_clopper_pearson_covers_at_least_at_its_confidence(rate: float) -> None:
    n = 60
    covered = sum(
        float(binom.pmf(k, n, rate)) for k in range(n + 1) if (i := clopper_pearson(k, n)).low <= rate <= i.high
    )
    assert covered >= 0.95


def test_newcombe_gives_the_example_of_its_paper() -> None:
    # Newcombe 1998, table II, comparison (a): 56/70 against 48/80, method 10.
    difference = newcombe((56, 70), (48, 80))
    assert difference.value == pytest.approx(56 / 70 - 48 / 80)
    assert (difference.low, difference.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_difference_of_equal_rates_covers_zero_and_extremes_stay_inside() -> None:
    assert newcombe((10, 20), (10, 20)).low < 0 < newcombe((10, 20), (10, 20)).high
    assert newcombe((20, 20), (0, 20)).high == 1.0


@pytest.mark.parametrize(("k", "n", "confidence"), [(1, 0, 0.95), (-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0)])
def test_impossible_counts_are_refused(k: int, n: int, confidence: float) -> None:
    with pytest.raises(InputError):
        clopper_pearson(k, n, confidence=confidence)


def test_a_claim_has_its_control_and_excess_and_without_trials_it_is_refused() -> None:
    claim = rate_beside_control("x.rate", (7, 10), (1, 10), method="m.")
    assert claim.name == "x.rate"
    assert getattr(claim, "value", None) == 7 / 10
    assert getattr(claim, "excess", None) == newcombe((7, 10), (1, 10))
    assert "10 and 0" in getattr(rate_beside_control("x", (7, 10), (0, 0), method="m."), "reason", "")


def test_newcombe_coverage_is_near_nominal() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.binomial(50, 0.3, 2000), rng.binomial(80, 0.1, 2000)
    hits = [
        (i := newcombe((int(a), 50), (int(b), 80))).low <= 0.2 <= i.high for a, b in zip(first, second, strict=True)
    ]
    # Nominal 0.95 within four standard errors of 2,000 draws.
    assert abs(np.mean(hits) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000) + 0.01
