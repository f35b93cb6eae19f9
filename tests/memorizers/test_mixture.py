from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.memorizers import definition_mixture
from byheart.memorizers.automaton import Automaton
from byheart.memorizers.boolean import Boolean
from byheart.memorizers.hidden_chain import HiddenChain
from byheart.memorizers.markov import Markov
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import COPY_TOKENS, Mixture
from byheart.memorizers.mixture_fitting import (
    CANDIDATE_STARTS,
    SMALLEST_WEIGHT,
    bucket_starts,
    buckets_of,
    fit,
    fit_weights,
    improve,
    maximise,
)
from tests.memorizers.test_laws import ids, index_of

A, END = 0, 1
VOCABULARY = 6
CORPUS = [[0, 1, 2, 3, 4] * 4, [3, 1, 0, 2] * 5, [4, 4, 0, 1, 2]]
probability = st.floats(1e-6, 1.0)


def says(probability: float, index: Index | None = None, *, num_states: int = 1) -> Automaton:
    """Says a with this probability, else the end, whatever came before."""
    chain = HiddenChain(
        np.array([[probability], [1 - probability]]).repeat(num_states, axis=1),
        np.full((num_states, num_states), 1 / num_states),
        np.full((2, num_states), 1 / num_states),
        np.ones(2),
    )
    return Automaton(index or index_of([], 1), vocabulary_size=2, end_id=END, chain=chain)


def chains(*documents: list[int]) -> list[Memorizer]:
    """Markov chains of orders 1 and 3 and a boolean memorizer."""
    index = index_of([*documents] or CORPUS, VOCABULARY - 1)
    end = VOCABULARY - 1
    short, long = (Markov(index, vocabulary_size=VOCABULARY, end_id=end, order=order) for order in (1, 3))
    return [short, long, Boolean(index, vocabulary_size=VOCABULARY, end_id=end)]


def texts(*sizes: int) -> list[TokenIds]:
    """Runs of the corpus with noise."""
    rng = np.random.default_rng(sum(sizes))
    found = []
    for size in sizes:
        text = np.resize(np.array(CORPUS[0], dtype=np.int32), size)
        noisy = rng.random(size) < 0.3
        text[noisy] = rng.integers(0, VOCABULARY, noisy.sum())
        found.append(text)
    return found


@st.composite
def matrices(draw: st.DrawFn, most_tokens: int = 12) -> Floats:
    """Probabilities of tokens under members."""
    num_members = draw(st.integers(1, 4))
    row = st.lists(probability, min_size=num_members, max_size=num_members)
    return np.array(draw(st.lists(row, min_size=1, max_size=most_tokens)))


def totals(log_probabilities_nats: Floats, weights: Floats) -> float:
    return definition_mixture.log_likelihood_nats(np.exp(log_probabilities_nats).tolist(), weights.tolist())


def test_the_worked_example_of_the_docstring() -> None:
    mixture = Mixture([says(3 / 4), says(1 / 4)], calibration=[ids(A, A, END)])
    assert mixture.bucket_starts.tolist() == [0]
    assert mixture.calibration_tokens.tolist() == [3]
    np.testing.assert_allclose(mixture.weights, [[5 / 6, 1 / 6]], atol=1e-4)
    (row,) = np.exp(mixture.next_log_probabilities_nats([ids()]))
    np.testing.assert_allclose(row, [1 / 4 + 5 / 6 / 2, 3 / 4 - 5 / 6 / 2], atol=1e-4)


@given(log_probabilities=matrices().map(np.log))
@settings(deadline=None)
def test_no_member_alone_is_better_on_the_calibration_text(log_probabilities: Floats) -> None:
    weights = fit_weights(log_probabilities)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1.0, rel=1e-12)
    assert totals(log_probabilities, weights) >= log_probabilities.sum(axis=0).max() - 1e-12 * len(log_probabilities)


@given(matrix=matrices(), data=st.data())
@settings(deadline=None)
def test_no_other_weights_are_better_on_the_calibration_text(matrix: Floats, data: st.DataObject) -> None:
    log_probabilities = np.log(matrix)
    found = totals(log_probabilities, fit_weights(log_probabilities))
    others = np.array(data.draw(st.lists(probability, min_size=matrix.shape[1], max_size=matrix.shape[1])))
    assert found >= totals(log_probabilities, others / others.sum()) - 1e-4 * len(matrix)


