import numpy as np
import pytest

from byheart.errors import InputError
from byheart.index import Index, definition
from byheart.index.layout import Unit
from byheart.memorizers import suffix_chain
from byheart.memorizers.infinigram import NUM_DISCOUNTS, Infinigram, discount
from byheart.memorizers.suffix_chain import advance, empty_chain
from tests.memorizers.test_laws import assert_equals_the_definition_of_scores, expected_row, ids, index_of, prefix_rows

A, B, C, END = range(4)
ABAC_AB = [[A, B, A, C], [A, B]]


def test_the_worked_example_of_the_docstring() -> None:
    discounts = np.array([1.0, 1 / 2, 1 / 3])
    memorizer = Infinigram(index_of(ABAC_AB, 3), vocabulary_size=4, end_id=END, discounts=discounts)
    (row,) = np.exp(memorizer.next_log_probabilities_nats([ids(A, B)]))
    unigram = [(3 - 1) / 8 + 4 / 8 / 4, (2 - 1) / 8 + 4 / 8 / 4, (1 - 1) / 8 + 4 / 8 / 4, (2 - 1) / 8 + 4 / 8 / 4]
    np.testing.assert_allclose(np.exp(memorizer.next_log_probabilities_nats([ids()]))[0], unigram, rtol=1e-12)
    expected = [
        (1 - 1 / 3) / 2 + 1 / 3 * 2 / 2 * unigram[A],
        1 / 3 * 2 / 2 * unigram[B],
        1 / 3 * 2 / 2 * unigram[C],
        (1 - 1 / 3) / 2 + 1 / 3 * 2 / 2 * unigram[END],
    ]
    np.testing.assert_allclose(row, expected, rtol=1e-12)
    assert row[A] == pytest.approx(11 / 24)


def test_the_explanation_is_the_longest_suffix_with_its_continuations() -> None:
    memorizer = Infinigram(index_of(ABAC_AB, 3), vocabulary_size=4, end_id=END)
    length, occurrences, token_ids, counts = memorizer.explain(ids(C, A, B))
    assert (length, occurrences, token_ids.tolist(), counts.tolist()) == (2, 2, [A, END], [1, 1])
    length, occurrences, token_ids, counts = memorizer.explain(ids(A, END))
    assert (length, occurrences, token_ids.tolist(), counts.tolist()) == (0, 5 + 3, [A, B, C, END], [3, 2, 1, 2])


def test_the_explanation_counts_an_end_token_inside_a_document_with_its_end() -> None:
    memorizer = Infinigram(index_of([[A, B], [A, END, B]], 4), vocabulary_size=4, end_id=END)
    length, occurrences, token_ids, counts = memorizer.explain(ids(A))
    assert (length, occurrences, token_ids.tolist(), counts.tolist()) == (1, 2, [B, END], [1, 1])
    _, _, token_ids, counts = memorizer.explain(ids())
    assert (token_ids.tolist(), counts.tolist()) == ([A, B, END], [2, 2, 1 + 2])


def test_the_chain_holds_every_suffix_that_occurs_by_its_number_of_occurrences() -> None:
    rng = np.random.default_rng(1)
    documents = [rng.integers(0, 2, 60).tolist() for _ in range(2)]
    text = rng.integers(0, 2, 40).tolist()
    index = index_of(documents, 2)
    chain = empty_chain(len(text))
    for stop, symbol in enumerate(text, start=1):
        advance(index.sorted_text, chain, symbol)
        by_count = {}
        for start in range(stop - 1, -1, -1):
            if count := definition.count(documents, text[start:stop]):
                by_count[count] = start
        groups = range(int(chain.state[0]))
        assert {int(chain.highs[i] - chain.lows[i]): int(chain.starts[i]) for i in groups} == by_count


