"""One layer of the fast pass: h' = h + Attention(RMSNorm(h)); h'' = h' + Mlp(RMSNorm(h')).

Shape legend: B batch, T tokens of this pass, N = B T, D width, H query heads, K key heads, d head width, M hidden width
of the MLP.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from byheart.models.fused.attention import as_pairs, attend, attend_and_remember
from byheart.models.fused.cache import FusedCache, Places
from byheart.models.fused.shape import Shape
from byheart.models.fused.weights import LayerWeights

MLP_ROWS = 512
"""Tokens that go through an MLP at a time: what it makes of them stays in the processor's cache."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What all layers of one pass share."""

    shape: Shape
    """The network's."""
    turns: Tensor
    """Complex, [T, 1, d/2] or [B, T, 1, d/2]: the rotary turn of each token."""
    places: Places
    """Where the tokens stand."""
    cache: FusedCache | None
    """What was seen before; grows."""


class Workspace:
    """Memory that the layers of one pass write to in turn: fresh pages for every product cost a fifth of its time."""

    def __init__(self, states: Tensor, layer: LayerWeights) -> None:
        num_tokens = states.shape[0] * states.shape[1]
        rows = min(num_tokens, MLP_ROWS)
        self.qkv = states.new_empty(num_tokens, layer.qkv.shape[0])
        self.gate = states.new_empty(rows, layer.gate.shape[0])
        self.up = states.new_empty(rows, layer.up.shape[0])


def step(states: Tensor, layer: LayerWeights, layer_index: int, this: Pass, space: Workspace) -> None:
    """Replaces states [B, T, D], contiguous, by those after the layer.

    Cost: 2 N (2 (H + K) d D + 3 D M) floating-point operations for the products, 4 N T H d / 2 for attention.
    """
    shape = this.shape
    rows = states.view(-1, states.shape[2])
    torch.mm(_normed(rows, shape.epsilon), layer.qkv.t(), out=space.qkv)
    heads = space.qkv.view(*states.shape[:2], -1, shape.head_width)
    num_turned = shape.num_heads + shape.num_key_heads
    as_pairs(heads[:, :, :num_turned]).mul_(this.turns)
    queries, keys, values = heads.tensor_split((shape.num_heads, num_turned), dim=2)
    mixed = attend_and_remember(queries, keys, values, this.cache, layer_index, this.places)
    rows.addmm_(mixed.view(-1, mixed.shape[2]), layer.out.t())
    activation = torch.relu_ if shape.activation == "relu" else _silu_
    for first in range(0, rows.shape[0], MLP_ROWS):
        some = rows[first : first + MLP_ROWS]
        normed = _normed(some, shape.epsilon)
        gate = torch.mm(normed, layer.gate.t(), out=space.gate[: some.shape[0]])
        up = torch.mm(normed, layer.up.t(), out=space.up[: some.shape[0]])
        some.addmm_(activation(gate).mul_(up), layer.down.t())


def stepped(states: Tensor, layer: LayerWeights, this: Pass) -> Tensor:
    """The same without a cache and without writing over anything, so that gradients flow: [B, T, D] -> [B, T, D]."""
    shape = this.shape
    heads = F.linear(_normed(states, shape.epsilon), layer.qkv).view(*states.shape[:2], -1, shape.head_width)
    queries, keys, values = heads.tensor_split((shape.num_heads, shape.num_heads + shape.num_key_heads), dim=2)
    queries, keys = (torch.view_as_real(as_pairs(part) * this.turns).flatten(3) for part in (queries, keys))
    mixed = attend(queries, keys.transpose(1, 2), values.transpose(1, 2), causal=True, mask=None)
    states = states + F.linear(mixed, layer.out)
    normed = _normed(states, shape.epsilon)
    gate, up = F.linear(normed, layer.gate), F.linear(normed, layer.up)
    return states + F.linear((F.relu if shape.activation == "relu" else F.silu)(gate) * up, layer.down)


def _normed(x: Tensor, epsilon: float) -> Tensor:
    """States over their root mean square; the gains stand in the matrices that read it."""
    return F.rms_norm(x, x.shape[-1:], None, epsilon)


def _silu_(x: Tensor) -> Tensor:
    return F.silu(x, inplace=True)
