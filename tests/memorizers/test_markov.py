from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.errors import CapabilityError, InputError
from byheart.index import Index
from byheart.memorizers import definition_markov
from byheart.memorizers.markov import Markov
from byheart.memorizers.smoothing import FALLBACK_DISCOUNTS, Smoothing, discounts_of_counts
from tests.memorizers.test_laws import (
    assert_equals_the_definition_of_scores,
    documents_strategy,
    ids,
    index_of,
    longest_suffix,
    prefix_rows,
    text_strategy,
)

A, B, C, END = range(4)
AB_AC = [[A, B], [A, C]]
SMOOTHINGS: tuple[Smoothing, ...] = ("kneser-ney", "add-k", "stupid-backoff")
every_smoothing = pytest.mark.parametrize("smoothing", SMOOTHINGS)


def small(order: int = 2, smoothing: Smoothing = "kneser-ney", k: float = 0.5) -> Markov:
    return Markov(index_of(AB_AC, 3), vocabulary_size=4, end_id=END, order=order, smoothing=smoothing, k=k)


def test_the_worked_example_of_the_docstring() -> None:
    start, after_a = np.exp(small().next_log_probabilities_nats([ids(), ids(A)]))
    unigram = [(1 - 1 / 2) / 5 + 1 / 2 / 4, (1 - 1 / 2) / 5 + 1 / 2 / 4, (1 - 1 / 2) / 5 + 1 / 2 / 4, 1 / 5 + 1 / 2 / 4]
    np.testing.assert_allclose(
        after_a,
        [1 / 2 * unigram[A], 1 / 4 + 1 / 2 * unigram[B], 1 / 4 + 1 / 2 * unigram[C], 1 / 2 * unigram[END]],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        start, [1 / 2 + 1 / 2 * unigram[A], *(1 / 2 * unigram[x] for x in (B, C, END))], rtol=1e-12
    )
    assert (unigram[B], after_a[B]) == pytest.approx((9 / 40, 29 / 80))


def test_counts_of_order_one_are_occurrences_and_ends() -> None:
    (row,) = np.exp(small(order=1).next_log_probabilities_nats([ids(A, B)]))
    kept = (1 / 2 + 1 / 2 + 1 + 1) / 6
    np.testing.assert_allclose(
        row, [1 / 6 + kept / 4, 1 / 12 + kept / 4, 1 / 12 + kept / 4, 1 / 6 + kept / 4], rtol=1e-12
    )


def test_add_k_at_the_start_of_the_chain_is_the_textbooks() -> None:
    (row,) = np.exp(small(1, "add-k").next_log_probabilities_nats([ids()]))
    np.testing.assert_allclose(row, np.array([2 + 0.5, 1 + 0.5, 1 + 0.5, 2 + 0.5]) / (6 + 0.5 * 4), rtol=1e-12)
    (row,) = np.exp(small(2, "add-k").next_log_probabilities_nats([ids(A)]))
    np.testing.assert_allclose(row[B], (1 + 0.5 * 4 * 1.5 / 8) / (2 + 0.5 * 4), rtol=1e-12)


def test_stupid_backoff_is_divided_by_its_sum() -> None:
    (row,) = np.exp(small(2, "stupid-backoff").next_log_probabilities_nats([ids(A)]))
    scores = np.array([0.4 * 2 / 6, 1 / 2, 1 / 2, 0.4 * 2 / 6])
    np.testing.assert_allclose(row, scores / scores.sum(), rtol=1e-12)


