"""Layers of theory.md's plain forms: L2 and L4 to the letter, without norms, without a stream, with biases.

Shape legend: B batch, T tokens of this pass, D width, H heads, d = D / H.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.layers import Seen, attend, rotate, weight

_SIGMA: dict[str, Callable[[Tensor], Tensor]] = {"interpolation": F.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
_SLOPE = {"interpolation": math.sqrt(0.5), "sigmoid": 0.25, "tanh": 1.0}
"""What sigma keeps of the size of a difference around its middle; W starts larger by as much."""


class Interpolation(nn.Module):
    """sum_j alpha_ij h_j: the states of the tokens so far, mixed; a value is the state itself.

    Definition:
        alpha_ij = softmax_j(q_i k_j / sqrt(d)), j <= i, q = R W_q h, k = R W_k h; head n mixes the n-th d numbers of h
    Source: theory.md L1 and L2.
    Differs: rotary positions R, without which the order of the tokens would not matter.
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qk = weight(2 * width, width)

    def forward(self, h: Tensor, rotation: tuple[Tensor, Tensor], seen: Seen, layer_index: int) -> Tensor:
        """States [B, T, D] -> mixed states [B, T, D]."""
        batch, num_tokens, width = h.shape
        shape = (batch, num_tokens, -1, width // self.num_heads)
        queries, keys = rotate(F.linear(h, self.qk).view(shape), *rotation).transpose(1, 2).chunk(2, dim=1)
        return attend(queries, keys, h.view(shape).transpose(1, 2), seen, layer_index)


class PlainLayer(nn.Module):
    """One step of depth in its plain form.

    Definition:
        h_{l+1,i} = sigma(W_l sum_j alpha^l_ij h_{l,j} + b_l);  h_0 = E[x]
        sigma(z) = max(z, 0) "interpolation" (L2), 1 / (1 + e^-z) "sigmoid", tanh z "tanh" (L4)
    Source: theory.md L2 and L4.
    Differs: L4 says nothing of other tokens; its h_l is the mixed state here, or no layer would see a context.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.interpolation = Interpolation(config.width, config.num_heads)
        self.matrix = weight(config.width, config.width)
        self.bias = weight(config.width)
        self.sigma = _SIGMA[config.form]

    def forward(self, h: Tensor, rotation: tuple[Tensor, Tensor], seen: Seen, layer_index: int) -> Tensor:
        """States [B, T, D] -> states [B, T, D]."""
        return self.sigma(F.linear(self.interpolation(h, rotation, seen, layer_index), self.matrix, self.bias))


class Output(nn.Module):
    """L5 before its softmax, with a matrix and a bias of its own.

    Definition:
        logits = W_final h + b_final
    Source: theory.md L5.
    Differs: nothing.
    """

    def __init__(self, vocabulary_size: int, width: int) -> None:
        super().__init__()
        self.matrix = weight(vocabulary_size, width)
        self.bias = weight(vocabulary_size)

    def forward(self, h: Tensor) -> Tensor:
        """Final states [..., D] -> logits [..., V]."""
        return F.linear(h, self.matrix, self.bias)


def initial_scale(name: str, config: NetworkConfig) -> float:
    """Standard deviation of a parameter's first values in a plain form: differences between tokens keep their size.

    Definition:
        E: 1;  W_q, W_k: 1 / sqrt(D);  W_l: 1 / (slope of sigma * sqrt(D));  W_final: 0.02;  biases: 0
    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"; He et
        al. 2015 for the ReLU (arXiv 1502.01852).
    Differs: W_final starts small, so that all tokens start equally probable.
    """
    if name.endswith("bias"):
        return 0.0
    if name == "output.matrix":
        return 0.02
    if name == "embedding":
        return 1.0
    slope = _SLOPE[config.form] if name.endswith("matrix") else 1.0
    return 1 / (slope * math.sqrt(config.width))
