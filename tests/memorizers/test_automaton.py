from itertools import product

import numpy as np
import pytest

from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.memorizers.automaton import MAX_TOKENS, Automaton, default_passes
from byheart.memorizers.baum_welch import corpus_tokens, first_chain, learn_chain, maximise, tally_pieces
from byheart.memorizers.definition_automaton import path_sum
from byheart.memorizers.hidden_chain import HiddenChain, Tally, empty_tally, tally_text
from byheart.memorizers.token_classes import bigram_directions, token_classes
from tests.memorizers.test_laws import ids, index_of

A, B, END = range(3)


def random_chain(num_states: int, vocabulary_size: int, seed: int) -> HiddenChain:
    rng = np.random.default_rng(seed)
    return HiddenChain(
        rng.dirichlet(np.ones(vocabulary_size), num_states).T.copy(),
        rng.dirichlet(np.ones(num_states), num_states),
        rng.dirichlet(np.ones(num_states), vocabulary_size),
        np.append(rng.random(vocabulary_size - 1), 1.0),
    )


def brute_force_tally(chain: HiddenChain, tokens: list[int], state: Floats) -> tuple[Tally, float]:
    """Every path of states and of who decided the next state, each with its share of the text's probability."""
    vocabulary_size, num_states = chain.emissions.shape
    tally, total = empty_tally(vocabulary_size, num_states), 0.0
    states = product(range(num_states), repeat=len(tokens) + 1)
    for path, deciders in product(states, list(product((False, True), repeat=len(tokens)))):
        probability = state[path[0]]
        own = empty_tally(vocabulary_size, num_states)
        for token, j, i, by_token in zip(tokens, path[:-1], path[1:], deciders, strict=True):
            share = chain.reset_shares[token]
            probability *= chain.emissions[token, j]
            probability *= share * chain.resets[token, i] if by_token else (1 - share) * chain.transitions[j, i]
            own.emissions[token, j] += 1
            own.tokens[token] += 1
            if by_token:
                own.resets[token, i] += 1
            else:
                own.transitions[j, i] += 1
        total += probability
        for sums, part in zip(tally, own, strict=True):
            sums += probability * part
    return Tally(*(sums / total for sums in tally)), total


def test_the_worked_example_of_the_docstring() -> None:
    chain = HiddenChain(
        np.array([[3 / 4, 1 / 4], [1 / 4, 3 / 4], [0, 0]]), np.eye(2), np.full((3, 2), 1 / 2), np.array([0.0, 0.0, 1.0])
    )
    memorizer = Automaton(index_of([], 2), vocabulary_size=3, end_id=END, chain=chain)
    found = np.exp(memorizer.log_probabilities_nats(ids(A, A)))
    assert found[0] == pytest.approx(1 / 2 * 3 / 4 + 1 / 2 * 1 / 4, rel=1e-12)
    assert found[1] == pytest.approx(3 / 4 * 3 / 4 + 1 / 4 * 1 / 4, rel=1e-12)


def test_a_state_rests_on_no_part_of_the_context_in_particular() -> None:
    found = Automaton(index_of([[A, B]], 2), vocabulary_size=3, end_id=END, num_states=2).matches(ids(A, B, A))
    assert (found.lengths_tokens.tolist(), found.num_occurrences.tolist()) == ([0] * 3, [0] * 3)


@pytest.mark.parametrize("seed", range(4))
def test_expected_counts_equal_those_over_all_paths(seed: int) -> None:
    chain = random_chain(2, 3, seed)
    tokens = np.random.default_rng(seed).integers(0, 3, 5).tolist()
    state = np.array([0.3, 0.7])
    tally = empty_tally(3, 2)
    found = tally_text(chain, np.array(tokens), state.copy(), tally)
    tally.transitions[:] *= chain.transitions
    expected, probability = brute_force_tally(chain, tokens, state)
    assert found == pytest.approx(np.log(probability), rel=1e-12)
    for name, left, right in zip(Tally._fields, tally, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-14, err_msg=name)


def test_the_probability_of_a_text_is_the_sum_over_paths_of_the_written_tensor() -> None:
    memorizer = Automaton(index_of([], 2), vocabulary_size=3, end_id=END, chain=random_chain(3, 3, 5))
    text = [A, B, B, END, A]
    tensor = memorizer.tensor(ids(A, B, END))
    expected = path_sum(memorizer.start(), tensor, np.ones(3), text)
    found = memorizer.log_probabilities_nats(ids(*text)).sum()
    assert np.exp(found) == pytest.approx(expected, rel=1e-12)
    assert memorizer.written_out().weight(ids(*text)) == pytest.approx(expected, rel=1e-12)


def test_all_texts_of_a_length_together_have_probability_one() -> None:
    machine = Automaton(index_of([[A, B, A], [B]], 2), vocabulary_size=3, end_id=END, num_states=2).written_out()
    assert sum(machine.weight(ids(*text)) for text in product(range(3), repeat=4)) == pytest.approx(1.0, rel=1e-12)


