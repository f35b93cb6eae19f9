import numpy as np
import pytest

from byheart.memorizers.hidden_chain import HiddenChain, Tokens, empty_tally, tally_text
from byheart.memorizers.spectral import UNIGRAM_SHARE, learn_spectral, log_probabilities_nats, next_probabilities

END = 4


def mixed_tokens(num_tokens: int) -> Tokens:
    """Five tokens, each of which may follow each."""
    return np.random.default_rng(1).choice(5, num_tokens, p=[0.4, 0.3, 0.1, 0.1, 0.1])


def two_state_tokens(num_tokens: int) -> tuple[HiddenChain, Tokens]:
    """A text of a hidden Markov chain with two states, which a and b, c and d tell apart."""
    emissions = np.array([[0.5, 0.1], [0.3, 0.1], [0.1, 0.3], [0.1, 0.4], [0.0, 0.1]])
    chain = HiddenChain(emissions, np.array([[0.9, 0.1], [0.2, 0.8]]), np.full((5, 2), 0.5), np.zeros(5))
    rng = np.random.default_rng(2)
    tokens, state = np.empty(num_tokens, dtype=np.int64), 0
    for position in range(num_tokens):
        tokens[position] = rng.choice(5, p=emissions[:, state])
        state = int(rng.choice(2, p=chain.transitions[state]))
    return chain, tokens


def test_with_as_many_states_as_tokens_the_start_gives_what_follows_an_end() -> None:
    tokens = mixed_tokens(3000)
    machine = learn_spectral(tokens, vocabulary_size=5, num_states=5, end_id=END)
    after_end = np.bincount(tokens[1:][tokens[:-1] == END], minlength=5)
    np.testing.assert_allclose(machine.next_weights(np.empty(0, np.int32)), after_end / after_end.sum(), atol=0.01)
    assert machine.initial.sum() == pytest.approx(1.0)


def test_it_finds_the_chain_that_wrote_a_long_text() -> None:
    chain, tokens = two_state_tokens(60_000)
    machine = learn_spectral(tokens[:50_000], vocabulary_size=5, num_states=2, end_id=END)
    unseen = tokens[50_000:]
    best = tally_text(chain, unseen, np.array([0.5, 0.5]), empty_tally(5, 2)) / unseen.size
    unigram = np.bincount(tokens[:50_000], minlength=5) / 50_000
    found = log_probabilities_nats(machine, unigram, unseen).mean()
    memoryless = np.log(unigram[unseen]).mean()
    assert best - memoryless > 0.03
    assert found - memoryless > 0.9 * (best - memoryless)


def test_a_state_has_the_sum_of_its_outputs_in_the_mean() -> None:
    machine = learn_spectral(mixed_tokens(3000), vocabulary_size=5, num_states=5, end_id=END)
    np.testing.assert_allclose(machine.outputs, machine.tensor.sum(axis=1), rtol=1e-12)
    assert machine.next_weights(np.empty(0, np.int32)).sum() == pytest.approx(1.0, abs=0.01)


def test_negative_weights_count_as_none() -> None:
    unigram = np.array([0.5, 0.25, 0.25])
    found = next_probabilities(np.array([0.6, -0.4, 0.2]), unigram)
    kept, mixed = 1 - UNIGRAM_SHARE, UNIGRAM_SHARE
    expected = [kept * 0.6 / 0.8 + mixed * 0.5, mixed * 0.25, kept * 0.2 / 0.8 + mixed * 0.25]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(next_probabilities(np.array([-1.0, 0.0, -2.0]), unigram), unigram)


def test_every_token_stays_possible_through_states_that_no_text_reaches() -> None:
    tokens = mixed_tokens(60)
    machine = learn_spectral(tokens, vocabulary_size=6, num_states=4, end_id=END)
    text = np.random.default_rng(3).integers(0, 6, 500)
    found = log_probabilities_nats(machine, np.full(6, 1 / 6), text)
    assert np.isfinite(found).all()
    assert (found >= np.log(UNIGRAM_SHARE / 6) - 1e-12).all()
    assert (found <= 0).all()
