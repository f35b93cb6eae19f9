"""Total variation along paths, divergences and expansions, each against its sum written out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.intervals import difference_of_means
from byheart.stats.paths import (
    divergences_nats,
    from_start_of_path,
    steps_of_path,
    taylor_predictions,
    total_variation,
)


def distributions(num: int, size: int, seed: int) -> Floats:
    return np.random.default_rng(seed).dirichlet(np.full(size, 0.5), size=num) * (1 - 1e-9) + 1e-9 / size


def largest_difference_of_an_event(first: Floats, second: Floats) -> float:
    """The other definition: the largest difference of the probabilities of any event, all events tried."""
    events = range(2 ** len(first))
    return max(abs(sum(first[i] - second[i] for i in range(len(first)) if event >> i & 1)) for event in events)


@given(seed=st.integers(0, 1000), size=st.integers(2, 7))
def test_total_variation_is_the_largest_difference_of_an_event(seed: int, size: int) -> None:
    one, other = distributions(2, size, seed)
    assert float(total_variation(one, other)) == pytest.approx(largest_difference_of_an_event(one, other))


def test_equal_is_0_and_disjoint_is_1() -> None:
    one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert total_variation(one, one) == 0
    assert total_variation(one, other) == 1


@given(seed=st.integers(0, 1000))
def test_a_path_is_at_least_as_long_as_the_way_between_its_ends(seed: int) -> None:
    logs = np.log(distributions(9, 5, seed))
    steps, gone = steps_of_path(logs), from_start_of_path(logs)
    assert gone[0] == 0
    assert steps.shape == (8,)
    assert (steps.cumsum() >= gone[1:] - 1e-12).all()


def test_a_divergence_is_its_sum() -> None:
    clean, others = np.log([0.5, 0.25, 0.25]), np.log([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    found = divergences_nats(clean, others)
    assert found[0] == 0
    assert found[1] == pytest.approx(0.5 * math.log(2) - 0.25 * math.log(2))


def test_an_expansion_of_a_parabola_is_exact_to_second_order() -> None:
    steps = np.array([0.0, 0.5, 2.0])
    first, second = taylor_predictions((1.0, 3.0, -4.0), steps)
    np.testing.assert_allclose(second, 1 + 3 * steps - 2 * steps**2)
    np.testing.assert_allclose(first, 1 + 3 * steps)


@given(seed=st.integers(0, 500))
def test_a_difference_of_means_is_welch_s(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.normal(1, 2, 7), rng.normal(0, 5, 19)
    it = difference_of_means(one.tolist(), other.tolist())
    theirs = ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert (it.low, it.high) == pytest.approx((theirs.low, theirs.high))
    assert it.value == pytest.approx(one.mean() - other.mean())


def test_samples_that_do_not_vary_have_no_width_and_single_ones_are_refused() -> None:
    assert difference_of_means([1.0, 1.0], [0.0, 0.0]).low == 1
    with pytest.raises(InputError, match="at least 2"):
        difference_of_means([1.0], [0.0, 1.0])
