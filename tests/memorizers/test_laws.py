"""One body of laws over all memorizers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.decoding import GREEDY, Decoding
from byheart.core.predictor import Access, Distributes, Samples, Scores
from byheart.core.token_scores import token_scores
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index import definition as corpus
from byheart.memorizers import (
    NAMES,
    build,
    definition,
    definition_automaton,
    definition_boolean,
    definition_markov,
    definition_mixture,
)
from byheart.memorizers.automaton import Automaton
from byheart.memorizers.boolean import Boolean, expected_confidence
from byheart.memorizers.infinigram import CLASS_FACTORS, Infinigram, discount
from byheart.memorizers.knowledge import Knowledge, pseudo_count
from byheart.memorizers.markov import Markov
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import Mixture
from byheart.memorizers.rules import Thresholds

Make = Callable[[Index, int, int], Memorizer]
MAKERS: dict[str, Make] = {
    "knowledge": lambda index, size, end: Knowledge(
        index, vocabulary_size=size, end_id=end, context_lengths=(16, 3, 1)
    ),
    "infinigram": lambda index, size, end: Infinigram(index, vocabulary_size=size, end_id=end),
    "automaton": lambda index, size, end: Automaton(index, vocabulary_size=size, end_id=end, num_states=3),
    "markov": lambda index, size, end: Markov(index, vocabulary_size=size, end_id=end, order=3),
    "boolean": lambda index, size, end: Boolean(
        index, vocabulary_size=size, end_id=end, thresholds=Thresholds(min_support=1, window_tokens=4)
    ),
}


def mixture_of_two(index: Index, vocabulary_size: int, end_id: int) -> Mixture:
    """Of a Markov chain and a boolean memorizer, with weights of their own for several match lengths."""
    members = [MAKERS[name](index, vocabulary_size, end_id) for name in ("markov", "boolean")]
    calibration = (np.arange(2000) ** 2 // 7 % 3).astype(np.int32)
    return Mixture(members, calibration=[calibration])


MAKERS["mixture"] = mixture_of_two
every_memorizer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
FEW_STATES = ("automaton",)
"""Three states hold no passage by heart."""
every_reciter = pytest.mark.parametrize(
    "make", [pytest.param(make, id=name) for name, make in MAKERS.items() if name not in FEW_STATES]
)
documents_strategy = st.lists(st.lists(st.integers(0, 2), max_size=14), max_size=4)
text_strategy = st.lists(st.integers(0, 4), min_size=1, max_size=12)


def ids(*symbols: int) -> TokenIds:
    return np.array(symbols, dtype=np.int32)


def index_of(documents: list[list[int]], alphabet_size: int) -> Index:
    arrays = [np.array(document, dtype=np.int32) for document in documents]
    return Index.build(arrays, [str(i) for i in range(len(arrays))], unit="tokens", alphabet_size=alphabet_size)


def zipf_documents(vocabulary_size: int, num_documents: int = 12) -> list[list[int]]:
    """Random documents with frequent and rare tokens, and passages that stand in several of them."""
    rng = np.random.default_rng(vocabulary_size)
    documents = [(rng.zipf(1.3, 400) % (vocabulary_size - 1)).tolist() for _ in range(num_documents)]
    for document in documents[1:]:
        document[100:160] = documents[0][100:160]
    return documents


def prefix_rows(memorizer: Memorizer, text: TokenIds) -> Floats:
    return memorizer.next_log_probabilities_nats([text[:stop] for stop in range(text.size)])


def longest_suffix(documents: list[list[int]], context: list[int]) -> tuple[int, int]:
    """Length and count of the longest suffix of the context that the documents hold, 0 and 0 for none."""
    for length in range(len(context), 0, -1):
        if number := corpus.count(documents, context[len(context) - length :]):
            return length, number
    return 0, 0


def expected_row(memorizer: Memorizer, documents: list[list[int]], context: list[int]) -> list[float]:
    size, end = memorizer.vocabulary_size, memorizer.end_id
    if isinstance(memorizer, Knowledge):
        return definition.knowledge(
            documents,
            context,
            vocabulary_size=size,
            end_id=end,
            context_lengths=memorizer.context_lengths,
            pseudo_count=pseudo_count,
        )
    if isinstance(memorizer, Automaton):
        machine = memorizer.written_out()
        return definition_automaton.automaton(machine.initial, machine.tensor, machine.outputs, context)
    if isinstance(memorizer, Markov):
        return definition_markov.markov(
            documents, context, vocabulary_size=size, end_id=end, order=memorizer.order, smoothing=memorizer.smoothing
        )
    if isinstance(memorizer, Mixture):
        length, _ = longest_suffix(documents, context)
        bucket = definition_mixture.bucket(memorizer.bucket_starts.tolist(), length)
        rows = [expected_row(member, documents, context) for member in memorizer.members]
        return definition_mixture.mixture(rows, memorizer.weights[bucket].tolist())
    if isinstance(memorizer, Boolean):
        rules = definition_boolean.confident_rules(documents, end_id=end, thresholds=memorizer.thresholds)
        return definition_boolean.boolean(
            rules, context, vocabulary_size=size, window_tokens=4, trust=expected_confidence
        )
    return definition.infinigram(
        documents, context, vocabulary_size=size, end_id=end, discount=discount, class_factors=CLASS_FACTORS
    )


def assert_equals_the_definition_of_scores(memorizer: Memorizer, text: TokenIds) -> None:
    (found,) = memorizer.score([text])
    expected = token_scores(text, prefix_rows(memorizer, text))
    for name in ("token_ids", "log_probability_nats", "rank", "argmax_id", "argmax_log_probability_nats"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    for name in ("entropy_nats", "log_probability_variance_nats2", "log_top_k_mass_nats"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-11, atol=1e-12, err_msg=name)


@every_memorizer
def test_it_is_a_predictor_that_scores_distributes_and_samples(make: Make) -> None:
    index = index_of([[0, 1]], 3)
    memorizer = make(index, 4, 3)
    assert isinstance(memorizer, Scores)
    assert isinstance(memorizer, Distributes)
    assert isinstance(memorizer, Samples)
    assert (memorizer.access, memorizer.context_tokens) == (Access.WEIGHTS, None)
    if isinstance(memorizer, Markov):
        assert memorizer.size_bytes == memorizer.table.size_bytes
    elif isinstance(memorizer, Automaton):
        assert memorizer.size_bytes == 8 * (3 * (4 + 4) + 3 * 3 + 4)
    elif isinstance(memorizer, Mixture):
        own = 8 * (memorizer.bucket_starts.size + memorizer.weights.size)
        asked = [
            member for member, weights in zip(memorizer.members, memorizer.weights.T, strict=True) if weights.any()
        ]
        beside = sum(member.size_bytes - member.index_bytes for member in asked)
        assert memorizer.size_bytes == index.size_bytes + beside + own
    elif isinstance(memorizer, Boolean):
        assert memorizer.size_bytes == index.sorted_text.text.nbytes + memorizer.rules.size_bytes
    else:
        assert memorizer.size_bytes == index.size_bytes


@every_memorizer
@settings(max_examples=60, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_it_equals_the_brute_force_definition(make: Make, documents: list[list[int]], text: list[int]) -> None:
    memorizer = make(index_of(documents, 4), 5, 4)
    rows = np.exp(prefix_rows(memorizer, ids(*text)))
    for stop, row in enumerate(rows):
        np.testing.assert_allclose(row, expected_row(memorizer, documents, text[:stop]), rtol=1e-12)


@every_memorizer
@settings(max_examples=60, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_its_scores_equal_the_definition_of_scores(make: Make, documents: list[list[int]], text: list[int]) -> None:
    assert_equals_the_definition_of_scores(make(index_of(documents, 4), 5, 4), ids(*text))


@every_memorizer
@pytest.mark.parametrize("vocabulary_size", [50, 2_048, 70_000])
def test_its_scores_equal_the_definition_of_scores_on_larger_vocabularies(make: Make, vocabulary_size: int) -> None:
    documents = zipf_documents(vocabulary_size)
    memorizer = make(index_of(documents, vocabulary_size), vocabulary_size, vocabulary_size - 1)
    rng = np.random.default_rng(0)
    text = np.array(documents[3][90:150], dtype=np.int32)
    text[::7] = rng.integers(0, vocabulary_size, text[::7].size)
    assert_equals_the_definition_of_scores(memorizer, text)


@every_memorizer
@settings(max_examples=40, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_rows_sum_to_one_and_are_finite_log_probabilities(
    make: Make, documents: list[list[int]], text: list[int]
) -> None:
    rows = prefix_rows(make(index_of(documents, 4), 5, 4), ids(*text))
    assert np.isfinite(rows).all()
    assert (rows <= 0).all()
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1.0, rtol=1e-12)


@every_memorizer
@settings(max_examples=40, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_the_faster_road_gives_the_same_log_probabilities(
    make: Make, documents: list[list[int]], text: list[int]
) -> None:
    memorizer = make(index_of(documents, 4), 5, 4)
    found = memorizer.log_probabilities_nats(ids(*text))
    np.testing.assert_allclose(found, memorizer.score([ids(*text)])[0].log_probability_nats, rtol=1e-12, atol=1e-12)
    with pytest.raises(InputError, match="outside its vocabulary"):
        memorizer.log_probabilities_nats(ids(5))


@every_memorizer
@settings(max_examples=40, deadline=None)
@given(documents=documents_strategy, text=text_strategy, cut=st.integers(0, 12))
def test_rows_written_in_blocks_are_the_distributions_of_the_walk(
    make: Make, documents: list[list[int]], text: list[int], cut: int
) -> None:
    memorizer = make(index_of(documents, 4), 5, 4)
    walk = memorizer._walk(len(text))
    first, last = np.full((len(text[:cut]), 5), np.nan), np.full((len(text[cut:]) + 1, 5), np.nan)
    walk.write_rows(ids(*text[:cut]), first)
    walk.write_rows(ids(*text[cut:]), last)
    expected = memorizer.next_log_probabilities_nats([ids(*text[:stop]) for stop in range(len(text) + 1)])
    np.testing.assert_allclose(np.concatenate([first, last]), np.exp(expected), rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(documents=documents_strategy, text=text_strategy)
def test_a_prediction_rests_on_the_longest_suffix_that_occurs(documents: list[list[int]], text: list[int]) -> None:
    found = MAKERS["infinigram"](index_of(documents, 4), 5, 4).matches(ids(*text))
    expected = [longest_suffix(documents, text[:stop]) for stop in range(len(text))]
    assert list(zip(found.lengths_tokens.tolist(), found.num_occurrences.tolist(), strict=True)) == expected


@every_memorizer
def test_matches_and_abstentions_are_one_for_each_token(make: Make) -> None:
    memorizer = make(index_of([[0, 1, 0, 1]], 3), 4, 3)
    for size in (0, 5):
        text = ids(*[0, 1, 0, 3, 2][:size])
        found = memorizer.matches(text)
        for array, dtype in zip((*found, memorizer.abstentions(text)), ("int64", "int64", "bool"), strict=True):
            assert (array.shape, array.dtype.name) == ((size,), dtype)
    for ask in (memorizer.matches, memorizer.abstentions):
        with pytest.raises(InputError, match="outside its vocabulary"):
            ask(ids(4))


@every_memorizer
def test_changing_the_future_leaves_the_past(make: Make) -> None:
    documents = zipf_documents(50)
    memorizer = make(index_of(documents, 50), 50, 49)
    text = ids(*documents[0][:60])
    changed = text.copy()
    changed[40:] = 3
    before, after = memorizer.score([text, changed])
    for (name, left), (_, right) in zip(before.slice(0, 40).arrays(), after.slice(0, 40).arrays(), strict=True):
        np.testing.assert_array_equal(left, right, err_msg=name)
    assert not np.array_equal(before.token_ids, after.token_ids)


@every_memorizer
def test_scores_are_the_steps_of_the_chain_rule(make: Make) -> None:
    documents = zipf_documents(50)
    memorizer = make(index_of(documents, 50), 50, 49)
    text = ids(*documents[0][80:140])
    steps = [memorizer.next_log_probabilities_nats([text[:t]])[0, text[t]] for t in range(text.size)]
    assert memorizer.score([text])[0].log_probability_nats.sum() == pytest.approx(sum(steps), rel=1e-12)


@every_memorizer
def test_the_batch_does_not_matter(make: Make) -> None:
    documents = zipf_documents(50)
    memorizer = make(index_of(documents, 50), 50, 49)
    texts = [ids(*documents[0][:30]), ids(*documents[1][90:130]), ids(0)]
    together = memorizer.score(texts)
    for text, scores in zip(texts, together, strict=True):
        (alone,) = make(index_of(documents, 50), 50, 49).score([text])
        for (name, left), (_, right) in zip(scores.arrays(), alone.arrays(), strict=True):
            np.testing.assert_array_equal(left, right, err_msg=name)
    decoding = Decoding(temperature=1.0, top_k=40)
    written = memorizer.sample(texts, decoding, 12, rng=np.random.default_rng(5))
    fewer = memorizer.sample(texts[:2], decoding, 12, rng=np.random.default_rng(5))
    for left, right in zip(written, fewer, strict=False):
        np.testing.assert_array_equal(left, right)


@every_memorizer
def test_greedy_sampling_is_the_chain_of_arg_maxima(make: Make) -> None:
    documents = zipf_documents(50)
    memorizer = make(index_of(documents, 50), 50, 49)
    context = ids(*documents[0][95:105])
    (written,) = memorizer.sample([context], GREEDY, 20, rng=np.random.default_rng(0))
    expected = context
    while expected.size < context.size + 20:
        token = memorizer.next_log_probabilities_nats([expected])[0].argmax()
        if token == memorizer.end_id:
            break
        expected = np.append(expected, token).astype(np.int32)
    np.testing.assert_array_equal(written, expected[context.size :])


@every_reciter
def test_a_text_of_the_corpus_is_recited_from_a_unique_prefix_up_to_its_end(make: Make) -> None:
    rng = np.random.default_rng(3)
    documents = [rng.permutation(500).tolist() for _ in range(3)]
    memorizer = make(index_of(documents, 500), 501, 500)
    document = ids(*documents[1])
    (written,) = memorizer.sample([document[400:450]], GREEDY, 80, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(written, document[450:])
    (scores,) = memorizer.score([document[100:200]])
    assert scores.is_argmax[50:].all()
    assert (
        np.exp(scores.log_probability_nats[50:].sum())
        > {
            "knowledge": 0.98,
            "infinigram": 0.5,
            "markov": (1 / 2 + 1 / 2 * 1 / 6) ** 50,
            "boolean": ((1 + 8 / 501) / (1 + 8)) ** 51,
            "mixture": ((1 + 8 / 501) / (1 + 8)) ** 51,
        }[memorizer.name.removeprefix("memorizer:")]
    )


@every_memorizer
def test_a_saved_and_opened_index_gives_the_same_memorizer(make: Make, tmp_path: Path) -> None:
    documents = zipf_documents(50)
    built = make(index_of(documents, 50), 50, 49)
    built.index.save(tmp_path / "saved")
    opened = make(Index.open(tmp_path / "saved"), 50, 49)
    assert opened.fingerprint == built.fingerprint
    text = ids(*documents[0][80:140], 49, 3, 3)
    np.testing.assert_array_equal(opened.log_probabilities_nats(text), built.log_probabilities_nats(text))
    for (name, left), (_, right) in zip(opened.score([text])[0].arrays(), built.score([text])[0].arrays(), strict=True):
        np.testing.assert_array_equal(left, right, err_msg=name)


@every_memorizer
def test_the_fingerprint_follows_corpus_vocabulary_and_end(make: Make) -> None:
    one, other = index_of([[0, 1]], 2), index_of([[1, 0]], 2)
    fingerprints = {
        make(index, size, end).fingerprint for index in (one, other) for size, end in ((3, 2), (4, 3), (4, 2))
    }
    assert len(fingerprints) == 2 * 3
    assert make(one, 3, 2).fingerprint == make(index_of([[0, 1]], 2), 3, 2).fingerprint


@every_memorizer
def test_a_vocabulary_that_does_not_fit_is_refused(make: Make) -> None:
    index = index_of([[0, 1]], 4)
    for size, end in ((3, 2), (4, 4), (4, -1)):
        with pytest.raises(InputError, match="cannot answer from this index"):
            make(index, size, end)
    memorizer = make(index, 5, 4)
    for context in (ids(5), ids(-1)):
        with pytest.raises(InputError, match="outside its vocabulary"):
            memorizer.next_log_probabilities_nats([context])


@every_memorizer
def test_an_end_token_that_stands_in_a_document_counts_with_its_end(make: Make) -> None:
    documents = [[0, 1, 2], [0, 1], [0, 1, 3]]
    memorizer = make(index_of(documents, 4), 4, 3)
    (row,) = np.exp(memorizer.next_log_probabilities_nats([ids(0, 1)]))
    np.testing.assert_allclose(row, expected_row(memorizer, documents, [0, 1]), rtol=1e-12)
    assert row[3] > row[2]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_builds_its_memorizer(name: str) -> None:
    memorizer = build(name, index_of([[0, 1]], 2), vocabulary_size=3, end_id=2, calibration=[ids(0, 1, 1, 2)])
    assert memorizer.name == f"memorizer:{name}"
    if isinstance(memorizer, Mixture):
        assert [member.name for member in memorizer.members] == [f"memorizer:{n}" for n in NAMES if n != "mixture"]


def test_a_mixture_without_calibration_text_is_refused() -> None:
    for calibration in ((), (ids(),)):
        with pytest.raises(InputError, match="needs text"):
            build("mixture", index_of([[0]], 2), vocabulary_size=3, end_id=2, calibration=calibration)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="infinigram"):
        build("nonsense", index_of([[0]], 2), vocabulary_size=3, end_id=2)
