"""The ladder of explanations against its definition, written out slowly."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from byheart.core.explanation import EXPLANATIONS, LADDER, NO_ANSWER, Explanation, copy_answers, weakest_explanations
from byheart.core.tokens import TokenIds


def array(ids: list[int]) -> TokenIds:
    return np.array(ids, dtype=np.int32)


def copied(text: list[int], t: int) -> int:
    """For every n from the longest on, for every place from the last on: the definition."""
    for n in range(t, 0, -1):
        for j in range(t - 1, n - 1, -1):
            if text[j - n : j] == text[t - n : t]:
                return text[j]
    return NO_ANSWER


@given(st.lists(st.integers(0, 2), max_size=24))
@example([])
@example([1])
@example([1, 1])
@example([0, 0, 0, 0])
def test_the_copy_equals_its_definition(text: list[int]) -> None:
    assert copy_answers(array(text)).tolist() == [copied(text, t) for t in range(len(text))]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=16), st.integers(0, 2))
def test_the_copy_reads_no_token_that_is_still_to_come(text: list[int], last: int) -> None:
    changed = [*text[:-1], last]
    assert copy_answers(array(text)).tolist() == copy_answers(array(changed)).tolist()


def test_the_longest_repeated_run_decides_and_among_equal_ones_the_last() -> None:
    #       "b a" was followed by 7, "a" alone last by 8
    assert copy_answers(array([1, 0, 7, 2, 0, 8, 1, 0, 9]))[-1] == 7
    assert copy_answers(array([0, 7, 0, 8, 0, 9]))[-1] == 8


answers_strategy = st.dictionaries(
    st.sampled_from(LADDER), st.lists(st.lists(st.integers(-1, 2), min_size=4, max_size=4), min_size=1, max_size=2)
)


@given(st.lists(st.integers(0, 2), min_size=4, max_size=4), answers_strategy)
def test_the_first_rung_of_which_one_memorizer_agrees_explains(
    said: list[int], answers: dict[Explanation, list[list[int]]]
) -> None:
    found = weakest_explanations(array(said), {rung: [array(a) for a in several] for rung, several in answers.items()})
    for t, token in enumerate(said):
        agreeing = [rung for rung in LADDER if any(answer[t] == token for answer in answers.get(rung, []))]
        assert EXPLANATIONS[found[t]] == (agreeing[0] if agreeing else Explanation.BEYOND)


def test_an_answer_more_never_explains_less() -> None:
    said, first, second = array([0, 1, 2]), array([0, -1, -1]), array([1, 1, -1])
    one = weakest_explanations(said, {Explanation.MARKOV: [first]})
    two = weakest_explanations(said, {Explanation.MARKOV: [first, second]})
    assert (two <= one).all()
    assert [EXPLANATIONS[rung] for rung in two] == ["markov", "markov", "beyond"]
