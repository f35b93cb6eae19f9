"""The fast network against theory.md written out."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from byheart.core.decoding import GREEDY, Decoding
from byheart.models.transformer import definition
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.predictor import reference_predictor
from tests.models.forms import CONFIGS, every_form, network_of
from tests.models.networks import SMALL, texts


def _alpha(num_tokens: int, width: int, seed: int = 0) -> torch.Tensor:
    queries, keys = torch.randn(2, num_tokens, width, generator=torch.Generator().manual_seed(seed)).double()
    return definition.attention_weights(queries, keys)


def test_the_weights_of_attention_are_shares_of_the_past() -> None:
    alpha = _alpha(7, 4)
    assert alpha.sum(dim=1).tolist() == pytest.approx([1.0] * 7)
    assert (alpha.triu(1) == 0).all()
    assert (alpha.tril()[alpha.tril() != 0] > 0).all()
    assert alpha[0, 0] == 1.0


def test_the_weights_of_attention_by_hand() -> None:
    queries = torch.tensor([[9.0, 9.0, 9.0, 9.0], [2.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    keys = torch.tensor([[3.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    one, other = np.exp(2.0 * 3.0 / np.sqrt(4.0)), np.exp(2.0 * 1.0 / np.sqrt(4.0))
    expected = [[1.0, 0.0], [one / (one + other), other / (one + other)]]
    np.testing.assert_allclose(definition.attention_weights(queries, keys).numpy(), expected)


def test_one_layer_of_one_head_is_embedding_interpolation_to_the_letter() -> None:
    config = replace(CONFIGS["interpolation"], num_layers=1, num_heads=1)
    network = network_of(config).double()
    parameters = network.state_dict()
    ids = torch.from_numpy(texts(9)[0].astype(np.int64))
    embedded = parameters["embedding"][ids]
    queries, keys = (embedded @ part.T for part in parameters["layers.0.interpolation.qk"].chunk(2))
    alpha = definition.attention_weights(*(definition.rotated(x, config.rotary_base) for x in (queries, keys)))
    matrix, bias = parameters["layers.0.matrix"], parameters["layers.0.bias"]
    with torch.inference_mode():
        found = network.final_states(network.embed(ids[None]))[0]
    for i in range(9):
        mixed = sum(alpha[i, j] * embedded[j] for j in range(i + 1))
        expected = torch.relu(matrix @ mixed + bias)
        torch.testing.assert_close(found[i], expected, atol=1e-5, rtol=0)
    assert 0.2 < float((found == 0).double().mean()) < 0.8


@pytest.mark.parametrize(("form", "sigma"), [("sigmoid", torch.sigmoid), ("tanh", torch.tanh)])
def test_the_first_token_sees_only_itself_and_climbs_the_plain_steps_of_depth(
    form: str, sigma: torch.nn.Module
) -> None:
    network = network_of(CONFIGS[form])
    ids = torch.tensor([[5, 6, 7]])
    with torch.inference_mode():
        states = network.layer_states(network.embed(ids))
    for layer_index, (before, after) in enumerate(pairwise(states)):
        prefix = f"layers.{layer_index}."
        matrix, bias = (network.state_dict()[prefix + name] for name in ("matrix", "bias"))
        torch.testing.assert_close(after[0, 0], sigma(matrix @ before[0, 0] + bias), atol=1e-5, rtol=0)


@every_form
def test_the_fast_network_equals_the_definition(config: NetworkConfig) -> None:
    network = network_of(config)
    batch = texts(33, 33, seed=4)
    with torch.inference_mode():
        fast = network(torch.from_numpy(np.stack(batch).astype(np.int64)))
        exact = network.double()
        slow = torch.stack([definition.logits(config, exact.state_dict(), ids) for ids in batch])
        torch.testing.assert_close(exact(torch.from_numpy(np.stack(batch).astype(np.int64))), slow, atol=1e-5, rtol=0)
    scale = float(slow.abs().max())
    assert scale > 1.0
    torch.testing.assert_close(fast.double(), slow, atol=1e-5 * scale, rtol=0)


@every_form
def test_scores_are_the_log_softmax_of_the_definition(config: NetworkConfig) -> None:
    network, (text,) = network_of(config), texts(20)
    (scores,) = reference_predictor(network).score([text])
    parameters = {name: tensor.double() for name, tensor in network.state_dict().items()}
    nats = definition.log_probabilities_nats(definition.logits(config, parameters, [config.end_id, *text[:-1]]))
    np.testing.assert_allclose(scores.log_probability_nats, nats[np.arange(20), text].numpy(), atol=1e-4)


@every_form
@pytest.mark.parametrize("decoding", [GREEDY, Decoding(temperature=0.7, top_k=9, top_p=0.9)])
def test_what_is_written_equals_the_definition(config: NetworkConfig, decoding: Decoding) -> None:
    network, (context,) = network_of(config), texts(6)
    (written,) = reference_predictor(network).sample([context], decoding, 8, rng=np.random.default_rng(2))
    (own,) = np.random.default_rng(2).spawn(1)
    slow = definition.generate(config, network.state_dict(), context, decoding, 8, rng=own)
    np.testing.assert_array_equal(written, slow)


@every_form
def test_one_step_of_plain_descent_is_that_of_the_definition(config: NetworkConfig) -> None:
    network, (text,) = network_of(config), texts(20)
    expected = definition.descend(config, network.state_dict(), text, 0.5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    ids = torch.from_numpy(text.astype(np.int64))
    torch.nn.functional.cross_entropy(network(ids[None, :-1])[0], ids[1:]).backward()  # type: ignore[no-untyped-call]
    torch.optim.SGD(network.parameters(), lr=0.5).step()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, expected[name], atol=1e-4, rtol=1e-4)
        assert float((tensor - before[name]).abs().max()) > 1e-3, name


def test_gradient_descent_lowers_the_loss() -> None:
    parameters = {name: tensor.double() for name, tensor in network_of(SMALL).state_dict().items()}
    (text,) = texts(12)
    before = float(definition.loss_nats(SMALL, parameters, text))
    after = float(definition.loss_nats(SMALL, definition.descend(SMALL, parameters, text, 1e-3), text))
    assert after < before
