"""Where documents begin inside the rows of a training batch: attention does not cross these borders.

Shape legend: B rows, T tokens, H heads, d numbers per head.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

_MOST_PRODUCTS = 1024
"""Longest rows whose T x T scores are held in memory."""


class Borders:
    """Stands in the place of a cache while a packed batch is read: nothing came before, and some rows are divided.

    Positions are not counted anew in each piece: rotary positions act through differences only.

    Args:
        pieces: which piece of its row each token belongs to, int64 [B, T]; rows of one piece come first, so that they
            keep the fast causal attention and only the others pay for a mask.
    """

    num_tokens = 0
    """Tokens seen before this pass."""

    def __init__(self, pieces: Tensor) -> None:
        is_divided = pieces[:, -1] != pieces[:, 0]
        self._num_whole = int((~is_divided).sum())
        divided = pieces[self._num_whole :]
        self._pieces = pieces
        self._mask: Tensor | None = None
        self._sees = (divided[:, :, None] == divided[:, None, :]).tril()[:, None]

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Causal attention within each piece, [B, H, T, d].

        Definition:
            softmax(Q K^T / sqrt(d) + mask) V, mask = -inf where the key comes later or lies in another piece
        Source: theory.md L1.
        Differs: nothing.
        """
        if queries.dtype == torch.bfloat16 and queries.shape[2] <= _MOST_PRODUCTS:
            return self._by_products(queries, keys, values)
        parts = []
        counts = [self._num_whole, len(self._sees)]
        rows = zip(*(torch.split(tensor, counts) for tensor in (queries, keys, values)), strict=True)
        for is_whole, (q, k, v) in zip((True, False), rows, strict=True):
            if len(q):
                mask = None if is_whole else self._sees
                parts.append(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=is_whole))
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _by_products(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """The same as batched matrix products, which bfloat16 does two to four times faster than the fused kernel."""
        batch, heads, num_tokens, width = queries.shape
        if self._mask is None:
            sees = (self._pieces[:, :, None] == self._pieces[:, None, :]).tril()[:, None]
            mask = queries.new_zeros(sees.shape).masked_fill_(~sees, -torch.inf)
            self._mask = mask.expand(batch, heads, num_tokens, num_tokens).flatten(0, 1)
        q, k, v = (
            tensor.to(queries.dtype).reshape(batch * heads, num_tokens, width) for tensor in (queries, keys, values)
        )
        with torch.autocast("cpu", enabled=False):  # it would make the probabilities float32
            scores = torch.baddbmm(self._mask, q, k.transpose(1, 2), alpha=1 / math.sqrt(width))
            return (scores.softmax(dim=-1) @ v).view(batch, heads, num_tokens, width)
