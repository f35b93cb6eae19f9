"""The parts of the reference transformer, each with its formula: RMSNorm, rotary positions, attention, gated MLP.

Shape legend: B batch, T tokens of this pass, S tokens seen so far (cache included), D width, H heads, d = D / H,
M hidden width of the MLP.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.models.transformer.borders import Borders
from byheart.models.transformer.cache import Cache
from byheart.models.transformer.config import Gate, NetworkConfig

Seen = Cache | Borders | None
"""What decides which tokens attention may see beside this pass's own, or none of other documents."""


def weight(*shape: int) -> nn.Parameter:
    """A parameter without values: `Network.initialize` or a checkpoint gives them, never a global generator."""
    return nn.Parameter(torch.empty(*shape))


class RMSNorm(nn.Module):
    """Scales each state to root mean square 1, then by learned gains.

    Definition:
        y_i = g_i x_i / sqrt(mean_j x_j^2 + epsilon)
    Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization" (arXiv 1910.07467).
    Differs: epsilon inside the root, as in Llama.
    """

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.gain = weight(width)
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """States [B, T, D] -> states [B, T, D]."""
        return F.rms_norm(x, self.gain.shape, self.gain, self.epsilon)


def rotary_tables(num_positions: int, head_width: int, base: float) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines of every position's angles, so that a rotation is two products and a roll.

    Definition:
        angle(t, i) = t base^(-2i/d), i = 0..d/2-1; both halves of a head share the angles, the first half's sine is
        negative
    Returns:
        two tensors [num_positions, head_width].
    Source: Su et al. 2021, "RoFormer" (arXiv 2104.09864).
    Differs: dimension i is paired with i + d/2 (half-split, as in transformers' Llama), not with its neighbour.
    """
    frequencies = base ** -(torch.arange(0, head_width, 2, dtype=torch.float32) / head_width)
    angles = torch.outer(torch.arange(num_positions, dtype=torch.float32), frequencies)
    sines = angles.sin()
    return torch.cat((angles.cos(),) * 2, dim=-1), torch.cat((-sines, sines), dim=-1)


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turns each pair (x_i, x_{i+d/2}) by its position's angle; [B, T, H, d] with tables [T, 1, d]."""
    cosines, sines = cosines.to(x.dtype), sines.to(x.dtype)  # or a product of bfloat16 would be float32
    return x * cosines + x.roll(x.shape[-1] // 2, dims=-1) * sines


def attend(queries: Tensor, keys: Tensor, values: Tensor, seen: Seen, layer_index: int) -> Tensor:
    """L1: every token mixes the values of the tokens before it.

    Definition:
        Attention(Q, K, V) = softmax(Q K^T / sqrt(d) + mask) V per head, mask = -inf where key position > query position
    Args:
        queries: shape [B, H, T, d]; of this pass, like keys and values.
        keys: shape [B, H, T, d].
        values: shape [B, H, T, d].
        seen: a cache grows by T tokens, and the queries see all of them; borders keep the pieces of a row apart.
        layer_index: whose keys and values these are.
    Returns:
        mixed values, the heads side by side, [B, T, D].
    Source: theory.md L1; Vaswani et al. 2017 (arXiv 1706.03762).
    Differs: nothing; definition.py writes it out.
    """
    batch, _, num_tokens, _ = queries.shape
    if isinstance(seen, Borders):
        return seen.attend(queries, keys, values).transpose(1, 2).reshape(batch, num_tokens, -1)
    mask = None
    if seen is not None:
        keys, values = seen.extend(layer_index, keys, values)
        past = keys.shape[2] - num_tokens
        if past > 0 and num_tokens > 1:
            mask = torch.ones(num_tokens, keys.shape[2], dtype=torch.bool, device=queries.device).tril(past)
    causal = num_tokens > 1 and mask is None
    mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, is_causal=causal)
    return mixed.transpose(1, 2).reshape(batch, num_tokens, -1)


class Attention(nn.Module):
    """L1 between two matrix products: what a layer of the Llama architecture reads from the tokens before.

    Definition:
        y = W_out Attention(R W_q x, R W_k x, W_v x), R the rotation of each token's position
    Source: theory.md L1; Touvron et al. 2023, "LLaMA" (arXiv 2302.13971).
    Differs: one matrix product makes Q, K and V.
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = weight(3 * width, width)
        self.out = weight(width, width)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], seen: Seen, layer_index: int) -> Tensor:
        """States [B, T, D] -> states [B, T, D]; a cache grows by T tokens."""
        batch, num_tokens, width = x.shape
        heads = F.linear(x, self.qkv).view(batch, num_tokens, 3 * self.num_heads, width // self.num_heads)
        # Split, not sliced: the gradient of a slice is a matrix of zeros to be added, of a split a concatenation.
        turned, values = torch.split(heads, [2 * self.num_heads, self.num_heads], dim=2)
        queries, keys = rotate(turned, *rotation).transpose(1, 2).chunk(2, dim=1)
        values = values.transpose(1, 2)
        return F.linear(attend(queries, keys, values, seen, layer_index), self.out)


class Mlp(nn.Module):
    """L4: what depth repeats.

    Definition:
        y = W_down (g(W_gate x) * (W_up x)), g(z) = silu(z) = z / (1 + e^-z) or g(z) = max(z, 0)
    Source: theory.md L4; Shazeer 2020, "GLU Variants Improve Transformer" (arXiv 2002.05202), SwiGLU and ReGLU.
    Differs: theory.md's sigma(W h + b) is gated and without bias, as in Llama.
    """

    def __init__(self, width: int, hidden_width: int, gate: Gate) -> None:
        super().__init__()
        self.activation = F.silu if gate == "swiglu" else F.relu
        self.gate_up = weight(2 * hidden_width, width)
        self.down = weight(width, hidden_width)

    def forward(self, x: Tensor) -> Tensor:
        """States [B, T, D] -> states [B, T, D]."""
        gate, up = F.linear(x, self.gate_up).chunk(2, dim=-1)
        return F.linear(self.activation(gate) * up, self.down)


class Layer(nn.Module):
    """One step of depth: attention, then the MLP, each on normed states and added to the stream.

    Definition:
        h' = h + Attention(RMSNorm(h));  h'' = h' + Mlp(RMSNorm(h'));  "attention-only": h'' = h'
    Source: theory.md L4; Xiong et al. 2020, "On Layer Normalization in the Transformer" (2002.04745).
    Differs: nothing.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.width, config.norm_epsilon)
        self.attention = Attention(config.width, config.num_heads)
        self.mlp: Mlp | None = None
        if config.form == "llama":
            self.mlp_norm = RMSNorm(config.width, config.norm_epsilon)
            self.mlp = Mlp(config.width, config.hidden_width, config.mlp)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], seen: Seen, layer_index: int) -> Tensor:
        """States [B, T, D] -> states [B, T, D]."""
        x = x + self.attention(self.attention_norm(x), rotation, seen, layer_index)
        return x if self.mlp is None else x + self.mlp(self.mlp_norm(x))
