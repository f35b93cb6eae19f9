"""The fast pass against the networks whose numbers it must give."""

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from byheart.models.causal import CausalPredictor
from byheart.models.fused import layer
from byheart.models.fused.adoption import adopt
from byheart.models.fused.network import FusedNetwork
from byheart.models.fused.shape import shape_of
from byheart.models.network import RaggedNetwork
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.predictor import reference_predictor
from tests.models.networks import SMALL, predictor, sharp_network, texts

BASE: dict[str, Any] = {
    "vocab_size": 61,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "tie_word_embeddings": False,
    "bos_token_id": 3,
    "eos_token_id": 3,
}
"""Three query heads for each key head, a head of its own, queries wider than the states."""


def _model(family: str = "Llama", **options: Any) -> Any:
    hf: Any = importlib.import_module("transformers")
    model = getattr(hf, f"{family}ForCausalLM")(getattr(hf, f"{family}Config")(**BASE | options)).eval()
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for parameter in model.parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.3 * drawn if parameter.dim() == 1 else drawn / parameter.shape[-1] ** 0.5)
    return model


def _adopted(**options: Any) -> FusedNetwork:
    network = adopt(_model(**options))
    assert network is not None
    return network


def _ids(*lengths: int, seed: int = 1) -> Tensor:
    return torch.from_numpy(np.stack(texts(*lengths, seed=seed)).astype(np.int64))


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def _states(network: Any, ids: Tensor) -> Tensor:
    return network.final_states(network.embed(ids))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hidden_act": "relu"},
        {"tie_word_embeddings": True},
        {"num_key_value_heads": 6},
        {"num_key_value_heads": 1},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
        {"family": "Mistral", "sliding_window": None},
    ],
    ids=str,
)
def test_logits_and_states_equal_transformers(options: dict[str, Any]) -> None:
    with torch.inference_mode(mode=False):
        model, network = _model(**options), _adopted(**options)
    ids = _ids(50, 50, 50)
    theirs = model(ids, output_hidden_states=True)
    ours = network.logits(_states(network, ids))
    torch.testing.assert_close(ours, theirs.logits, atol=1e-4, rtol=0)
    assert float(ours.std()) > 0.3
    states = network.layer_states(network.embed(ids))
    assert len(states) == BASE["num_hidden_layers"] + 1
    for left, right in zip(states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(left, right, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("form", "mlp"), [("llama", "swiglu"), ("llama", "relu"), ("attention-only", "swiglu")])
def test_the_reference_stands_behind_its_predictor_as_the_fast_pass_with_equal_logits(form: Any, mlp: Any) -> None:
    shape = vars(SMALL) | {"form": form, "mlp": mlp}
    with torch.inference_mode(mode=False):
        network = sharp_network(NetworkConfig(**shape))
        subject = reference_predictor(network)
    assert isinstance(subject.network, FusedNetwork)
    ids = _ids(33, 33)
    torch.testing.assert_close(subject.network.logits(_states(subject.network, ids)), network(ids), atol=1e-4, rtol=0)
    # The weights are copies: training goes on elsewhere.
    before = _states(subject.network, ids)
    for parameter in network.parameters():
        parameter.zero_()
    assert torch.equal(_states(subject.network, ids), before)


def test_it_says_that_rows_may_differ_in_length() -> None:
    assert isinstance(_adopted(), RaggedNetwork)
    assert _adopted().device == torch.device("cpu")


def test_the_future_does_not_change_the_past() -> None:
    network, ids = _adopted(), _ids(30, 30)
    changed = ids.clone()
    changed[:, 12:] = (changed[:, 12:] + 7) % 61
    before, after = _states(network, ids), _states(network, changed)
    assert torch.equal(before[:, :12], after[:, :12])
    assert not torch.allclose(before[:, 12:], after[:, 12:], atol=1e-2)


def test_reruns_are_equal_to_the_bit_and_one_row_alone_nearly() -> None:
    network, ids = _adopted(), _ids(*[40] * 16)
    together = _states(network, ids)
    assert torch.equal(together, _states(network, ids))
    for row in range(16):
        torch.testing.assert_close(_states(network, ids[row : row + 1])[0], together[row], atol=1e-4, rtol=0)


def test_embeddings_are_left_as_they_were() -> None:
    network = _adopted()
    embeddings = network.embed(_ids(20, 20))
    before = embeddings.clone()
    network.final_states(embeddings)
    network.layer_states(embeddings)
    assert torch.equal(embeddings, before)


def test_an_mlp_in_many_blocks_of_rows_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network, ids = _adopted(), _ids(23, 23)
    whole = _states(network, ids)
    monkeypatch.setattr(layer, "MLP_ROWS", 7)
    torch.testing.assert_close(_states(network, ids), whole, atol=1e-4, rtol=0)


def test_gradients_equal_those_of_the_reference_and_follow_a_pass_in_inference_mode() -> None:
    with torch.inference_mode(mode=False):
        network = sharp_network()
        fused, plain = predictor(network), _as_it_is(network)
        (text,) = texts(20)
        fused.score([text])
        embeddings = fused.embed(text)
        gradient = fused.embedding_gradient(embeddings, 5)
        np.testing.assert_allclose(gradient, plain.embedding_gradient(embeddings, 5), atol=1e-4)
    assert np.abs(gradient).max() > 0.01


def _as_it_is(network: Any) -> CausalPredictor:
    """A reference network behind the predictor without the fast pass."""
    subject = reference_predictor(network)
    subject.network = network
    return subject


@pytest.mark.parametrize("pieces", [(100,), (70, 1, 1, 1, 27), (1,) * 100, (64, 1, 35), (63, 37)])
def test_a_cache_changes_nothing_however_the_text_is_cut(pieces: tuple[int, ...]) -> None:
    network, ids = _adopted(max_position_embeddings=128), _ids(100, 100, 100)
    cache = network.new_cache()
    parts = [network.final_states(network.embed(part), cache) for part in torch.split(ids, list(pieces), dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), _states(network, ids), atol=1e-4, rtol=0)


def test_rows_of_different_lengths_go_on_as_each_would_alone() -> None:
    network, ids = _adopted(max_position_embeddings=128), _ids(*[100] * 4)
    alone = _states(network, ids)
    firsts, seconds = torch.tensor([40, 3, 0, 25]), torch.tensor([5, 30, 1, 0])
    cache = network.new_cache()
    states = network.final_states(network.embed(ids[:, :40]), cache, firsts)
    _assert_rows(states, alone, torch.zeros(4, dtype=torch.int64), firsts)
    pieces = torch.stack([row[past : past + 30] for row, past in zip(ids, firsts, strict=True)])
    states = network.final_states(network.embed(pieces), cache, seconds)
    _assert_rows(states, alone, firsts, seconds)
    pasts = firsts + seconds
    for _ in range(40):
        states = network.final_states(network.embed(ids[torch.arange(4), pasts][:, None]), cache)
        _assert_rows(states, alone, pasts, torch.ones(4, dtype=torch.int64))
        pasts = pasts + 1


def _assert_rows(states: Tensor, alone: Tensor, pasts: Tensor, lengths: Tensor) -> None:
    for row, (past, length) in enumerate(zip(pasts.tolist(), lengths.tolist(), strict=True)):
        torch.testing.assert_close(states[row, :length], alone[row, past : past + length], atol=1e-4, rtol=0)


def test_rows_of_a_cache_go_on_by_themselves_whatever_their_lengths() -> None:
    network, ids = _adopted(max_position_embeddings=128), _ids(*[90] * 3)
    alone = _states(network, ids)
    cache = network.new_cache()
    network.final_states(network.embed(ids[:, :40]), cache, torch.tensor([40, 3, 25]))
    for chosen in ([2, 0], [1], [1, 1, 2], [0]):
        rows = torch.tensor(chosen)
        pasts = torch.tensor([40, 3, 25])[rows]
        other = cache.rows(rows)
        for _ in range(3):
            states = network.final_states(network.embed(ids[rows, pasts][:, None]), other)
            _assert_rows(states, alone[rows], pasts, torch.ones_like(rows))
            pasts = pasts + 1


def test_padding_is_not_seen_however_large_it_is() -> None:
    network, ids = _adopted(), _ids(20, 20)
    alone = _states(network, ids)
    embeddings = network.embed(ids[:, :10])
    embeddings[1, 4:] = 1e30
    cache = network.new_cache()
    network.final_states(embeddings, cache, torch.tensor([10, 4]))
    states = network.final_states(network.embed(ids[[0, 1], [10, 4]][:, None]), cache)
    _assert_rows(states, alone, torch.tensor([10, 4]), torch.tensor([1, 1]))


@pytest.mark.parametrize(
    "options",
    [
        {"attention_bias": True},
        {"mlp_bias": True},
        {"hidden_act": "gelu"},
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 2.0}},
        {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0}},
        {"family": "Mistral", "sliding_window": 70},
        {"family": "Qwen2"},
    ],
    ids=str,
)
def test_another_architecture_is_left_to_transformers(options: dict[str, Any]) -> None:
    with torch.inference_mode(mode=False):
        assert adopt(_model(**options)) is None


def test_another_precision_or_weights_that_are_not_finite_are_left_to_transformers() -> None:
    with torch.inference_mode(mode=False):
        assert adopt(_model().to(torch.bfloat16)) is None
        assert adopt(_model().double()) is not None
        model = _model()
        with torch.no_grad():
            model.model.norm.weight[0] = float("nan")
        assert adopt(model) is None


def test_a_model_that_says_one_thing_and_computes_another_is_left_to_transformers() -> None:
    with torch.inference_mode(mode=False):
        model = _model()
        model.config.rope_parameters = {"rope_type": "default", "rope_theta": 77.0}
        assert adopt(model) is None


@pytest.mark.parametrize(
    "change",
    [
        {"num_attention_heads": 0},
        {"num_attention_heads": "many"},
        {"num_key_value_heads": 4},
        {"head_dim": 7},
        {"rope_parameters": None},
        {"rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.5}},
        {"rms_norm_eps": None},
        {"model_type": "gpt2"},
    ],
    ids=str,
)
def test_an_odd_configuration_has_no_shape(change: dict[str, Any]) -> None:
    config = _model().config.to_dict()
    assert shape_of(config) is not None
    assert shape_of(config | change) is None
