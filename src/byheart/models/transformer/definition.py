"""L1-L5 of theory.md written out: slow and obviously right. The tests hold the fast network to these lines.

One text at a time, no batch, no cache, no fused kernel; everything in the precision of the parameters.

Shape legend: T tokens, D width, H heads, d = D / H, V vocabulary. `parameters` is the state_dict of a `Network`.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from byheart.core.decoding import Decoding, draw_token
from byheart.core.tokens import TokenIds
from byheart.models.transformer.config import NetworkConfig

Parameters = Mapping[str, Tensor]
SIGMA: dict[str, Callable[[Tensor], Tensor]] = {
    "interpolation": lambda z: z.clamp(min=0),
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
    "tanh": lambda z: 1 - 2 / (torch.exp(2 * z) + 1),
}
"""The nonlinearity of each plain form."""


def attention_weights(queries: Tensor, keys: Tensor) -> Tensor:
    """L1: how much of each token j goes into the state of token i.

    Definition:
        alpha_ij = exp(q_i k_j / sqrt(d)) / sum_{m <= i} exp(q_i k_m / sqrt(d)) for j <= i, 0 for j > i
    Args:
        queries: shape [T, d].
        keys: shape [T, d].
    Returns:
        shape [T, T]; every row sums to 1, and no token sees a later one.
    Source: theory.md L1.
    Differs: nothing.
    """
    scores = queries @ keys.T / math.sqrt(queries.shape[1])
    is_later = torch.ones_like(scores, dtype=torch.bool).triu(1)
    scores = scores.masked_fill(is_later, -math.inf)
    # A row's largest score cancels in the quotient; without it, exp overflows.
    weights = torch.exp(scores - scores.max(dim=1, keepdim=True).values)
    return weights / weights.sum(dim=1, keepdim=True)


def attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """L1: softmax(Q K^T / sqrt(d)) V under the causal mask, one head, [T, d]."""
    return attention_weights(queries, keys) @ values


def rotated(x: Tensor, base: float) -> Tensor:
    """Token t's pair (x_i, x_{i+d/2}), read as a complex number, times e^(i angle), angle = t base^(-2i/d); [T, d]."""
    num_tokens, head_width = x.shape
    half = head_width // 2
    positions = torch.arange(num_tokens, dtype=x.dtype)
    angles = torch.outer(positions, base ** (-2 * torch.arange(half, dtype=x.dtype) / head_width))
    turned = torch.complex(x[:, :half], x[:, half:]) * torch.exp(1j * angles)
    return torch.cat((turned.real, turned.imag), dim=1)


def mixed(queries: Tensor, keys: Tensor, values: Tensor, config: NetworkConfig) -> Tensor:
    """L1 with several heads: each has its own d columns of Q, K and V, [T, D]."""
    heads = zip(*(x.chunk(config.num_heads, dim=1) for x in (queries, keys, values)), strict=True)
    base = config.rotary_base
    return torch.cat([attention(rotated(q, base), rotated(k, base), v) for q, k, v in heads], dim=1)


def deeper_states(h: Tensor, matrix: Tensor, bias: Tensor, sigma: Callable[[Tensor], Tensor]) -> Tensor:
    """L4: h_{l+1} = sigma(W_l h_l + b_l), [T, D]."""
    return sigma(h @ matrix.T + bias)


def plain_layer(h: Tensor, parameters: Parameters, prefix: str, config: NetworkConfig) -> Tensor:
    """L2, and L4 over it: h_i = sigma(W sum_j alpha_ij h_j + b); ReLU and h = E[x] make it L2 to the letter, [T, D]."""
    queries, keys = (h @ part.T for part in parameters[prefix + "interpolation.qk"].chunk(2))
    interpolated = mixed(queries, keys, h, config)
    return deeper_states(interpolated, parameters[prefix + "matrix"], parameters[prefix + "bias"], SIGMA[config.form])


def normed(x: Tensor, gain: Tensor, epsilon: float) -> Tensor:
    """g_i x_i / sqrt(mean_j x_j^2 + epsilon), [T, D]."""
    return gain * x / torch.sqrt((x * x).mean(dim=1, keepdim=True) + epsilon)


