from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.stats.edit_distance import edit_distance, is_nearly

SYMBOLS = st.lists(st.integers(0, 2), max_size=9)


def definition(first: list[int], second: list[int]) -> int:
    """The recursion, without a band."""

    @cache
    def d(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (first[i - 1] != second[j - 1]))

    return d(len(first), len(second))


@given(SYMBOLS, SYMBOLS, st.integers(0, 10))
def test_the_band_finds_every_distance_up_to_the_bound(first: list[int], second: list[int], at_most: int) -> None:
    expected = definition(first, second)
    assert edit_distance(first, second, at_most) == (expected if expected <= at_most else None)


@pytest.mark.parametrize(("edits", "near"), [(0, True), (5, True), (6, False)])
def test_a_tenth_of_fifty_tokens_is_five_edits(edits: int, near: bool) -> None:
    assert is_nearly(range(50), [*range(50 - edits), *range(100, 100 + edits)], 0.1) is near


def test_a_text_that_stops_early_lacks_tokens() -> None:
    assert is_nearly(range(45), range(50), 0.1)
    assert not is_nearly(range(44), range(50), 0.1)
    assert is_nearly([], [], 0.0)
