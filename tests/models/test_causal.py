import numpy as np
import pytest
import torch

from byheart.core.decoding import GREEDY, Decoding
from byheart.core.predictor import Distributes, Exposes, Samples, Scores
from byheart.core.token_scores import token_scores
from byheart.core.tokens import TokenIds
from byheart.errors import InputError, NumericalError
from tests.models.networks import SMALL, predictor, sharp_network, texts
from tests.models.test_reduction import assert_equal


def test_it_has_every_capability() -> None:
    subject = predictor()
    for capability in (Scores, Distributes, Samples, Exposes):
        assert isinstance(subject, capability)


def test_scores_equal_the_definition_on_full_distributions() -> None:
    subject, (text,) = predictor(), texts(30)
    logs = subject.next_log_probabilities_nats([text[:stop] for stop in range(30)])
    assert_equal(subject.score([text])[0], token_scores(text, logs))


def test_equal_batches_give_equal_bytes_and_other_batches_nearly() -> None:
    subject, batch = predictor(), texts(*range(1, 33, 2))
    first, second = subject.score(batch), subject.score(batch)
    for one, other, text in zip(first, second, batch, strict=True):
        for (_, left), (_, right) in zip(one.arrays(), other.arrays(), strict=True):
            assert left.tobytes() == right.tobytes()
        alone = subject.score([text])[0]
        np.testing.assert_allclose(one.log_probability_nats, alone.log_probability_nats, atol=1e-4)
        np.testing.assert_allclose(one.entropy_nats, alone.entropy_nats, atol=1e-4)


def test_distributions_sum_to_one_and_do_not_depend_on_the_batch() -> None:
    subject = predictor()
    contexts = [*texts(0, 5, 32, 5, 1), *texts(*range(20))]
    together = subject.next_log_probabilities_nats(contexts)
    assert np.exp(together).sum(axis=1) == pytest.approx(np.ones(25))
    alone = np.concatenate([subject.next_log_probabilities_nats([context]) for context in contexts])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert subject.next_log_probabilities_nats([]).shape == (0, SMALL.vocabulary_size)
    assert subject.score([]) == []


def test_greedy_writing_equals_the_teacher_forced_arg_max() -> None:
    subject, contexts = predictor(), texts(4, 9, 4, 0, 12)
    written = subject.sample(contexts, GREEDY, 16, rng=np.random.default_rng(0))
    assert max(continuation.size for continuation in written) == 16
    for context, continuation in zip(contexts, written, strict=True):
        if continuation.size:
            scores = subject.score([np.concatenate((context, continuation))])[0]
            assert scores.slice(context.size, len(scores)).is_argmax.all()
        if continuation.size < 16:
            ended = subject.next_log_probabilities_nats([np.concatenate((context, continuation))])
            assert int(ended.argmax()) == SMALL.end_id


def test_a_continuation_does_not_depend_on_what_else_is_asked() -> None:
    subject, contexts = predictor(), texts(6, 6, 9)
    rule = Decoding(temperature=1.0, top_k=40)
    together = subject.sample(contexts, rule, 12, rng=np.random.default_rng(7))
    first = subject.sample(contexts[:1], rule, 12, rng=np.random.default_rng(7))
    assert np.array_equal(together[0], first[0])
    assert not np.array_equal(together[0], together[1])
    again = subject.sample(contexts, rule, 12, rng=np.random.default_rng(7))
    assert all(np.array_equal(left, right) for left, right in zip(together, again, strict=True))


def test_writing_follows_the_distribution() -> None:
    subject, (context,) = predictor(), texts(5)
    drawn = subject.sample([context] * 600, Decoding(), 1, rng=np.random.default_rng(3))
    expected = np.exp(subject.next_log_probabilities_nats([context])[0])
    likeliest = int(expected.argmax())
    share = np.mean([bool(token.size) and int(token[0]) == likeliest for token in drawn])
    assert share == pytest.approx(expected[likeliest], abs=4 * np.sqrt(0.25 / 600))


def test_the_embeddings_path_equals_the_ids_path() -> None:
    subject, (text,) = predictor(), texts(11)
    started = np.concatenate(([SMALL.end_id], text)).astype(np.int32)
    embeddings = subject.embed(started)
    by_embeddings = subject.next_log_probabilities_from_embeddings_nats(embeddings[None])
    np.testing.assert_allclose(by_embeddings, subject.next_log_probabilities_nats([text]), atol=1e-5)
    states = subject.hidden_states(embeddings)
    assert states.shape == (SMALL.num_layers + 1, 12, SMALL.width)
    assert np.array_equal(states[0], embeddings)


def test_the_gradient_equals_finite_differences() -> None:
    subject, (text,) = predictor(sharp_network().double()), texts(6)
    embeddings = subject.embed(text)
    gradient = subject.embedding_gradient(embeddings, target_id=5)
    step = 1e-5
    for token_index, column in ((0, 0), (3, 17), (5, 31)):
        moved = np.stack((embeddings, embeddings))
        moved[0, token_index, column] += step
        moved[1, token_index, column] -= step
        above, below = subject.next_log_probabilities_from_embeddings_nats(moved)[:, 5]
        assert gradient[token_index, column] == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-7)


def test_misuse_is_an_input_error() -> None:
    subject, empty = predictor(), np.empty(0, dtype=np.int32)
    foreign = np.array([SMALL.vocabulary_size], dtype=np.int32)
    too_long: TokenIds = texts(34)[0]
    assert len(subject.score([too_long[:33]])[0]) == 33
    for bad in (empty, foreign, too_long):
        with pytest.raises(InputError):
            subject.score([bad])
    with pytest.raises(InputError):
        subject.next_log_probabilities_nats([too_long[:33]])
    with pytest.raises(InputError):
        subject.sample([too_long[:20]], GREEDY, 14, rng=np.random.default_rng(0))
    with pytest.raises(InputError):
        subject.embedding_gradient(subject.embed(too_long[:3]), SMALL.vocabulary_size)


def test_weights_that_are_not_finite_are_a_numerical_error() -> None:
    network = sharp_network()
    with torch.no_grad():
        network.get_parameter("final_norm.gain")[0] = float("nan")
    with pytest.raises(NumericalError):
        predictor(network).score(texts(4))
    with pytest.raises(NumericalError):
        predictor(network).next_log_probabilities_nats(texts(4))


def test_one_changed_weight_changes_the_fingerprint() -> None:
    network = sharp_network()
    before = predictor(network).fingerprint
    assert predictor(sharp_network()).fingerprint == before
    with torch.no_grad():
        network.embedding[0, 0] += 1e-3
    assert predictor(network).fingerprint != before
