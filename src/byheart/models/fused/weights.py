"""The weights of a Llama, arranged so that one pass over them does as much as possible.

Shape legend: D width, H query heads, K key heads, d head width, M hidden width of the MLP, V vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from byheart.models.fused.shape import Shape


@dataclass(frozen=True, kw_only=True)
class LayerWeights:
    """One layer. The gains of a norm stand inside the matrices that read it: W (g * x) = (W diag g) x."""

    qkv: Tensor
    """[(H + 2 K) d, D]: queries, keys, values; within a query or key the numbers of a rotary pair are neighbours."""
    out: Tensor
    """[D, H d]."""
    gate: Tensor
    """[M, D]."""
    up: Tensor
    """[M, D]."""
    down: Tensor
    """[D, M]."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A network; all tensors of one type on one device."""

    embedding: Tensor
    """[V, D]."""
    layers: tuple[LayerWeights, ...]
    """First to last."""
    final_gain: Tensor
    """[D]."""
    head: Tensor
    """[V, D]; the embedding itself where the two are tied."""


def arrange(tensors: Mapping[str, Tensor], shape: Shape) -> Weights | None:
    """The weights of a Llama under transformers' names.

    Args:
        tensors: a state dict; out, down, embedding and head are kept, not copied.
        shape: the network's.
    Returns:
        None where a tensor is absent, too many, of an unexpected shape, or not in float32 or float64 throughout.
    Source: theory.md L1-L4.
    Differs: gains are multiplied into the matrices and rotary pairs put side by side, which moves the last bits only.
    """
    given = dict(tensors)
    try:
        embedding = given.pop("model.embed_tokens.weight").detach()
        head = given.pop("lm_head.weight", embedding).detach()
        final_gain = given.pop("model.norm.weight").detach()
        layers = tuple(_layer(given, f"model.layers.{index}.", shape) for index in range(shape.num_layers))
    except (KeyError, RuntimeError):
        return None
    kept = [embedding, head, final_gain, *(part for layer in layers for part in vars(layer).values())]
    is_uniform = len({(part.dtype, part.device) for part in kept}) == 1
    return (
        Weights(embedding=embedding, layers=layers, final_gain=final_gain, head=head)
        if not given and is_uniform and embedding.dtype in (torch.float32, torch.float64)
        else None
    )


def _layer(given: dict[str, Tensor], prefix: str, shape: Shape) -> LayerWeights:
    """Takes one layer's tensors out of what is given."""

    def take(name: str) -> Tensor:
        return given.pop(f"{prefix}{name}.weight").detach()

    attention_gain, mlp_gain = take("input_layernorm"), take("post_attention_layernorm")
    queries = _neighbours(take("self_attn.q_proj"), shape.num_heads, shape.head_width)
    keys = _neighbours(take("self_attn.k_proj"), shape.num_key_heads, shape.head_width)
    values = take("self_attn.v_proj")
    return LayerWeights(
        qkv=torch.cat((queries, keys, values)) * attention_gain,
        out=take("self_attn.o_proj"),
        gate=take("mlp.gate_proj") * mlp_gain,
        up=take("mlp.up_proj") * mlp_gain,
        down=take("mlp.down_proj"),
    )


def _neighbours(matrix: Tensor, num_heads: int, head_width: int) -> Tensor:
    """Rows i and i + d/2 of each head, which one angle turns, become rows 2i and 2i + 1."""
    return matrix.view(num_heads, 2, head_width // 2, -1).transpose(1, 2).reshape(num_heads * head_width, -1)
