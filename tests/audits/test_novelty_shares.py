"""Novelty by tokens: the creativity index equals a look at every run."""

from hypothesis import given
from hypothesis import strategies as st

from byheart.audits.novelty_shares import CREATIVITY_LENGTHS, creativity_index, is_novel, uncovered_tokens
from tests.audits.material import continuation

LETTERS = st.lists(st.integers(0, 1), min_size=1, max_size=14)


def occurs(run: list[int], corpus: list[int]) -> bool:
    return any(corpus[i : i + len(run)] == run for i in range(len(corpus) - len(run) + 1))


def longest_matches(text: list[int], corpus: list[int]) -> list[int]:
    return [
        max(n for n in range(len(text) - i + 1) if n == 0 or occurs(text[i : i + n], corpus)) for i in range(len(text))
    ]


@given(LETTERS, LETTERS, st.integers(1, 8))
def test_a_token_is_covered_when_some_long_run_around_it_stands_in_the_corpus(
    corpus: list[int], text: list[int], shortest: int
) -> None:
    covered: set[int] = set()
    for start in range(len(text)):
        for stop in range(start + shortest, len(text) + 1):
            if occurs(text[start:stop], corpus):
                covered |= set(range(start, stop))
    assert uncovered_tokens(longest_matches(text, corpus), shortest) == len(text) - len(covered)


def test_the_index_is_the_mean_over_what_counts_as_a_run() -> None:
    assert CREATIVITY_LENGTHS == (5, 6, 7, 8, 9, 10, 11)
    # A run of 8 of 10 tokens: covered for L = 5..8, not for 9, 10, 11.
    matches = [8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert creativity_index(matches) == (4 * 2 / 10 + 3 * 1) / 7
    assert creativity_index([0] * 4) == 1.0
    assert creativity_index(list(range(20, 0, -1))) == 0.0


def test_a_continuation_with_a_run_of_sixteen_tokens_is_not_novel() -> None:
    assert is_novel(continuation(0, [15] * 2 + list(range(14, 0, -1))))
    assert not is_novel(continuation(0, [1, *range(16, 0, -1)]))


def test_nobody_is_novel_by_ending_early() -> None:
    assert not is_novel(continuation(0, [3, 2, 1]))
    assert not is_novel(continuation(0, [0] * 15))  # wholly new, but too short for a run of sixteen
    assert is_novel(continuation(0, [0] * 16))
    assert not is_novel(continuation(0, []))
