"""An identifier of a network's function: its weights and its shape."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from blake3 import blake3
from torch import Tensor


def fingerprint_network(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> str:
    """Changes whenever a weight or a fact changes.

    Definition:
        the first 128 bits of BLAKE3 over the facts as JSON with sorted keys, then, by sorted name, each tensor's name,
        type, shape and bytes
    Args:
        tensors: parameters and persistent buffers by name.
        facts: plain JSON values: configuration, document-start token.
    Returns:
        32 hexadecimal digits.
    Cost: about a second per GB.
    Source: definition.
    Differs: nothing.
    """
    digest = blake3(max_threads=blake3.AUTO)
    digest.update(json.dumps(facts, sort_keys=True, default=str).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"\x00{name}\x00{tensor.dtype}\x00{list(tensor.shape)}\x00".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest(length=16)


def hash_files(paths: Iterable[Path]) -> dict[str, str]:
    """The BLAKE3 of each file's bytes, in hexadecimal, by its name: what `b3sum` prints.

    Cost: on all cores, under a second per GB that the operating system holds in memory.
    """
    return {path.name: blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest() for path in paths}