def test_each_round_of_the_plain_algorithm_makes_the_text_more_probable() -> None:
    rng = np.random.default_rng(7)
    tokens = np.where(np.arange(600) % 3 == 0, rng.integers(0, 2, 600), 2)
    chain = first_chain(tokens, vocabulary_size=4, num_states=3, end_id=3)
    log_probabilities = []
    for _ in range(8):
        log_probabilities.append(tally_text(chain, tokens, chain.resets[3].copy(), empty_tally(4, 3)))
        chain = maximise(tally_pieces(chain, tokens, np.arange(1), end_id=3), end_id=3)
    assert (np.diff(log_probabilities[1:]) > -1e-6 * abs(log_probabilities[0])).all()
    assert log_probabilities[-1] > log_probabilities[0] + 10


def test_states_remember_what_no_single_token_says() -> None:
    # The third token after the last 1 is again a 1: the last token alone, 0, leaves the two places between unclear.
    tokens = np.where(np.arange(9000) % 3 == 0, 1, 0)
    chain = learn_chain(tokens, vocabulary_size=3, num_states=4, end_id=2, num_passes=30)
    log_probability = tally_text(chain, tokens, chain.resets[2].copy(), empty_tally(3, 4))
    bigram_nats = (2 / 3) * np.log(2)
    assert -log_probability / tokens.size < 0.3 * bigram_nats


def test_equal_corpora_give_equal_states() -> None:
    documents = [np.random.default_rng(1).integers(0, 9, 400).tolist() for _ in range(2)]
    one, two = (Automaton(index_of(documents, 9), vocabulary_size=10, end_id=9, num_states=4) for _ in range(2))
    for left, right in zip(one.chain, two.chain, strict=True):
        np.testing.assert_array_equal(left, right)
    assert one.fingerprint == two.fingerprint
    assert one.fingerprint != Automaton(one.index, vocabulary_size=10, end_id=9, num_states=5).fingerprint


@pytest.mark.parametrize("num_states", [1, 7, 40])
def test_any_number_of_states_learns_from_any_corpus(num_states: int) -> None:
    corpora: list[list[list[int]]] = [[], [[]], [[0]], [[0, 1, 0, 1]]]
    for documents in corpora:
        memorizer = Automaton(index_of(documents, 2), vocabulary_size=3, end_id=END, num_states=num_states)
        assert np.isfinite(memorizer.log_probabilities_nats(ids(A, B, END))).all()
        np.testing.assert_allclose(memorizer.chain.emissions.sum(axis=0), 1.0, rtol=1e-12)
        assert (memorizer.tensor(ids(A)) >= 0).all()


def test_one_state_predicts_the_smoothed_frequencies() -> None:
    memorizer = Automaton(index_of([[A, A, A, B], [A, A]], 2), vocabulary_size=3, end_id=END, num_states=1)
    (row,) = np.exp(memorizer.next_log_probabilities_nats([ids(A, B)]))
    unigram = np.array([5 + 1 / 2, 1 + 1 / 2, 2 + 1 / 2]) / (8 + 3 / 2)
    np.testing.assert_allclose(row, (np.array([5, 1, 2]) + 30 * unigram) / (8 + 30), rtol=1e-12)


def test_tokens_with_like_successors_share_a_class() -> None:
    rng = np.random.default_rng(2)
    # 0 1 2 are followed by 3 4 5, and those by 0 1 2.
    tokens = rng.integers(0, 3, 3000) + 3 * (np.arange(3000) % 2)
    classes = token_classes(tokens, 7, 2)
    assert len(set(classes[:3])) == len(set(classes[3:6])) == 1
    assert classes[0] != classes[3]


def test_bigram_directions_are_those_of_the_whole_matrix() -> None:
    tokens = np.random.default_rng(3).choice(6, 500, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.05])
    counts = np.zeros((7, 7))
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    margins = np.maximum(counts.sum(axis=1), 1)[:, None] * np.maximum(counts.sum(axis=0), 1)
    left, values, right, _ = bigram_directions(tokens, 7, 6)
    np.testing.assert_allclose((left * values) @ right.T, counts / np.sqrt(margins), atol=1e-10)
    assert values[0] == pytest.approx(1.0)


def test_a_larger_corpus_is_read_evenly_by_document() -> None:
    index = index_of([[A, A, A], [B, B, B], [A, B, A], [B, B, B]], 2)
    whole = corpus_tokens(index, end_id=END, max_tokens=16)
    assert whole.tolist() == [A, A, A, END, B, B, B, END, A, B, A, END, B, B, B, END]
    assert corpus_tokens(index, end_id=END, max_tokens=8).tolist() == [A, A, A, END, A, B, A, END]
    assert corpus_tokens(index, end_id=END, max_tokens=6).tolist() == [A, A, A, END, B, B]


def test_small_corpora_are_read_more_often() -> None:
    assert [default_passes(size) for size in (0, 70_000, 1_500_000, MAX_TOKENS)] == [10, 10, 5, 3]


@pytest.mark.parametrize("setting", [{"num_states": 0}, {"num_passes": -1}, {"max_tokens": 0}])
def test_settings_outside_their_range_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InputError, match="needs a state"):
        Automaton(index_of([[A]], 2), vocabulary_size=3, end_id=END, **setting)  # type: ignore[arg-type]


def test_states_of_other_tokens_are_refused() -> None:
    with pytest.raises(InputError, match="other tokens"):
        Automaton(index_of([[A]], 2), vocabulary_size=3, end_id=END, chain=random_chain(2, 4, 0))
