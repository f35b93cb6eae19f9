"""A reference network on disk: model.safetensors and a config.json that transformers reads as a Llama.

The key "byheart" of config.json marks our reference; schema 1 is the form "llama", whose shape stands in the fields of
a Llama, schema 2 every other form, whose shape stands in the key itself. An attention-only network is a Llama for
transformers too; the plain forms have a model_type that transformers does not know. The key's hash covers the
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
from byheart.errors import FormatError, StorageError
from byheart.models.folders import read_config
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.llama_config import check_llama, config_from_llama, config_to_llama
from byheart.models.transformer.names import from_llama, llama_shapes, silent_shapes, to_llama
from byheart.models.transformer.network import Network
from byheart.models.transformer.plain_checkpoint import (
    PLAIN_CONFIG,
    plain_shapes,
    read_written_config,
    written_config,
)

_SCHEMAS = (1, 2)
"""Versions of the "byheart" key that are read."""


def save_checkpoint(network: Network, folder: Path, *, for_transformers: bool = False) -> None:
    """Writes model.safetensors and config.json; a crash leaves the old files or the new ones.

    Args:
        network: the network, float32.
        folder: made where it does not exist.
        for_transformers: whether a network that transformers cannot open is refused.
    Raises:
        CapabilityError: it has a plain form, and was to be written for transformers.
        StorageError: the folder cannot be written.
        FormatError: weights that are not float32 or not finite.
    """
    config = network.config
    tensors = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    described: dict[str, Any]
    if config.is_plain and not for_transformers:
        described = dict(PLAIN_CONFIG)
    else:
        described = config_to_llama(config)
        tensors = to_llama(tensors, config)
    _check_numbers(tensors)
    weights = safetensors.torch.save(tensors, metadata={"format": "pt"})
    mark: dict[str, Any] = {"schema": 1, "weights_blake3": blake3(weights).hexdigest()}
    if config.form != "llama":
        mark |= {"schema": 2, "network": written_config(config)}
    described["byheart"] = mark
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
    write_durably(folder / "config.json", (json.dumps(described, indent=2) + "\n").encode())


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
    if not isinstance(mark, dict) or mark.get("schema") not in _SCHEMAS:
        raise FormatError(
            f"{shown} is not a reference network that this version can read.",
            why=f'The key "byheart" of config.json is {visible(repr(mark))[:80]}; schemas 1 and 2 are read.',
            next_step="Open it with the version that wrote it.",
        )
    config = _read_config(raw, mark)
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
    expected = plain_shapes if config.is_plain else llama_shapes
    if config.num_layers > len(shapes) or shapes != expected(config):
        raise FormatError(
            f"The weights in {shown} do not fit its config.json.",
            why="Names or shapes of the tensors differ.",
            next_step="Copy both files again.",
        )
    _check_numbers(tensors)
    if not config.is_plain and any(bool(tensors[name].any()) for name in silent_shapes(config)):
        raise FormatError(
            f"The weights in {shown} are not those of an attention-only network.",
            why="transformers would compute an MLP that this form does not have.",
            next_step='Remove the "byheart" key from config.json to open it with transformers.',
        )
    network = Network(config)
    network.load_state_dict(tensors if config.is_plain else from_llama(tensors, config))
    return network.eval()


def _read_config(raw: dict[str, Any], mark: dict[str, Any]) -> NetworkConfig:
    if mark["schema"] == 1:
        return config_from_llama(raw)
    config = read_written_config(mark.get("network"))
    if not config.is_plain:
        check_llama(raw, config)
    return config


def _check_numbers(tensors: dict[str, torch.Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float32 or not bool(torch.isfinite(tensor).all()):
            raise FormatError(
                "The weights are not finite numbers in float32.",
                why=f"{visible(name)} is of type {tensor.dtype}.",
                next_step="Train again with a smaller learning rate.",
            )
