import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.stats.multiplicity import holm
from byheart.stats.permutation import MAX_EXACT, NUM_DRAWS, larger_mean_p_values

SIDE = st.lists(st.integers(-5, 5), min_size=1, max_size=5)
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def column(values: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)[:, None]


def slow_p_value(members: list[int], controls: list[int]) -> float:
    """Every way of choosing the members, sum by sum."""
    everyone = members + controls
    sums = [sum(everyone[i] for i in chosen) for chosen in combinations(range(len(everyone)), len(members))]
    return sum(it >= sum(members) for it in sums) / len(sums)


@settings(max_examples=40)
@given(SIDE, SIDE)
def test_few_documents_are_tested_exactly(members: list[int], controls: list[int]) -> None:
    (found,) = larger_mean_p_values(column(members), column(controls), rng=np.random.default_rng(0))
    assert found == slow_p_value(members, controls)


def test_drawn_ways_agree_with_all_ways() -> None:
    rng = np.random.default_rng(1)
    members, controls = rng.normal(0.5, 1, 8).tolist(), rng.normal(0, 1, 9).tolist()
    assert math.comb(17, 8) > MAX_EXACT  # 24,310: drawn
    (found,) = larger_mean_p_values(column(members), column(controls), rng=rng)
    exact = slow_p_value(members, controls)
    assert abs(found - exact) < 4 * math.sqrt(exact * (1 - exact) / NUM_DRAWS)


def test_a_drawn_p_value_is_never_zero_and_separation_gives_the_least() -> None:
    found = larger_mean_p_values(column([9] * 30), column([0] * 30), rng=np.random.default_rng(2))
    assert found == [1 / (NUM_DRAWS + 1)]


def test_what_is_the_same_on_both_sides_has_p_one() -> None:
    assert larger_mean_p_values(column([3] * 40), column([3] * 40), rng=np.random.default_rng(3)) == [1.0]


def test_scores_are_tested_under_the_same_ways_one_by_one() -> None:
    rng = np.random.default_rng(4)
    members, controls = rng.normal(size=(30, 3)), rng.normal(size=(40, 3))
    together = larger_mean_p_values(members, controls, rng=np.random.default_rng(5))
    alone = [larger_mean_p_values(members[:, [i]], controls[:, [i]], rng=np.random.default_rng(5))[0] for i in range(3)]
    assert together == alone


def test_no_document_on_a_side_is_refused() -> None:
    with pytest.raises(InputError, match="both sides"):
        larger_mean_p_values(np.zeros((0, 1)), np.zeros((3, 1)), rng=np.random.default_rng(0))


@pytest.mark.parametrize("bad", [-math.inf, math.inf, math.nan])
@pytest.mark.parametrize("num", [4, 30])
def test_a_score_that_is_not_finite_is_refused(bad: float, num: int) -> None:
    for members, controls in (([bad, *range(num)], [*range(num)]), ([*range(num)], [bad, *range(num)])):
        with pytest.raises(InputError, match="finite"):
            larger_mean_p_values(
                np.array(members, dtype=float)[:, None],
                np.array(controls, dtype=float)[:, None],
                rng=np.random.default_rng(0),
            )


def test_holm_gives_its_textbook_example() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1 and never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([3 * 0.01, 2 * 0.03, 2 * 0.03, 4 * 0.005])


@given(P_VALUES)
def test_holm_lies_between_the_p_value_and_bonferroni_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for p, corrected in zip(p_values, adjusted, strict=True):
        assert p <= corrected <= min(1.0, len(p_values) * p) or p == corrected
    pairs = sorted(zip(p_values, adjusted, strict=True))
    assert [corrected for _, corrected in pairs] == sorted(adjusted)


def test_a_p_value_outside_its_range_is_refused() -> None:
    with pytest.raises(InputError):
        holm([0.5, 1.5])
