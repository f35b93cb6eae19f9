"""Where documents begin inside the rows of a training batch: attention does not cross these borders.

Shape legend: B rows, T tokens, H heads, d numbers per head.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


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
        self._sees = (divided[:, :, None] == divided[:, None, :]).tril()[:, None]

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Causal attention within each piece, [B, H, T, d].

        Definition:
            softmax(Q K^T / sqrt(d) + mask) V, mask = -inf where the key comes later or lies in another piece
        Source: theory.md L1.
        Differs: nothing.
        """
        parts = []
        counts = [self._num_whole, len(self._sees)]
        rows = zip(*(torch.split(tensor, counts) for tensor in (queries, keys, values)), strict=True)
        for is_whole, (q, k, v) in zip((True, False), rows, strict=True):
            if len(q):
                mask = None if is_whole else self._sees
                parts.append(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=is_whole))
        return parts[0] if len(parts) == 1 else torch.cat(parts)
