import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.index import Index, definition
from byheart.index.layout import Unit
from byheart.memorizers import continuations
from byheart.memorizers import definition as definition_of_memorizers
from byheart.memorizers.infinigram import CLASS_FACTORS, NUM_DISCOUNTS, Infinigram, discount
from byheart.memorizers.suffix_chain import advance, empty_chain
from tests.memorizers.test_laws import (
    assert_equals_the_definition_of_scores,
    documents_strategy,
    expected_row,
    ids,
    index_of,
    prefix_rows,
    text_strategy,
)

A, B, C, END = range(4)
ABAC_AB = [[A, B, A, C], [A, B]]


def test_the_worked_example_of_the_docstring() -> None:
    discounts = np.array([1.0, 1 / 2, 1 / 3])
    memorizer = Infinigram(index_of(ABAC_AB, 3), vocabulary_size=4, end_id=END, discounts=discounts)
    rows = np.exp(memorizer.next_log_probabilities_nats([ids(), ids(A, B)]))
    below = (1.4 + 1 + 1 + 1.4) / 6 / 4
    unigram = [(2 - 1.4) / 6 + below, (1 - 1) / 6 + below, (1 - 1) / 6 + below, (2 - 1.4) / 6 + below]
    np.testing.assert_allclose(rows[0], unigram, rtol=1e-12)
    kept = (1 / 3 + 1 / 3) / 2
    expected = [(1 - 1 / 3) / 2 + kept * unigram[A], kept * unigram[B], kept * unigram[C]]
    np.testing.assert_allclose(rows[1], [*expected, (1 - 1 / 3) / 2 + kept * unigram[END]], rtol=1e-12)
    assert rows[1][A] == pytest.approx(13 / 30)


def test_repetitions_count_where_occurrences_are_counted() -> None:
    documents = [[A, B, A], [A, B, A], [A, B, C]]
    discounts = np.array([1 / 2])
    index = index_of(documents, 3)
    occurrences = Infinigram(index, vocabulary_size=4, end_id=END, discounts=discounts, counting="occurrences")
    (row,) = np.exp(occurrences.next_log_probabilities_nats([ids(A, B)]))
    # a stands 5 times, b 3 times, c once, and 3 documents end.
    below = (0.5 * 1.6 + 0.5 * 1.6 + 0.5 + 0.5 * 1.6) / 12 / 4
    unigram = [(5 - 0.8) / 12 + below, (3 - 0.8) / 12 + below, (1 - 0.5) / 12 + below, (3 - 0.8) / 12 + below]
    # "a" stands 5 times: b follows 3 times, the end twice; "ab" is followed by a twice and by c.
    after_a = [(0.8 + 0.7) / 5 * p for p in unigram]
    kept = (0.7 + 0.5) / 3
    expected = [(2 - 0.7) / 3 + kept * unigram[A], kept * unigram[B], (1 - 0.5) / 3 + kept * unigram[C]]
    np.testing.assert_allclose(row, [*expected, kept * unigram[END]], rtol=1e-12)
    after_a[B] += (3 - 0.8) / 5
    after_a[END] += (2 - 0.7) / 5
    np.testing.assert_allclose(np.exp(occurrences.next_log_probabilities_nats([ids(A)])[0]), after_a, rtol=1e-12)
    neighbours = Infinigram(index, vocabulary_size=4, end_id=END, discounts=discounts)
    (row,) = neighbours.next_log_probabilities_nats([ids(A, B)])
    assert row[A] - row[C] < np.log(2)


