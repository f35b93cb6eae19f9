"""Checkpoints of every form: what byheart reads back, and what transformers makes of them."""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from blake3 import blake3

from byheart.errors import CapabilityError, FormatError
from byheart.models.transformer.checkpoint import load_checkpoint, save_checkpoint
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.network import Network
from tests.models.forms import CONFIGS, every_form, every_plain_form, network_of
from tests.models.networks import SMALL, texts


def _logits(network: Any) -> torch.Tensor:
    with torch.inference_mode():
        output = network(torch.from_numpy(np.stack(texts(33, 33)).astype(np.int64)))
    logits: torch.Tensor = output if isinstance(output, torch.Tensor) else output.logits
    return logits


def _edit(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@every_form
def test_a_network_of_every_form_comes_back_whole_and_is_written_in_the_same_bytes(
    config: NetworkConfig, tmp_path: Path
) -> None:
    network = network_of(config)
    save_checkpoint(network, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    loaded = load_checkpoint(tmp_path)
    assert loaded.config == config
    assert torch.equal(_logits(loaded), _logits(network))
    assert not loaded.training
    save_checkpoint(loaded, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["relu", "attention-only"])
def test_transformers_reads_what_a_llama_can_be_with_equal_logits(name: str, tmp_path: Path) -> None:
    network = network_of(CONFIGS[name])
    save_checkpoint(network, tmp_path, for_transformers=True)
    theirs, report = importlib.import_module("transformers").AutoModelForCausalLM.from_pretrained(
        tmp_path, use_safetensors=True, output_loading_info=True
    )
    assert type(theirs).__name__ == "LlamaForCausalLM"
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    torch.testing.assert_close(_logits(network), _logits(theirs), atol=1e-4, rtol=0)
    assert float(_logits(network).std()) > 0.1


def test_an_attention_only_network_differs_from_the_llama_that_has_its_attention() -> None:
    whole, part = network_of(SMALL), Network(CONFIGS["attention-only"])
    part.load_state_dict({name: tensor for name, tensor in whole.state_dict().items() if "mlp" not in name})
    assert not torch.allclose(_logits(whole), _logits(part), atol=0.1)


@every_plain_form
def test_a_plain_form_for_transformers_is_refused_before_anything_is_written(
    config: NetworkConfig, tmp_path: Path
) -> None:
    with pytest.raises(CapabilityError, match="no Llama computes the same") as caught:
        save_checkpoint(network_of(config), tmp_path / "model", for_transformers=True)
    assert "attention-only" in caught.value.next_step
    assert not (tmp_path / "model").exists()


def test_transformers_does_not_take_a_plain_form_for_a_llama(tmp_path: Path) -> None:
    save_checkpoint(network_of(CONFIGS["tanh"]), tmp_path)
    with pytest.raises(ValueError, match="model type `byheart`"):
        importlib.import_module("transformers").AutoModelForCausalLM.from_pretrained(tmp_path, use_safetensors=True)


def test_a_llama_is_written_as_the_first_version_wrote_it(tmp_path: Path) -> None:
    save_checkpoint(network_of(SMALL), tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    assert written.pop("byheart").keys() == {"schema", "weights_blake3"}
    assert written == {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "vocab_size": 61,
        "hidden_size": 32,
        "intermediate_size": 40,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": 32 // 4,
        "max_position_embeddings": 32 + 1,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
        "rope_theta": 10_000.0,
        "bos_token_id": 3,
        "eos_token_id": 3,
        "pad_token_id": None,
        "dtype": "float32",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"form": "relu"},
        {"form": 7},
        {"form": "llama"},
        {"mlp": "relu"},
        {"width": "32"},
        {"width": True},
        {"width": 32.0},
        {"width": 64},
        {"num_heads": 3},
        {"num_layers": 10**12},
        {"num_layers": 2},
        {"vocabulary_size": 10**30},
        {"context_tokens": 10**12},
        {"rotary_base": float("inf")},
        {"norm_epsilon": float("nan")},
        {"unknown": 1},
        {"end_id": None},
    ],
)
def test_a_written_shape_that_is_not_the_weights_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    save_checkpoint(network_of(CONFIGS["tanh"]), tmp_path)
    mark = json.loads((tmp_path / "config.json").read_text())["byheart"]
    mark["network"] |= changes
    _edit(tmp_path, byheart=mark)
    with pytest.raises(FormatError):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("network", [None, [], {}, "tanh"])
def test_a_plain_form_without_its_shape_is_refused(tmp_path: Path, network: object) -> None:
    save_checkpoint(network_of(CONFIGS["tanh"]), tmp_path)
    mark = json.loads((tmp_path / "config.json").read_text())["byheart"]
    _edit(tmp_path, byheart=mark | {"network": network})
    with pytest.raises(FormatError, match="ill-formed"):
        load_checkpoint(tmp_path)


def test_an_attention_only_network_and_its_llama_must_agree(tmp_path: Path) -> None:
    save_checkpoint(network_of(CONFIGS["attention-only"]), tmp_path)
    _edit(tmp_path, rms_norm_eps=1e-3)
    with pytest.raises(FormatError, match="rms_norm_eps"):
        load_checkpoint(tmp_path)


def test_an_attention_only_network_whose_mlp_would_speak_is_refused(tmp_path: Path) -> None:
    save_checkpoint(network_of(CONFIGS["attention-only"]), tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    tensors["model.layers.1.mlp.up_proj.weight"][0, 0] = 1.0
    safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})
    mark = json.loads((tmp_path / "config.json").read_text())["byheart"]
    _edit(tmp_path, byheart=mark | {"weights_blake3": blake3(path.read_bytes()).hexdigest()})
    with pytest.raises(FormatError, match="not those of an attention-only network"):
        load_checkpoint(tmp_path)
