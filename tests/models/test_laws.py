"""One body of laws over all learned predictors: every form of the reference, and networks of transformers."""

import importlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byheart.core.decoding import GREEDY, Decoding
from byheart.core.predictor import Access, Distributes, Exposes, Samples, Scores
from byheart.core.token_scores import TokenScores, token_scores
from byheart.core.tokens import TokenIds
from byheart.models.causal import CausalPredictor
from byheart.models.huggingface import huggingface_predictor
from byheart.models.transformer.checkpoint import load_checkpoint, save_checkpoint
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.predictor import reference_predictor
from tests.models.forms import CONFIGS, every_form, network_of
from tests.models.networks import SMALL, texts

Make = Callable[[], CausalPredictor]


def _reference(config: NetworkConfig) -> CausalPredictor:
    return reference_predictor(network_of(config))


def _transformers(name: str, **shape: Any) -> CausalPredictor:
    """A small random network of transformers, its weights from a fixed stream."""
    library = importlib.import_module("transformers")
    config = getattr(library, f"{name}Config")(vocab_size=61, bos_token_id=3, eos_token_id=3, pad_token_id=3, **shape)
    kind = getattr(library, f"{name}LMHeadModel" if name == "GPT2" else f"{name}ForCausalLM")
    model = kind(config).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(float(parameter.dim() == 1), 0.2, generator=generator)
    return huggingface_predictor(model, name=f"model:{name}", end_id=SMALL.end_id)


_ROPE_SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": SMALL.num_positions,
}
MAKERS: dict[str, Make] = {name: partial(_reference, config) for name, config in CONFIGS.items()} | {
    "transformers-gpt2": lambda: _transformers("GPT2", n_positions=SMALL.num_positions, n_embd=32, n_layer=2, n_head=4),
    "transformers-llama": lambda: _transformers("Llama", **_ROPE_SHAPE),
    "transformers-qwen2": lambda: _transformers("Qwen2", tie_word_embeddings=False, **_ROPE_SHAPE),
}
made = cache(lambda name: MAKERS[name]())
every_model = pytest.mark.parametrize("name", MAKERS)
MIXED = (1, 33, 5, 5, 20, 2, 17, 33, 8, 1, 30, 12, 3, 25, 9, 9)
"""Lengths of one batch."""


def _assert_close(left: TokenScores, right: TokenScores, atol: float = 1e-4) -> None:
    for (name, one), (_, other) in zip(left.arrays(), right.arrays(), strict=True):
        exact = name in ("token_ids", "rank", "argmax_id")
        np.testing.assert_allclose(
            one.astype(float), other.astype(float), rtol=0 if exact else 1e-4, atol=0 if exact else atol, err_msg=name
        )


def _bytes(scores: list[TokenScores]) -> list[bytes]:
    return [array.tobytes() for text in scores for _, array in text.arrays()]


@every_model
def test_it_has_every_capability(name: str) -> None:
    model = made(name)
    for capability in (Scores, Distributes, Samples, Exposes):
        assert isinstance(model, capability)
    assert (model.access, model.context_tokens) == (Access.WEIGHTS, SMALL.context_tokens)


def test_no_two_have_the_same_fingerprint_and_each_keeps_its_own() -> None:
    fingerprints = {name: made(name).fingerprint for name in MAKERS}
    assert len(set(fingerprints.values())) == len(MAKERS)
    assert {name: make().fingerprint for name, make in MAKERS.items()} == fingerprints


@every_model
def test_distributions_sum_to_one_and_say_something(name: str) -> None:
    rows = made(name).next_log_probabilities_nats([*texts(0, 5, 32, 5, 1), *texts(*range(20))])
    assert np.exp(rows).sum(axis=1) == pytest.approx(np.ones(25))
    assert (rows <= 0).all()
    assert np.abs(np.exp(rows) - 1 / SMALL.vocabulary_size).max() > 0.05
    assert np.abs(np.exp(rows[2]) - np.exp(rows[3])).max() > 1e-3


@every_model
def test_changing_the_future_leaves_the_past(name: str) -> None:
    (text,) = texts(30)
    changed = text.copy()
    changed[20:] = (changed[20:] + 7) % 50 + 4
    before, after = made(name).score([text, changed])
    _assert_close(before.slice(0, 20), after.slice(0, 20), atol=1e-5)
    assert not np.allclose(before.log_probability_nats[20:], after.log_probability_nats[20:], atol=1e-2)


@every_model
def test_scores_are_the_steps_of_the_chain_rule(name: str) -> None:
    model, (text,) = made(name), texts(33)
    rows = model.next_log_probabilities_nats([text[:stop] for stop in range(text.size)])
    _assert_close(model.score([text])[0], token_scores(text, rows))