@pytest.mark.parametrize("pool", [1 << 22, 0])
def test_remembered_continuations_equal_counted_ones(monkeypatch: pytest.MonkeyPatch, pool: int) -> None:
    monkeypatch.setattr(suffix_chain, "_POOL", pool)
    rng = np.random.default_rng(2)
    documents = [rng.choice(4, 300, p=[0.6, 0.2, 0.1, 0.1]).tolist() for _ in range(2)]
    memorizer = Infinigram(index_of(documents, 4), vocabulary_size=5, end_id=4)
    text = [0, 0, 1, 0, 0, 1, 0, 3, 0, 0]
    for _ in range(2):
        rows = np.exp(prefix_rows(memorizer, ids(*text)))
        for stop, row in enumerate(rows):
            np.testing.assert_allclose(row, expected_row(memorizer, documents, text[:stop]), rtol=1e-12)
    assert (memorizer._store.memo.state[0] > 0) == (pool > 0)


def test_a_long_run_of_one_letter_keeps_every_probability_positive() -> None:
    documents = [[0] * 1500, [2, 0, 1], [2, 0, 2]]
    memorizer = Infinigram(index_of(documents, 3), vocabulary_size=4, end_id=3, discounts=1.0 / np.arange(2.0, 500.0))
    text = ids(*[0] * 120, 1, 0)
    assert_equals_the_definition_of_scores(memorizer, text)
    rows = prefix_rows(memorizer, text)
    assert np.exp(rows).sum(axis=1) == pytest.approx(1.0, rel=1e-12)
    assert rows[119].min() < np.log(1e-190)


def test_a_discount_of_a_whole_count_leaves_nothing_of_single_continuations() -> None:
    memorizer = Infinigram(index_of(ABAC_AB, 3), vocabulary_size=4, end_id=END, discounts=np.ones(1))
    (row,) = np.exp(memorizer.next_log_probabilities_nats([ids(A, B)]))
    np.testing.assert_allclose(row, np.array([2, 1, 0, 1]) / 8 + 4 / 8 / 4, rtol=1e-12)
    assert_equals_the_definition_of_scores(memorizer, ids(A, B, A, B, C))


@pytest.mark.parametrize("discounts", [[], [0.0], [0.5, 1.1], [np.nan]])
def test_a_discount_outside_its_range_is_refused(discounts: list[float]) -> None:
    with pytest.raises(InputError, match="discount"):
        Infinigram(index_of(ABAC_AB, 3), vocabulary_size=4, end_id=END, discounts=np.array(discounts))


def test_bytes_serve_as_tokens() -> None:
    text = np.frombuffer(b"to be or not to be", dtype=np.uint8)
    index = Index.build([text], ["hamlet"], unit="bytes", alphabet_size=256)
    memorizer = Infinigram(index, vocabulary_size=257, end_id=256)
    assert memorizer.explain(ids(*b"or not to b")).token_ids.tolist() == [ord("e")]
    (scores,) = memorizer.score([ids(*b"to be", 255, 256)])
    assert scores.rank[3:5].tolist() == [1, 1]


@pytest.mark.parametrize(("unit", "prefix", "suffix"), [("tokens", 50, 50), ("bytes", 150, 150)])
def test_the_discount_lets_a_unique_passage_be_recited_whatever_shorter_suffixes_say(
    unit: Unit, prefix: int, suffix: int
) -> None:
    discounts = np.array([discount(length, unit=unit) for length in range(NUM_DISCOUNTS + 5)])
    assert np.prod(1 - discounts[prefix : prefix + suffix]) > 0.5
    assert ((discounts > 0) & (discounts < 1)).all()
    assert (np.diff(discounts) <= 0).all()
    assert discounts[-1] == discounts[NUM_DISCOUNTS - 1]


def test_the_discounts_are_part_of_the_fingerprint() -> None:
    index = index_of(ABAC_AB, 3)
    default = Infinigram(index, vocabulary_size=4, end_id=END)
    other = Infinigram(index, vocabulary_size=4, end_id=END, discounts=np.full(4, 0.5))
    assert default.fingerprint != other.fingerprint