@every_smoothing
@pytest.mark.parametrize("order", [1, 2, 4])
@settings(max_examples=40, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_every_smoothing_and_order_equals_its_definition(
    smoothing: Smoothing, order: int, documents: list[list[int]], text: list[int]
) -> None:
    index = index_of(documents, 4)
    memorizer = Markov(index, vocabulary_size=5, end_id=4, order=order, smoothing=smoothing, k=0.3)
    rows = np.exp(prefix_rows(memorizer, ids(*text)))
    for stop, row in enumerate(rows):
        expected = definition_markov.markov(
            documents, text[:stop], vocabulary_size=5, end_id=4, order=order, smoothing=smoothing, k=0.3
        )
        np.testing.assert_allclose(row, expected, rtol=1e-12)
    assert_equals_the_definition_of_scores(memorizer, ids(*text))
    np.testing.assert_allclose(
        memorizer.log_probabilities_nats(ids(*text)),
        np.log([row[token] for row, token in zip(rows, text, strict=True)]),
        rtol=1e-12,
        atol=1e-12,
    )


@every_smoothing
@settings(max_examples=40, deadline=None)
@given(documents=st.lists(st.lists(st.integers(0, 2), max_size=10), max_size=3), text=st.lists(st.integers(0, 2)))
def test_an_end_token_inside_documents_ends_them(
    smoothing: Smoothing, documents: list[list[int]], text: list[int]
) -> None:
    memorizer = Markov(index_of(documents, 3), vocabulary_size=3, end_id=1, order=3, smoothing=smoothing)
    (row,) = np.exp(memorizer.next_log_probabilities_nats([ids(*text)]))
    expected = definition_markov.markov(
        documents, text, vocabulary_size=3, end_id=1, order=3, smoothing=smoothing, k=0.01
    )
    np.testing.assert_allclose(row, expected, rtol=1e-12)


@pytest.mark.parametrize("end", [1, 4])
@settings(max_examples=60, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_it_rests_on_the_suffix_that_fits_its_order_and_begins_after_the_last_end(
    end: int, documents: list[list[int]], text: list[int]
) -> None:
    found = Markov(index_of(documents, 4), vocabulary_size=5, end_id=end, order=3).matches(ids(*text))
    for stop, length, number in zip(range(len(text)), found.lengths_tokens, found.num_occurrences, strict=True):
        within = text[:stop]
        for _ in range(text[:stop].count(end)):
            within = within[within.index(end) + 1 :]
        assert (length, number) == longest_suffix(documents, within[-2:])


def random_documents() -> list[list[int]]:
    rng = np.random.default_rng(6)
    return [(rng.zipf(1.5, int(rng.integers(0, 40))) % 12).tolist() for _ in range(200)]


def test_the_different_ngrams_of_each_order_are_counted() -> None:
    documents = random_documents()
    memorizer = Markov(index_of(documents, 12), vocabulary_size=15, end_id=14)
    counts = definition_markov.ngram_counts(documents, order=5, end_id=14)
    assert memorizer.num_ngrams == [len(these) for these in counts]
    assert memorizer.table.order_starts.tolist()[1:] == np.cumsum([16, *map(len, counts[1:])]).tolist()


def test_the_discounts_are_those_of_the_adjusted_counts() -> None:
    documents = random_documents()
    memorizer = Markov(index_of(documents, 12), vocabulary_size=15, end_id=14)
    adjusted = definition_markov.adjusted_counts(definition_markov.ngram_counts(documents, order=5, end_id=14))
    expected = [definition_markov.discounts(these)[1:] for these in adjusted]
    np.testing.assert_allclose(memorizer.discounts, expected, rtol=1e-12)
    assert expected[0] == FALLBACK_DISCOUNTS
    assert FALLBACK_DISCOUNTS not in expected[1:]


def test_the_discounts_of_chen_and_goodman() -> None:
    counts = np.array([0] * 9 + [1] * 8 + [2] * 4 + [3] * 2 + [4])
    y = 8 / (8 + 2 * 4)
    expected = (1 - 2 * y * 4 / 8, 2 - 3 * y * 2 / 4, 3 - 4 * y * 1 / 2)
    np.testing.assert_allclose(discounts_of_counts(counts), expected, rtol=1e-12)


@pytest.mark.parametrize("counts", [[], [1, 1, 2], [1, 3, 3], [2, 2, 3], [1, 2, *[3] * 9]])
def test_impossible_discounts_fall_back(counts: list[int]) -> None:
    assert discounts_of_counts(np.array(counts, dtype=np.int64)) == FALLBACK_DISCOUNTS


@every_smoothing
def test_an_empty_corpus_leaves_every_token_alike(smoothing: Smoothing) -> None:
    memorizer = Markov(index_of([], 3), vocabulary_size=4, end_id=END, smoothing=smoothing)
    np.testing.assert_allclose(np.exp(prefix_rows(memorizer, ids(A, B, END))), 1 / 4, rtol=1e-12)


@every_smoothing
def test_the_transition_table_holds_every_probability_of_order_two(smoothing: Smoothing) -> None:
    memorizer = Markov(index_of(random_documents(), 12), vocabulary_size=15, end_id=5, order=2, smoothing=smoothing)
    found = memorizer.transition_table()
    dense = found.backoffs[:, None] * found.unigram
    dense[found.from_ids, found.to_ids] = found.probabilities
    rows = memorizer.next_log_probabilities_nats([ids(token) for token in range(15)])
    np.testing.assert_allclose(dense, np.exp(rows), rtol=1e-12)
    assert (np.diff(found.from_ids.astype(np.int64) * 15 + found.to_ids) > 0).all()


def test_a_chain_without_context_has_no_transitions() -> None:
    with pytest.raises(InputError, match="no transitions"):
        small(order=1).transition_table()


@pytest.mark.parametrize(
    "make",
    [lambda: small(order=0), lambda: small(order=256), lambda: small(k=0.0), lambda: small(k=np.nan)],
)
def test_a_chain_outside_its_domain_is_refused(make: Callable[[], Markov]) -> None:
    with pytest.raises(InputError, match="no such Markov chain"):
        make()
    with pytest.raises(InputError, match="no such Markov chain"):
        small(smoothing="good-turing")  # type: ignore[arg-type]


def test_an_index_in_several_shards_is_refused() -> None:
    documents = [np.array([0, 1, 0]), np.array([1, 1, 0])]
    index = Index.build(documents, ["a", "b"], unit="tokens", alphabet_size=2, shard_symbols=6)
    with pytest.raises(CapabilityError, match="shards"):
        Markov(index, vocabulary_size=3, end_id=2)


def test_order_smoothing_and_k_are_part_of_the_fingerprint() -> None:
    chains = [small(), small(3), small(2, "add-k"), small(2, "add-k", 0.25), small(2, "stupid-backoff")]
    assert len({chain.fingerprint for chain in chains}) == 5
    assert small(k=0.5).fingerprint == small(k=0.25).fingerprint


def test_bytes_serve_as_tokens() -> None:
    text = np.frombuffer(b"to be or not to be", dtype=np.uint8)
    index = Index.build([text], ["hamlet"], unit="bytes", alphabet_size=256)
    memorizer = Markov(index, vocabulary_size=257, end_id=256)
    (scores,) = memorizer.score([ids(*b"to be", 255, 256)])
    assert scores.rank[1:5].tolist() == [1, 1, 1, 1]
