"""Cross-entropy from final states without ever holding the logits of a whole batch.

Shape legend: N tokens of a batch, D width, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor

_BLOCK = 1024
"""Tokens whose logits exist at one time: 4 MB of a vocabulary of 2,048, which the processor's cache holds."""


class TiedLoss(torch.autograd.Function):
    """Mean of -log P(token) where P = softmax(E h) with E the embedding; gradients are made on the way.

    Definition:
        loss = 1/N sum_n (logsumexp_w(E_w h_n) - E_{x_n} h_n)
        d loss / d logits_n = (softmax(E h_n) - onehot(x_n)) / N
    Source: theory.md L3 and L5.
    Differs: nothing; in blocks, so that each logit is written once and read from the cache.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, embedding: Tensor, targets: Tensor) -> Tensor:
        """States [N, D], embedding [V, D] of the same dtype, targets [N] -> nats per token, a float32 scalar."""
        count = len(states)
        total = torch.zeros((), dtype=torch.float64, device=states.device)
        state_gradient = torch.empty_like(states)
        embedding_gradient = torch.zeros_like(embedding, dtype=torch.float32)
        for start in range(0, count, _BLOCK):
            rows, wanted = states[start : start + _BLOCK], targets[start : start + _BLOCK, None]
            logs = torch.log_softmax(rows @ embedding.T, dim=1, dtype=torch.float32)
            total -= logs.gather(1, wanted).sum(dtype=torch.float64)
            gradient = logs.exp_()
            gradient.scatter_add_(1, wanted, gradient.new_full((1, 1), -1.0).expand(len(rows), 1))
            gradient = gradient.mul_(1 / count).to(states.dtype)
            torch.mm(gradient, embedding, out=state_gradient[start : start + _BLOCK])
            embedding_gradient += gradient.T @ rows
        ctx.save_for_backward(state_gradient, embedding_gradient.to(embedding.dtype))
        return (total / count).float()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """Scales what `forward` made."""
        state_gradient, embedding_gradient = ctx.saved_tensors
        return state_gradient * gradients[0], embedding_gradient * gradients[0], None