@given(matrix=matrices())
@settings(deadline=None)
def test_a_pass_equals_the_slow_one(matrix: Floats) -> None:
    weights = np.arange(1.0, matrix.shape[1] + 1)
    weights /= weights.sum()
    shares = np.empty_like(weights)
    total = improve(matrix, weights, shares)
    np.testing.assert_allclose(shares, definition_mixture.em_step(matrix.tolist(), weights.tolist()), rtol=1e-12)
    expected = definition_mixture.log_likelihood_nats(matrix.tolist(), weights.tolist())
    assert total == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_passes_follow_one_another_from_equal_weights() -> None:
    matrix = np.array([[0.5, 0.1, 0.2], [0.1, 0.6, 0.2], [0.3, 0.2, 0.2]])
    expected = [1 / 3, 1 / 3, 1 / 3]
    for _ in range(3):
        expected = definition_mixture.em_step(matrix.tolist(), expected)
    np.testing.assert_allclose(maximise(matrix, most_passes=3), expected, rtol=1e-12)


def test_a_weight_that_buys_next_to_nothing_becomes_zero() -> None:
    rng = np.random.default_rng(1)
    good = np.log(rng.uniform(0.2, 0.9, 4000))
    weights = fit_weights(np.stack([good, good - rng.uniform(0.5, 2.0, good.size)], axis=1))
    assert weights.tolist() == [1.0, 0.0]
    weights = fit_weights(np.log(np.stack([np.full(9, 0.5), np.append(np.full(8, 0.45), 1.0)], axis=1)))
    assert weights.min() > SMALLEST_WEIGHT


@given(
    lengths=st.lists(st.one_of(st.integers(0, 20), st.integers(0, 300)), min_size=1, max_size=60),
    least_tokens=st.integers(1, 12),
)
@settings(deadline=None)
def test_buckets_are_those_of_the_definition_and_each_has_enough_tokens(lengths: list[int], least_tokens: int) -> None:
    array = np.array(lengths)
    starts = bucket_starts(array, least_tokens=least_tokens)
    expected = definition_mixture.bucket_starts(lengths, candidates=CANDIDATE_STARTS, least_tokens=least_tokens)
    assert starts.tolist() == expected
    buckets = buckets_of(starts, array)
    assert buckets.tolist() == [definition_mixture.bucket(expected, length) for length in lengths]
    sizes = np.bincount(buckets, minlength=starts.size)
    assert starts.size == 1 or sizes.min() >= least_tokens


def test_each_bucket_has_the_weights_of_its_own_tokens() -> None:
    rng = np.random.default_rng(2)
    lengths = np.repeat([0, 5], 600)
    log_probabilities = np.log(rng.uniform(0.05, 0.95, (1200, 3)))
    found = fit(log_probabilities, lengths)
    assert found.bucket_starts.tolist() == [0, 5]
    assert found.calibration_tokens.tolist() == [600, 600]
    for bucket, own in enumerate((log_probabilities[:600], log_probabilities[600:])):
        np.testing.assert_array_equal(found.weights[bucket], fit_weights(own))


@pytest.mark.parametrize("sizes", [(30,), (700, 900), (4000,)])
def test_it_is_never_worse_than_its_best_member_on_the_calibration_text(sizes: Sequence[int]) -> None:
    members, calibration = chains(), texts(*sizes)
    mixture = Mixture(members, calibration=calibration)
    assert (mixture.calibration_tokens.size > 1) == (sum(sizes) > 1000)
    own = np.concatenate([mixture.log_probabilities_nats(text) for text in calibration])
    buckets = np.concatenate(
        [buckets_of(mixture.bucket_starts, mixture.matches(text).lengths_tokens) for text in calibration]
    )
    assert np.bincount(buckets).tolist() == mixture.calibration_tokens.tolist()
    for member in members:
        others = np.concatenate([member.log_probabilities_nats(text) for text in calibration])
        for bucket in range(mixture.bucket_starts.size):
            assert own[buckets == bucket].sum() >= others[buckets == bucket].sum() - 1e-9


def test_weights_follow_their_members() -> None:
    members, calibration = chains(), texts(1500)
    there, back = Mixture(members, calibration=calibration), Mixture(members[::-1], calibration=calibration)
    np.testing.assert_allclose(there.weights, back.weights[:, ::-1], atol=1e-9)
    again = Mixture(chains(), calibration=calibration)
    np.testing.assert_array_equal(there.weights, again.weights)
    assert there.fingerprint == again.fingerprint
    assert len({there.fingerprint, back.fingerprint, Mixture(members, calibration=texts(1400)).fingerprint}) == 3


def test_match_lengths_are_those_of_the_first_members_corpus() -> None:
    one, other = index_of([[0, 0, 0, 0]], 1), index_of([[]], 1)
    text = ids(A, A, A, END)
    mixture = Mixture([says(0.9, one), says(0.2, other)], calibration=[text])
    assert mixture.matches(text).lengths_tokens.tolist() == [0, 1, 2, 3]
    mixture = Mixture([says(0.9, other), says(0.2, one)], calibration=[text])
    assert mixture.matches(text).lengths_tokens.tolist() == [0, 0, 0, 0]


