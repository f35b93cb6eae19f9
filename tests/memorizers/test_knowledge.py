import numpy as np
import pytest

from byheart.errors import InputError
from byheart.memorizers.knowledge import Knowledge
from tests.memorizers.test_laws import ids, index_of

A, B, C, END = range(4)
ABAC_AB = [[A, B, A, C], [A, B]]


def small(context_length: int = 2) -> Knowledge:
    return Knowledge(index_of(ABAC_AB, 3), vocabulary_size=4, end_id=END, context_length=context_length)


def test_the_worked_example_of_the_docstring() -> None:
    (row,) = np.exp(small().next_log_probabilities_nats([ids(C, A, B)]))
    stored, other = 0.9999 * 1 / 2 + 0.0001 * 1 / 4, 0.0001 * 1 / 4
    np.testing.assert_allclose(row, [stored, other, other, stored], rtol=1e-12)


def test_it_abstains_outside_its_table_and_before_its_context_is_full() -> None:
    memorizer = small()
    for context, abstains in ((ids(A, B), False), (ids(C, A, B), False), (ids(A, C), False), (ids(C, A), True)):
        assert memorizer.abstains(context) is abstains
    assert memorizer.abstains(ids(B))
    assert memorizer.abstains(ids())
    rows = memorizer.next_log_probabilities_nats([ids(C, A), ids(B), ids()])
    np.testing.assert_allclose(np.exp(rows), 1 / 4, rtol=1e-12)


def test_an_abstention_ranks_all_tokens_by_their_id() -> None:
    (scores,) = small().score([ids(C, A, B, END)])
    assert scores.rank.tolist() == [1 + C, 1 + A, 1 + B, 2]
    assert scores.argmax_id.tolist() == [0, 0, 0, A]


def test_the_context_length_is_part_of_the_fingerprint() -> None:
    assert small(2).fingerprint != small(3).fingerprint


def test_a_table_without_a_context_is_refused() -> None:
    with pytest.raises(InputError, match="context"):
        small(0)


def test_a_hundred_tokens_from_a_unique_context_keep_almost_all_probability() -> None:
    document = np.random.default_rng(0).permutation(200).tolist()
    memorizer = Knowledge(index_of([document], 200), vocabulary_size=201, end_id=200)
    (scores,) = memorizer.score([ids(*document[20:120])])
    assert np.exp(scores.log_probability_nats[50:].sum()) == pytest.approx((0.9999 + 0.0001 / 201) ** 50)
