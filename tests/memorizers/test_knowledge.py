from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.index import Index, definition
from byheart.memorizers import stored_contexts
from byheart.memorizers.definition import knowledge
from byheart.memorizers.knowledge import CONTEXT_LENGTHS, Knowledge, pseudo_count
from tests.memorizers.test_laws import documents_strategy, ids, index_of, text_strategy

A, B, C, END = range(4)
ABAC_AB = [[A, B, A, C], [A, B]]
lengths_strategy = st.lists(st.integers(1, 6), min_size=1, max_size=3)


def small(context_lengths: Sequence[int] = (2, 1)) -> Knowledge:
    return Knowledge(index_of(ABAC_AB, 3), vocabulary_size=5, end_id=END, context_lengths=context_lengths)


def test_the_worked_example_of_the_docstring() -> None:
    rows = np.exp(small().next_log_probabilities_nats([ids(C, A, B), ids(B, B), ids(4)]))
    two, one = 120 * 2**-2.4, 120
    stored, other = (1 + two / 5) / (2 + two), 0.2 * two / (2 + two)
    np.testing.assert_allclose(rows[0], [stored, other, other, stored, other], rtol=1e-12)
    stored, other = (1 + one / 5) / (2 + one), 0.2 * one / (2 + one)
    np.testing.assert_allclose(rows[1], [stored, other, other, stored, other], rtol=1e-12)
    np.testing.assert_allclose(rows[2], 1 / 5, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(documents=documents_strategy, text=text_strategy, lengths=lengths_strategy, end=st.integers(2, 4))
def test_every_choice_of_lengths_equals_its_definition(
    documents: list[list[int]], text: list[int], lengths: list[int], end: int
) -> None:
    memorizer = Knowledge(index_of(documents, 4), vocabulary_size=5, end_id=end, context_lengths=lengths)
    logs, found = memorizer.log_probabilities_nats(ids(*text)), memorizer.matches(ids(*text))
    for stop, token in enumerate(text):
        row = knowledge(
            documents,
            text[:stop],
            vocabulary_size=5,
            end_id=end,
            context_lengths=lengths,
            pseudo_count=pseudo_count,
        )
        assert np.exp(logs[stop]) == pytest.approx(row[token], rel=1e-12)
        fitting = [n for n in lengths if n <= stop and definition.count(documents, text[stop - n : stop])]
        longest = max(fitting, default=0)
        occurrences = definition.count(documents, text[stop - longest : stop]) if longest else 0
        assert (found.lengths_tokens[stop], found.num_occurrences[stop]) == (longest, occurrences)


def test_it_abstains_outside_its_table_and_before_its_context_is_full() -> None:
    memorizer = small([2])
    for context, abstains in ((ids(A, B), False), (ids(C, A, B), False), (ids(A, C), False), (ids(C, A), True)):
        assert memorizer.abstains(context) is abstains
    assert memorizer.abstains(ids(B))
    assert memorizer.abstains(ids())
    assert memorizer.abstentions(ids(C, A, B, A, 4)).tolist() == [True, True, True, False, False]
    rows = memorizer.next_log_probabilities_nats([ids(C, A), ids(B), ids()])
    np.testing.assert_allclose(np.exp(rows), 1 / 5, rtol=1e-12)


def test_an_abstention_ranks_all_tokens_by_their_id() -> None:
    (scores,) = small([2]).score([ids(C, A, B, END)])
    assert scores.rank.tolist() == [1 + C, 1 + A, 1 + B, 2]
    assert scores.argmax_id.tolist() == [0, 0, 0, A]


def test_where_a_block_of_positions_ends_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    documents = [rng.integers(0, 3, 200).tolist() for _ in range(2)]
    memorizer, text = Knowledge(index_of(documents, 3), vocabulary_size=4, end_id=3), ids(*rng.integers(0, 4, 70))
    expected = [memorizer.next_log_probabilities_nats([text[:stop]])[0, text[stop]] for stop in range(70)]
    monkeypatch.setattr(stored_contexts, "_BLOCK", 8)
    kernel = stored_contexts.log_probabilities.py_func  # type: ignore[attr-defined]
    symbols = memorizer.index.known_symbols(text)
    found = kernel(memorizer._store, symbols, text.astype(np.int64), memorizer.end_id)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_context_lengths_are_part_of_the_fingerprint_and_their_order_is_not() -> None:
    assert small([2, 1]).fingerprint != small([3, 1]).fingerprint
    assert small([2, 1]).fingerprint == small([1, 2]).fingerprint


@pytest.mark.parametrize("lengths", [[], [0], [4, -1]])
def test_a_table_without_a_context_is_refused(lengths: list[int]) -> None:
    with pytest.raises(InputError, match="context"):
        small(lengths)


def test_a_hundred_tokens_from_a_unique_context_keep_almost_all_probability() -> None:
    document = np.random.default_rng(0).permutation(200).tolist()
    memorizer = Knowledge(index_of([document], 200), vocabulary_size=201, end_id=200)
    (scores,) = memorizer.score([ids(*document[20:120])])
    each = (1 + 0.0001 / 201) / (1 + 0.0001)
    assert np.exp(scores.log_probability_nats[50:].sum()) == pytest.approx(each**50)
    assert each**50 > 0.995


def test_bytes_count_for_a_third_of_a_token() -> None:
    text = np.frombuffer(b"to be or not to be, that is the question: whether", dtype=np.uint8)
    index = Index.build([text], ["hamlet"], unit="bytes", alphabet_size=256)
    memorizer = Knowledge(index, vocabulary_size=257, end_id=256)
    assert memorizer.context_lengths == CONTEXT_LENGTHS["bytes"]
    assert memorizer.matches(ids(*b"not to be, that")).lengths_tokens.tolist() == [0] * 4 + [4] * 11
    assert pseudo_count(6, unit="bytes") == pseudo_count(2)
