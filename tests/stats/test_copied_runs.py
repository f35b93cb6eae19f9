import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.stats.copied_runs import in_long_matches


def by_trying_every_run(text: str, corpus: str, widths: list[int], least: int) -> list[bool]:
    """A symbol is covered when some run around it stands in the corpus and is long enough."""
    covered = [False] * len(text)
    for start in range(len(text)):
        for stop in range(start + 1, len(text) + 1):
            if text[start:stop] in corpus and sum(widths[start:stop]) >= least:
                covered[start:stop] = [True] * (stop - start)
    return covered


def longest(text: str, corpus: str) -> list[int]:
    return [max(n for n in range(len(text) - i + 1) if text[i : i + n] in corpus) for i in range(len(text))]


@given(
    st.text("ab", max_size=12),
    st.text("ab", max_size=20),
    st.lists(st.integers(0, 4), min_size=12, max_size=12),
    st.integers(1, 12),
)
def test_a_symbol_is_copied_where_some_long_run_around_it_stands_in_the_corpus(
    text: str, corpus: str, widths: list[int], least: int
) -> None:
    borders = np.cumsum([0, *widths[: len(text)]])
    found = in_long_matches(np.array(longest(text, corpus), dtype=np.int64), borders, least)
    assert found.tolist() == by_trying_every_run(text, corpus, widths, least)


@pytest.mark.parametrize(("least", "expected"), [(5, [1, 1, 1, 0]), (6, [0, 0, 0, 0])])
def test_bytes_count_not_symbols(least: int, expected: list[int]) -> None:
    found = in_long_matches(np.array([3, 2, 1, 0]), np.array([0, 2, 4, 5, 6]), least)
    assert found.astype(int).tolist() == expected
