"""L1 on grouped heads, and the rotation that gives keys and queries their places.

Shape legend: B batch, T tokens of this pass, S tokens seen so far, H query heads, K key heads, G = H / K, d head width.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from byheart.models.fused.cache import FusedCache, Places


def rotary_table(num_positions: int, head_width: int, base: float, like: Tensor) -> Tensor:
    """The turn of every rotary pair at every position, as complex numbers of absolute value 1.

    Definition:
        turn(t, i) = e^(j t base^(-2i/d)), i = 0..d/2-1
    Args:
        like: gives the precision and the device.
    Returns:
        complex, shape [num_positions, d/2].
    Source: Su et al. 2021, "RoFormer" (arXiv 2104.09864).
    Differs: angles are computed in float32, as transformers does.
    """
    frequencies = 1.0 / base ** (torch.arange(0, head_width, 2, dtype=torch.float32, device=like.device) / head_width)
    angles = torch.outer(torch.arange(num_positions, dtype=torch.float32, device=like.device), frequencies)
    return torch.complex(angles.cos().to(like.dtype), angles.sin().to(like.dtype))


def as_pairs(heads: Tensor) -> Tensor:
    """Heads [..., d] as complex numbers [..., d/2] in the same memory."""
    return torch.view_as_complex(heads.view(*heads.shape[:-1], -1, 2))


def attend(queries: Tensor, keys: Tensor, values: Tensor, *, causal: bool, mask: Tensor | None) -> Tensor:
    """softmax(Q K^T / sqrt(d) + mask) V per head.

    Args:
        queries: rotated, shape [B, T, H, d].
        keys: rotated, shape [B, K, S, d].
        values: shape [B, K, S, d].
        causal: whether query t sees keys 0..t only.
        mask: added to the scores otherwise.
    Returns:
        shape [B, T, H d].
    Source: theory.md L1; Ainslie et al. 2023, "GQA" (arXiv 2305.13245).
    Differs: nothing.
    """
    batch, num_tokens, num_heads, width = queries.shape
    if num_tokens == 1:
        # The query heads of a group stand in for tokens, so that each key is read once for all of them.
        grouped = queries.reshape(batch, keys.shape[1], -1, width)
        mixed = F.scaled_dot_product_attention(grouped, keys, values, attn_mask=mask)
        return mixed.reshape(batch, 1, num_heads * width)
    mixed = F.scaled_dot_product_attention(
        queries.transpose(1, 2), keys, values, attn_mask=mask, is_causal=causal, enable_gqa=True
    )
    return mixed.transpose(1, 2).flatten(2)


def attend_and_remember(
    queries: Tensor, keys: Tensor, values: Tensor, cache: FusedCache | None, layer_index: int, places: Places
) -> Tensor:
    """Attention over the past and this pass: [B, T, H, d] and twice [B, T, K, d] -> [B, T, H d]; the cache grows."""
    all_keys, all_values = keys.transpose(1, 2), values.transpose(1, 2)
    if cache is not None:
        remembered = cache.extend(layer_index, keys, values, places)
        if not places.is_first:
            all_keys, all_values = remembered
    return attend(queries, all_keys, all_values, causal=places.is_first, mask=places.mask)