@pytest.mark.parametrize("end", [1, 4])
@settings(max_examples=60, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_counting_occurrences_equals_its_definition(end: int, documents: list[list[int]], text: list[int]) -> None:
    memorizer = Infinigram(index_of(documents, 4), vocabulary_size=5, end_id=end, counting="occurrences")
    rows, logs = np.exp(prefix_rows(memorizer, ids(*text))), memorizer.log_probabilities_nats(ids(*text))
    for stop, (row, token) in enumerate(zip(rows, text, strict=True)):
        expected = definition_of_memorizers.infinigram(
            documents,
            text[:stop],
            vocabulary_size=5,
            end_id=end,
            discount=discount,
            class_factors=CLASS_FACTORS,
            counted=definition_of_memorizers.continuations,
        )
        np.testing.assert_allclose(row, expected, rtol=1e-12)
        assert np.exp(logs[stop]) == pytest.approx(expected[token], rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(documents=documents_strategy, text=text_strategy, end=st.integers(0, 3))
def test_an_end_token_inside_documents_is_counted_with_their_ends(
    documents: list[list[int]], text: list[int], end: int
) -> None:
    memorizer = Infinigram(index_of(documents, 4), vocabulary_size=5, end_id=end)
    rows, logs = np.exp(prefix_rows(memorizer, ids(*text))), memorizer.log_probabilities_nats(ids(*text))
    for stop, (row, token) in enumerate(zip(rows, text, strict=True)):
        expected = expected_row(memorizer, documents, text[:stop])
        np.testing.assert_allclose(row, expected, rtol=1e-12)
        assert np.exp(logs[stop]) == pytest.approx(expected[token], rel=1e-12)


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


@pytest.mark.parametrize(("pool", "slots"), [(1 << 22, 1 << 18), (0, 1 << 18), (60, 1 << 18), (1 << 22, 16)])
def test_remembered_continuations_equal_counted_ones(monkeypatch: pytest.MonkeyPatch, pool: int, slots: int) -> None:
    monkeypatch.setattr(continuations, "_POOL", pool)
    monkeypatch.setattr(continuations, "_SLOTS", slots)
    rng = np.random.default_rng(2)
    documents = [rng.choice(4, 300, p=[0.6, 0.2, 0.1, 0.1]).tolist() for _ in range(2)]
    memorizer = Infinigram(index_of(documents, 4), vocabulary_size=5, end_id=4)
    text = [0, 0, 1, 0, 0, 1, 0, 3, 0, 0, 2, 0, 1, 1, 0, 0]
    most = 0
    for _ in range(2):
        for stop in range(len(text)):
            (row,) = memorizer.next_log_probabilities_nats([ids(*text[:stop])])
            np.testing.assert_allclose(np.exp(row), expected_row(memorizer, documents, text[:stop]), rtol=1e-12)
            most = max(most, int(memorizer._store.memo.state[0]))
        logs = memorizer.log_probabilities_nats(ids(*text))
        np.testing.assert_allclose(logs, memorizer.score([ids(*text)])[0].log_probability_nats, rtol=1e-12)
    assert most <= slots // 2
    assert (most > 0) == (pool > 0)


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
    below = (1.4 + 1 + 1 + 1.4) / 6 / 4
    np.testing.assert_allclose(row, np.array([2 - 1.4, 0, 0, 2 - 1.4]) / 6 + below, rtol=1e-12)
    assert_equals_the_definition_of_scores(memorizer, ids(A, B, A, B, C))


@pytest.mark.parametrize("discounts", [[], [0.0], [0.5, 1.1], [np.nan]])
def test_a_discount_outside_its_range_is_refused(discounts: list[float]) -> None:
    with pytest.raises(InputError, match="discount"):
        Infinigram(index_of(ABAC_AB, 3), vocabulary_size=4, end_id=END, discounts=np.array(discounts))


def test_an_unknown_way_of_counting_is_refused() -> None:
    with pytest.raises(InputError, match="counting"):
        Infinigram(index_of(ABAC_AB, 3), vocabulary_size=4, end_id=END, counting="letters")  # type: ignore[arg-type]


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


def test_discounts_and_counting_are_part_of_the_fingerprint() -> None:
    index = index_of(ABAC_AB, 3)
    default = Infinigram(index, vocabulary_size=4, end_id=END)
    other = Infinigram(index, vocabulary_size=4, end_id=END, discounts=np.full(4, 0.5))
    raw = Infinigram(index, vocabulary_size=4, end_id=END, counting="occurrences")
    assert len({default.fingerprint, other.fingerprint, raw.fingerprint}) == 3
