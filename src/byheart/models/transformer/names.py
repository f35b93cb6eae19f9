"""Our tensors under the names that transformers' LlamaForCausalLM gives them, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor

from byheart.models.transformer.config import NetworkConfig

_WHOLE = {
    "attention_norm.gain": "input_layernorm.weight",
    "attention.out": "self_attn.o_proj.weight",
    "mlp_norm.gain": "post_attention_layernorm.weight",
    "mlp.down": "mlp.down_proj.weight",
}
"""Ours within a layer -> Llama's."""
_FUSED = {
    "attention.qkv": ("self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight"),
    "mlp.gate_up": ("mlp.gate_proj.weight", "mlp.up_proj.weight"),
}
"""Ours within a layer -> Llama's, one below the other."""
_OUTER = {"embedding": "model.embed_tokens.weight", "final_norm.gain": "model.norm.weight"}


def to_llama(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state, fused products taken apart; the tied output matrix is not repeated."""
    result = {}
    for name, tensor in tensors.items():
        if name in _OUTER:
            result[_OUTER[name]] = tensor.contiguous()
            continue
        _, layer_index, within = name.split(".", 2)
        parts = _FUSED.get(within) or (_WHOLE[within],)
        for part, piece in zip(parts, tensor.chunk(len(parts)), strict=True):
            result[f"model.layers.{layer_index}.{part}"] = piece.contiguous()
    return result


def from_llama(tensors: Mapping[str, Tensor], num_layers: int) -> dict[str, Tensor]:
    """The inverse of `to_llama`.

    Raises:
        KeyError: a tensor is missing.
    """
    result = {ours: tensors[theirs] for ours, theirs in _OUTER.items()}
    for layer_index in range(num_layers):
        prefix = f"model.layers.{layer_index}."
        for ours, theirs in _WHOLE.items():
            result[f"layers.{layer_index}.{ours}"] = tensors[prefix + theirs]
        for ours, parts in _FUSED.items():
            result[f"layers.{layer_index}.{ours}"] = torch.cat([tensors[prefix + part] for part in parts])
    return result


def llama_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Every tensor of a checkpoint and its shape, known before anything is allocated."""
    width, hidden = config.width, config.hidden_width
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (config.vocabulary_size, width),
        "model.norm.weight": (width,),
    }
    for layer_index in range(config.num_layers):
        prefix = f"model.layers.{layer_index}."
        shapes |= {prefix + f"{norm}.weight": (width,) for norm in ("input_layernorm", "post_attention_layernorm")}
        shapes |= {prefix + f"self_attn.{part}_proj.weight": (width, width) for part in "qkvo"}
        shapes |= {prefix + f"mlp.{part}_proj.weight": (hidden, width) for part in ("gate", "up")}
        shapes[prefix + "mlp.down_proj.weight"] = (width, hidden)
    return shapes
