"""A reference network on disk: model.safetensors and a config.json that transformers reads as a Llama.

The key "byheart" of config.json marks our reference and holds what transformers has no word for. Its hash covers the
weights: one flipped bit goes unnoticed by safetensors itself. The weights are written first and config.json last, so
a folder with a config.json is whole.
"""

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from blake3 import blake3
from safetensors import SafetensorError

from byheart.core.visible import visible
from byheart.corpus.atomic_file import write_durably
from byheart.errors import ConfigError, FormatError, StorageError
from byheart.models.folders import read_config
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.names import from_llama, llama_shapes, to_llama
from byheart.models.transformer.network import Network

SCHEMA = 1
"""Version of the "byheart" key."""
_MOST_POSITIONS = 1 << 20
_FIXED = {
    "model_type": "llama",
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "tie_word_embeddings": True,
}
"""What every reference network is."""


def config_to_llama(config: NetworkConfig) -> dict[str, Any]:
    """The config.json of a network, without the "byheart" key."""
    return {
        "architectures": ["LlamaForCausalLM"],
        **_FIXED,
        "vocab_size": config.vocabulary_size,
        "hidden_size": config.width,
        "intermediate_size": config.hidden_width,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_heads,
        "head_dim": config.width // config.num_heads,
        "max_position_embeddings": config.num_positions,
        "rms_norm_eps": config.norm_epsilon,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rotary_base},
        "rope_theta": config.rotary_base,
        "bos_token_id": config.end_id,
        "eos_token_id": config.end_id,
        "pad_token_id": None,
        "dtype": "float32",
    }


def config_from_llama(raw: dict[str, Any]) -> NetworkConfig:
    """The inverse of `config_to_llama`.

    Raises:
        FormatError: a field is missing or ill-formed, or it describes a Llama that the reference cannot be.
    """
    try:
        config = NetworkConfig(
            vocabulary_size=int(raw["vocab_size"]),
            end_id=int(raw["eos_token_id"]),
            width=int(raw["hidden_size"]),
            num_layers=int(raw["num_hidden_layers"]),
            num_heads=int(raw["num_attention_heads"]),
            hidden_width=int(raw["intermediate_size"]),
            context_tokens=int(raw["max_position_embeddings"]) - 1,
            rotary_base=float(raw["rope_parameters"]["rope_theta"]),
            norm_epsilon=float(raw["rms_norm_eps"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError, ConfigError) as error:
        raise FormatError(
            "The configuration of a reference network is ill-formed.",
            why=visible(f"{type(error).__name__}: {error}"),
            next_step="Train it again, or restore config.json.",
        ) from error
    different = [name for name, value in config_to_llama(config).items() if name in raw and raw[name] != value]
    if config.num_positions > _MOST_POSITIONS:
        different.append("max_position_embeddings")
    if different or any(name not in raw for name in _FIXED):
        missing = [name for name in _FIXED if name not in raw]
        raise FormatError(
            "The reference network cannot represent this Llama.",
            why=f"It differs in {', '.join(different + missing)}.",
            next_step='Remove the "byheart" key from config.json to open it with transformers.',
        )
    return config


def save_checkpoint(network: Network, folder: Path) -> None:
    """Writes model.safetensors and config.json; a crash leaves the old files or the new ones.

    Args:
        network: the network, float32.
        folder: made where it does not exist.
    Raises:
        StorageError: the folder cannot be written.
        FormatError: weights that are not float32 or not finite.
    """
    tensors = to_llama({name: tensor.detach() for name, tensor in network.state_dict().items()})
    _check_numbers(tensors)
    weights = safetensors.torch.save(tensors, metadata={"format": "pt"})
    config = config_to_llama(network.config)
    config["byheart"] = {"schema": SCHEMA, "weights_blake3": blake3(weights).hexdigest()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {visible(str(folder))} cannot be written.",
            why=visible(str(error)),
            next_step="Choose a folder that you may write to.",
        ) from error
    write_durably(folder / "model.safetensors", weights)
    write_durably(folder / "config.json", (json.dumps(config, indent=2) + "\n").encode())


def load_checkpoint(folder: Path) -> Network:
    """The network that `save_checkpoint` wrote, in evaluation mode.

    Raises:
        SourceError: no such folder, or a file is missing.
        UnsafeError: its weights are pickles, or it names code of its own.
        FormatError: not our checkpoint, from a newer version, damaged, or not what the reference can represent.
    """
    raw = read_config(folder)
    shown = visible(str(folder))
    mark = raw.get("byheart")
    if not isinstance(mark, dict) or mark.get("schema") != SCHEMA:
        raise FormatError(
            f"{shown} is not a reference network that this version can read.",
            why=f'The key "byheart" of config.json is {visible(repr(mark))[:80]}; schema {SCHEMA} is read.',
            next_step="Open it with the version that wrote it.",
        )
    config = config_from_llama(raw)
    try:
        content = (folder / "model.safetensors").read_bytes()
        tensors = safetensors.torch.load(content)
    except (OSError, SafetensorError) as error:
        raise FormatError(
            f"The weights in {shown} cannot be read.", why=visible(str(error)), next_step="Copy the model again."
        ) from error
    if blake3(content).hexdigest() != mark.get("weights_blake3"):
        raise FormatError(
            f"The weights in {shown} are damaged or were exchanged.",
            why="Their hash is not the one in config.json.",
            next_step="Copy the model again, or train it again.",
        )
    # The number of layers is compared first: a hostile config.json may state any.
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if config.num_layers > len(shapes) or shapes != llama_shapes(config):
        raise FormatError(
            f"The weights in {shown} do not fit its config.json.",
            why="Names or shapes of the tensors differ.",
            next_step="Copy both files again.",
        )
    _check_numbers(tensors)
    network = Network(config)
    network.load_state_dict(from_llama(tensors, config.num_layers))
    return network.eval()


def _check_numbers(tensors: dict[str, torch.Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float32 or not bool(torch.isfinite(tensor).all()):
            raise FormatError(
                "The weights are not finite numbers in float32.",
                why=f"{visible(name)} is of type {tensor.dtype}.",
                next_step="Train again with a smaller learning rate.",
            )
