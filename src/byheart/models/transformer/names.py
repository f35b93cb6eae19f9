"""Our tensors under the names that transformers' LlamaForCausalLM gives them, and back.

An attention-only network is the Llama whose MLP is one unit that writes zeros.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from byheart.models.transformer.config import NetworkConfig

_WHOLE = {
    "attention_norm.gain": "input_layernorm.weight",
    "attention.out": "self_attn.o_proj.weight",
}
"""Ours within a layer -> Llama's."""
_FUSED = {"attention.qkv": ("self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight")}
"""Ours within a layer -> Llama's, one below the other."""
_WHOLE_MLP = {"mlp_norm.gain": "post_attention_layernorm.weight", "mlp.down": "mlp.down_proj.weight"}
_FUSED_MLP = {"mlp.gate_up": ("mlp.gate_proj.weight", "mlp.up_proj.weight")}
_OUTER = {"embedding": "model.embed_tokens.weight", "final_norm.gain": "model.norm.weight"}


def to_llama(tensors: Mapping[str, Tensor], config: NetworkConfig) -> dict[str, Tensor]:
    """Our state, fused products taken apart; the tied output matrix is not repeated."""
    whole, fused = _WHOLE | _WHOLE_MLP, _FUSED | _FUSED_MLP
    result = {}
    for name, tensor in tensors.items():
        if name in _OUTER:
            result[_OUTER[name]] = tensor.contiguous()
            continue
        _, layer_index, within = name.split(".", 2)
        parts = fused.get(within) or (whole[within],)
        for part, piece in zip(parts, tensor.chunk(len(parts)), strict=True):
            result[f"model.layers.{layer_index}.{part}"] = piece.contiguous()
    return {name: tensors["embedding"].new_zeros(shape) for name, shape in silent_shapes(config).items()} | result


def from_llama(tensors: Mapping[str, Tensor], config: NetworkConfig) -> dict[str, Tensor]:
    """The inverse of `to_llama`.

    Raises:
        KeyError: a tensor is missing.
    """
    has_mlp = config.form == "llama"
    result = {ours: tensors[theirs] for ours, theirs in _OUTER.items()}
    for layer_index in range(config.num_layers):
        prefix = f"model.layers.{layer_index}."
        for ours, theirs in (_WHOLE | _WHOLE_MLP if has_mlp else _WHOLE).items():
            result[f"layers.{layer_index}.{ours}"] = tensors[prefix + theirs]
        for ours, parts in (_FUSED | _FUSED_MLP if has_mlp else _FUSED).items():
            result[f"layers.{layer_index}.{ours}"] = torch.cat([tensors[prefix + part] for part in parts])
    return result


def llama_hidden_width(config: NetworkConfig) -> int:
    """Units of the MLP of the Llama that a network is."""
    return config.hidden_width if config.form == "llama" else 1


def llama_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Every tensor of a checkpoint and its shape, known before anything is allocated."""
    width = config.width
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (config.vocabulary_size, width),
        "model.norm.weight": (width,),
    }
    for layer_index in range(config.num_layers):
        prefix = f"model.layers.{layer_index}."
        shapes[prefix + "input_layernorm.weight"] = (width,)
        shapes |= {prefix + f"self_attn.{part}_proj.weight": (width, width) for part in "qkvo"}
    return shapes | _mlp_shapes(config)


def _mlp_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    width, hidden = config.width, llama_hidden_width(config)
    shapes: dict[str, tuple[int, ...]] = {}
    for layer_index in range(config.num_layers):
        prefix = f"model.layers.{layer_index}."
        shapes[prefix + "post_attention_layernorm.weight"] = (width,)
        shapes |= {prefix + f"mlp.{part}_proj.weight": (hidden, width) for part in ("gate", "up")}
        shapes[prefix + "mlp.down_proj.weight"] = (width, hidden)
    return shapes


def silent_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """The tensors that must be zero, so that a Llama does nothing where an attention-only network has nothing."""
    return {} if config.form == "llama" else _mlp_shapes(config)