def llama_layer(h: Tensor, parameters: Parameters, prefix: str, config: NetworkConfig) -> Tensor:
    """L1 and L4 of a Llama, norms before and sums after, [T, D].

    Definition:
        h' = h + W_out Attention(norm(h));  h'' = h' + W_down (g(W_gate norm(h')) * W_up norm(h'))
    """
    x = normed(h, parameters[prefix + "attention_norm.gain"], config.norm_epsilon)
    queries, keys, values = (x @ part.T for part in parameters[prefix + "attention.qkv"].chunk(3))
    h = h + mixed(queries, keys, values, config) @ parameters[prefix + "attention.out"].T
    if config.form == "attention-only":
        return h
    x = normed(h, parameters[prefix + "mlp_norm.gain"], config.norm_epsilon)
    gate, up = (x @ part.T for part in parameters[prefix + "mlp.gate_up"].chunk(2))
    opened = gate.clamp(min=0) if config.mlp == "relu" else gate / (1 + torch.exp(-gate))
    return h + (opened * up) @ parameters[prefix + "mlp.down"].T


def logits(config: NetworkConfig, parameters: Parameters, token_ids: Sequence[int] | TokenIds) -> Tensor:
    """What the token after each position is predicted by, before the softmax of L5.

    Definition:
        h_0 = E[x];  h_{l+1} = layer_l(h_l);  logits = W_final h_L + b_final, or E norm(h_L) where E is tied
    Args:
        config: the shape.
        parameters: the weights.
        token_ids: T >= 1 ids, the start token included.
    Returns:
        shape [T, V]; row t is given tokens 0..t.
    Source: theory.md L1-L5.
    Differs: nothing.
    """
    h = parameters["embedding"][torch.as_tensor(np.asarray(token_ids, dtype=np.int64))]
    layer = plain_layer if config.is_plain else llama_layer
    for layer_index in range(config.num_layers):
        h = layer(h, parameters, f"layers.{layer_index}.", config)
    if config.is_plain:
        return h @ parameters["output.matrix"].T + parameters["output.bias"]
    return normed(h, parameters["final_norm.gain"], config.norm_epsilon) @ parameters["embedding"].T


def log_probabilities_nats(row: Tensor) -> Tensor:
    """L5: log softmax, log P(w given c) = z_w - log sum_v exp(z_v), over the last dimension."""
    largest = row.max(dim=-1, keepdim=True).values
    shifted = row - largest
    return shifted - torch.log(torch.exp(shifted).sum(dim=-1, keepdim=True))


def loss_nats(config: NetworkConfig, parameters: Parameters, token_ids: Sequence[int] | TokenIds) -> Tensor:
    """L of L3: the mean of -log P(token given its past) over all tokens but the first, nats."""
    ids = torch.as_tensor(np.asarray(token_ids, dtype=np.int64))
    nats = log_probabilities_nats(logits(config, parameters, token_ids[:-1]))
    return -nats[torch.arange(ids.numel() - 1), ids[1:]].mean()


def descend(
    config: NetworkConfig, parameters: Parameters, token_ids: Sequence[int] | TokenIds, step_size: float
) -> dict[str, Tensor]:
    """L3: theta_{t+1} = theta_t - eta grad L(theta_t; x, y), one step on one text."""
    theta = {name: tensor.detach().clone().requires_grad_() for name, tensor in parameters.items()}
    gradients = torch.autograd.grad(loss_nats(config, theta, token_ids), list(theta.values()))
    moved = zip(theta.items(), gradients, strict=True)
    return {name: (tensor - step_size * gradient).detach() for (name, tensor), gradient in moved}


def generate(
    config: NetworkConfig,
    parameters: Parameters,
    context: TokenIds,
    decoding: Decoding,
    num_tokens: int,
    *,
    rng: np.random.Generator,
) -> TokenIds:
    """L5: writes token by token, the whole text run anew for each, up to num_tokens or the end of the document.

    Args:
        config: the shape.
        parameters: the weights.
        context: ids without the start token, which is put before them.
        decoding: temperature, top-k, top-p.
        num_tokens: tokens to write.
        rng: one uniform number for each token.
    """
    text = [config.end_id, *context.tolist()]
    for _ in range(num_tokens):
        nats = log_probabilities_nats(logits(config, parameters, text)[-1].double())
        token = draw_token(nats.numpy(), decoding, rng=rng)
        if token == config.end_id:
            break
        text.append(token)
    return np.array(text[1 + context.size :], dtype=np.int32)
