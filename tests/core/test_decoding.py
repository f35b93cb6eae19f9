from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.decoding import GREEDY, Decoding, decoded_probabilities, draw_token
from byheart.errors import InputError, NumericalError

LOGS = np.log([0.5, 0.25, 0.125, 0.125])


def test_temperature_one_without_cuts_is_the_distribution_itself() -> None:
    assert decoded_probabilities(LOGS, Decoding()) == pytest.approx([0.5, 0.25, 0.125, 0.125])


def test_temperature_one_half_squares_the_probabilities() -> None:
    total = 0.25 + 0.0625 + 2 * 0.015625
    expected = [0.25 / total, 0.0625 / total, 0.015625 / total, 0.015625 / total]
    assert decoded_probabilities(LOGS, Decoding(temperature=0.5)) == pytest.approx(expected)


def test_top_k_keeps_the_smaller_id_among_equals() -> None:
    assert decoded_probabilities(LOGS, Decoding(top_k=3)) == pytest.approx([4 / 7, 2 / 7, 1 / 7, 0])


def test_top_p_keeps_the_fewest_tokens_that_reach_it() -> None:
    assert decoded_probabilities(LOGS, Decoding(top_p=0.75)) == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert decoded_probabilities(LOGS, Decoding(top_p=0.76)) == pytest.approx([4 / 7, 2 / 7, 1 / 7, 0])


def test_greedy_takes_the_first_of_equal_maxima() -> None:
    assert decoded_probabilities(np.log([0.2, 0.4, 0.4]), GREEDY).tolist() == [0, 1, 0]


def test_all_faults_of_a_rule_are_named_at_once() -> None:
    with pytest.raises(InputError, match=r"temperature.*top_k.*top_p"):
        Decoding(temperature=-1, top_k=0, top_p=0)


@pytest.mark.parametrize("temperature", [np.nan, np.inf, -np.inf, -1.0, -1e-320, 1e-320, 5e-324])
def test_a_temperature_that_nothing_can_be_divided_by_is_refused(temperature: float) -> None:
    with pytest.raises(InputError, match=f"temperature must be 0, or in .* got {temperature}"):
        Decoding(temperature=temperature)


@pytest.mark.parametrize("cut", [{}, {"top_k": 3}, {"top_p": 0.9}])
@pytest.mark.parametrize("temperature", [1e-9, 1e-100, 1e-307])
def test_a_temperature_of_nearly_zero_draws_the_most_probable_token(temperature: float, cut: dict[str, Any]) -> None:
    rule = Decoding(temperature=temperature, **cut)
    rng = np.random.default_rng(0)
    for logs in (LOGS, 1000.0 * LOGS[::-1], np.log([0.1, 0.2, 0.6, 0.1])):
        assert decoded_probabilities(logs, rule)[logs.argmax()] == 1.0
        assert {draw_token(logs, rule, rng=rng) for _ in range(20)} == {int(logs.argmax())}


@pytest.mark.parametrize("rule", [GREEDY, Decoding(), Decoding(top_k=2), Decoding(top_p=0.5)])
def test_a_log_probability_of_minus_infinity_is_never_drawn_and_no_other_infinity_is_one(rule: Decoding) -> None:
    rng = np.random.default_rng(0)
    logs = np.array([-np.inf, -1.0, -np.inf, -1.0, -np.inf])
    assert {draw_token(logs, rule, rng=rng) for _ in range(50)} <= {1, 3}
    for bad in (np.nan, np.inf):
        with pytest.raises(NumericalError, match="No token can be drawn"):
            draw_token(np.array([-1.0, bad, -2.0]), rule, rng=rng)
    with pytest.raises(NumericalError):
        draw_token(np.full(3, -np.inf), rule, rng=rng)


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_draws_follow_the_kept_tokens_and_use_one_number_each(seed: int, k: int) -> None:
    rng, twin = np.random.default_rng(seed), np.random.default_rng(seed)
    tokens = [draw_token(LOGS, Decoding(top_k=k), rng=rng) for _ in range(5)]
    assert max(tokens) < k
    twin.random(5)
    assert rng.random() == twin.random()


def test_frequencies_match_the_distribution() -> None:
    rng = np.random.default_rng(0)
    tokens = np.array([draw_token(LOGS, Decoding(), rng=rng) for _ in range(4000)])
    # Four standard deviations of the largest share: 4 * sqrt(0.25 / 4000).
    assert np.abs(np.bincount(tokens, minlength=4) / 4000 - np.exp(LOGS)).max() < 4 * (0.25 / 4000) ** 0.5


@given(st.lists(st.integers(1, 6), min_size=1, max_size=20), st.integers(1, 22))
def test_top_k_equals_a_full_stable_sort(weights: list[int], k: int) -> None:
    logs = np.log(np.array(weights, dtype=float))
    kept = np.flatnonzero(decoded_probabilities(logs, Decoding(top_k=k)))
    order = sorted(range(len(weights)), key=lambda i: (-weights[i], i))[:k]
    assert sorted(order) == kept.tolist()