@every_model
def test_the_batch_does_not_matter_and_a_rerun_is_the_same_to_the_last_bit(name: str) -> None:
    model, batch = made(name), texts(*MIXED)
    together = model.score(batch)
    assert _bytes(model.score(batch)) == _bytes(together)
    for text, scores in zip(batch, together, strict=True):
        _assert_close(scores, model.score([text])[0])


@every_model
def test_given_tokens_are_context_and_nothing_else(name: str) -> None:
    model, batch = made(name), texts(*MIXED)
    given = [min(index, text.size - 1) for index, text in enumerate(batch)]
    tails = model.score(batch, given)
    for whole, tail, num_given in zip(model.score(batch), tails, given, strict=True):
        _assert_close(whole.slice(num_given, len(whole)), tail)


@every_model
def test_what_is_written_does_not_depend_on_the_batch(name: str) -> None:
    model, contexts, rule = made(name), texts(6, 6, 9, 0, 20), Decoding(temperature=0.8, top_k=40, top_p=0.95)
    together = model.sample(contexts, rule, 12, rng=np.random.default_rng(7))
    for number in range(1, len(contexts)):
        fewer = model.sample(contexts[:number], rule, 12, rng=np.random.default_rng(7))
        for left, right in zip(together, fewer, strict=False):
            np.testing.assert_array_equal(left, right)
    assert len({written.tobytes() for written in together}) > 1


@every_model
def test_greedy_writing_is_the_chain_of_arg_maxima(name: str) -> None:
    model, contexts = made(name), texts(4, 9, 4, 0, 12)
    for context, written in zip(
        contexts, model.sample(contexts, GREEDY, 16, rng=np.random.default_rng(0)), strict=True
    ):
        expected = context
        while expected.size < context.size + 16:
            token = int(model.next_log_probabilities_nats([expected])[0].argmax())
            if token == model.end_id:
                break
            expected = np.append(expected, token).astype(np.int32)
        np.testing.assert_array_equal(written, expected[context.size :])


def _started(text: TokenIds) -> TokenIds:
    return np.concatenate(([SMALL.end_id], text)).astype(np.int32)


@every_model
def test_embeddings_predict_what_their_tokens_predict(name: str) -> None:
    model, (text,) = made(name), texts(11)
    embeddings = model.embed(_started(text))
    by_embeddings = model.next_log_probabilities_from_embeddings_nats(embeddings[None])
    np.testing.assert_allclose(by_embeddings, model.next_log_probabilities_nats([text]), atol=1e-4)
    states = model.hidden_states(embeddings)
    assert states.shape[1:] == (12, 32)
    assert len(states) >= 3
    # GPT-2 adds its positions before the first layer.
    assert np.array_equal(states[0], embeddings) or name == "transformers-gpt2"


@every_model
def test_predictions_move_continuously_with_the_embeddings_that_attention_mixes(name: str) -> None:
    model, (one, other) = made(name), texts(8, 8)
    ends = [model.embed(_started(text)) for text in (one, other)]

    def largest_jump(num_steps: int) -> float:
        """Total variation between neighbours on a straight path from one context to the other."""
        shares = np.linspace(0, 1, num_steps + 1)[:, None, None]
        rows = np.exp(model.next_log_probabilities_from_embeddings_nats((1 - shares) * ends[0] + shares * ends[1]))
        return float(0.5 * np.abs(np.diff(rows, axis=0)).sum(axis=1).max())

    coarse, fine, finest = largest_jump(8), largest_jump(128), largest_jump(1024)
    assert coarse > 1e-3
    assert finest < fine / 4 < coarse / 4


@every_model
def test_the_gradient_points_where_the_log_probability_rises(name: str) -> None:
    model, (text,) = made(name), texts(8)
    embeddings = model.embed(_started(text))
    gradient = model.embedding_gradient(embeddings, 5)
    length = np.linalg.norm(gradient)
    step = 1e-2 * gradient / length
    ends = model.next_log_probabilities_from_embeddings_nats(np.stack((embeddings + step, embeddings - step)))[:, 5]
    assert length > 1e-3
    assert (ends[0] - ends[1]) / 2e-2 == pytest.approx(length, rel=0.05)


@every_form
def test_a_saved_and_loaded_network_says_the_same_to_the_last_bit(config: NetworkConfig, tmp_path: Path) -> None:
    network = network_of(config)
    save_checkpoint(network, tmp_path)
    before, after = reference_predictor(network), reference_predictor(load_checkpoint(tmp_path))
    assert after.fingerprint == before.fingerprint
    batch = texts(*MIXED)
    assert _bytes(after.score(batch)) == _bytes(before.score(batch))
