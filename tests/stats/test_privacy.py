import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson
from byheart.stats.privacy import LARGEST_EPSILON, epsilon_lower_bound, guesses_p_value


def slow_p_value(v: int, r: int, m: int, epsilon: float, delta: float) -> float:
    """The theorem word by word, with whole-number binomials."""
    q = math.exp(epsilon) / (1 + math.exp(epsilon))
    pmf = [math.comb(r, k) * q**k * (1 - q) ** (r - k) for k in range(r + 1)]
    worst = max(sum(pmf[v - i : v]) / i for i in range(1, v + 1)) if v else 0.0
    return min(1.0, sum(pmf[v:]) + 2 * m * delta * worst)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 10), st.floats(0, 4), st.sampled_from([0, 1e-5, 1e-2]))
def test_the_p_value_is_the_theorem_s(one: int, other: int, more: int, epsilon: float, delta: float) -> None:
    v, r = sorted((one, other))
    found = guesses_p_value(v, r, r + more, epsilon, delta)
    assert found == pytest.approx(slow_p_value(v, r, r + more, epsilon, delta), abs=1e-10)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(1, 60))
def test_without_delta_the_bound_is_the_logit_of_clopper_and_pearson_s(v: int, r: int) -> None:
    v = min(v, r)
    low = clopper_pearson(v, r, confidence=0.9).low  # one-sided 95 %
    wanted = max(0.0, math.log(low / (1 - low))) if low > 0 else 0.0
    assert epsilon_lower_bound(v, r, r) == pytest.approx(wanted, abs=1e-6)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 40), st.sampled_from([1e-6, 1e-3, 0.1]))
def test_a_delta_only_weakens_the_bound(r: int, v: int, delta: float) -> None:
    v = min(v, r)
    assert epsilon_lower_bound(v, r, r, delta=delta) <= epsilon_lower_bound(v, r, r) + 1e-9


def test_the_bound_lies_above_the_true_epsilon_in_at_most_one_study_of_twenty() -> None:
    rng = np.random.default_rng(0)
    epsilon, n = 1.0, 40
    right = rng.binomial(n, math.e / (1 + math.e), size=4000)  # randomised response: exactly epsilon-private
    bounds = {v: epsilon_lower_bound(int(v), n, n) for v in np.unique(right)}
    wrong = sum(bounds[v] > epsilon for v in right)
    assert 0 < wrong
    assert clopper_pearson(wrong, 4000, confidence=0.999).low <= 0.05


def test_all_right_guesses_of_many_prove_no_more_than_the_largest_epsilon() -> None:
    assert 2.0 < epsilon_lower_bound(48, 48, 48) < 3.0
    assert epsilon_lower_bound(10**4, 10**4, 10**4, delta=1e-9) < LARGEST_EPSILON
    assert epsilon_lower_bound(0, 48, 48) == epsilon_lower_bound(24, 48, 48) == epsilon_lower_bound(0, 0, 3) == 0.0


@pytest.mark.parametrize("arguments", [(2, 1, 1, 0.0, 0.0), (1, 2, 1, 0.0, 0.0), (1, 1, 1, -1.0, 0.0), (1, 1, 1, 0, 2)])
def test_what_is_no_count_of_guesses_is_refused(arguments: tuple[int, int, int, float, float]) -> None:
    with pytest.raises(InputError):
        guesses_p_value(*arguments)
    with pytest.raises(InputError):
        epsilon_lower_bound(1, 1, 1, confidence=1.0)