def test_an_index_of_several_members_counts_once() -> None:
    _, long, boolean = chains()
    mixture = Mixture([long, boolean], calibration=texts(1500))
    assert (mixture.weights > 0).any(axis=0).all()
    assert boolean.index_bytes == boolean.index.sorted_text.text.nbytes
    own = 8 * mixture.weights.size + 8 * mixture.bucket_starts.size
    beside = long.size_bytes + boolean.size_bytes - boolean.index_bytes
    assert mixture.size_bytes == long.index.size_bytes + beside + own


def test_a_member_without_weight_is_neither_asked_nor_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = says(0.7), says(0.01, num_states=50)
    text = ids(A, A, A, A, END)
    mixture = Mixture([bad, good], calibration=[text])
    assert mixture.weights.tolist() == [[0.0, 1.0]]
    assert mixture.size_bytes == good.size_bytes + good.index.size_bytes + 8 * 2 + 8
    monkeypatch.setattr(bad, "log_probabilities_nats", None)
    monkeypatch.setattr(bad, "_walk", None)
    np.testing.assert_array_equal(mixture.log_probabilities_nats(text), good.log_probabilities_nats(text))
    np.testing.assert_array_equal(
        mixture.score([text])[0].log_probability_nats, good.score([text])[0].log_probability_nats
    )


def test_a_mixture_can_be_a_member() -> None:
    inner = Mixture(chains(), calibration=texts(1500))
    outer = Mixture([inner, chains()[0]], calibration=texts(1200, 40))
    text = texts(200)[0]
    found = outer.score([text])[0]
    np.testing.assert_allclose(found.log_probability_nats, outer.log_probabilities_nats(text), rtol=1e-12)


def test_nothing_to_mix_is_refused() -> None:
    with pytest.raises(InputError, match="needs members"):
        Mixture([], calibration=[ids(0)])


def test_members_of_different_tokens_are_refused() -> None:
    other_end = Markov(index_of([[0]], 1), vocabulary_size=2, end_id=0)
    larger = Markov(index_of([[0]], 1), vocabulary_size=3, end_id=1)
    for other in (other_end, larger):
        with pytest.raises(InputError, match="one vocabulary"):
            Mixture([says(0.5), other], calibration=[ids(0)])
    indexes = [
        Index.build([ids(0)], ["a"], unit="tokens", alphabet_size=1, tokenizer_fingerprint=digits * 32)
        for digits in ("0a", "0b")
    ]
    with pytest.raises(InputError, match="2 tokenizers"):
        Mixture([says(0.5, index) for index in indexes], calibration=[ids(0)])


@pytest.mark.parametrize("calibration", [[], [ids()], [ids(), ids()]])
def test_no_calibration_text_is_refused(calibration: list[TokenIds]) -> None:
    with pytest.raises(InputError, match="needs text"):
        Mixture([says(0.5)], calibration=calibration)


def test_calibration_text_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match="outside its vocabulary"):
        Mixture([says(0.5)], calibration=[ids(A, 2)])


@pytest.mark.parametrize("with_end", [False, True])
def test_text_that_the_corpus_holds_cannot_calibrate(with_end: bool) -> None:
    copy = np.random.default_rng(0).integers(0, 5, COPY_TOKENS).astype(np.int32)
    members = chains(copy.tolist(), [4, 3, 2])
    text = np.append(copy, VOCABULARY - 1).astype(np.int32) if with_end else copy
    with pytest.raises(InputError, match="corpus holds the calibration text"):
        Mixture(members, calibration=[text])
    with pytest.raises(InputError, match="corpus holds the calibration text"):
        Mixture(members, calibration=[text, *texts(8 * COPY_TOKENS)])
    assert Mixture(members, calibration=[text, *texts(10 * COPY_TOKENS)]).weights.size


def test_short_texts_of_the_corpus_and_texts_with_a_changed_token_cannot_calibrate_alone() -> None:
    rng = np.random.default_rng(0)
    corpus = [rng.integers(0, 5, 3 * COPY_TOKENS).astype(np.int32) for _ in range(20)]
    members = chains(*(text.tolist() for text in corpus))
    short = [text[: COPY_TOKENS - 1] for text in corpus]
    changed = [text.copy() for text in corpus]
    for text in changed:
        text[COPY_TOKENS] = (text[COPY_TOKENS] + 1) % 5
    unseen = [rng.integers(0, 5, 3 * COPY_TOKENS).astype(np.int32) for _ in range(20)]
    for known in (short, changed):
        with pytest.raises(InputError, match="corpus holds the calibration text"):
            Mixture(members, calibration=known)
        assert Mixture(members, calibration=[*known, *unseen]).weights.size
