"""Logits to TokenScores, a block of positions at a time, so that memory stays bounded whatever the vocabulary.

Shape legend: N positions, K positions of one block, V vocabulary, D width.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from byheart.core.token_scores import TOP_K, TokenScores

BLOCK_ENTRIES = 1 << 22
"""Logits held at a time: 16 MiB in float32, and a few times that while they are reduced."""


def reduce_states(
    states: Tensor, token_ids: Tensor, logits: Callable[[Tensor], Tensor], num_logits: int
) -> TokenScores:
    """The statistics of N positions from the states that predict them.

    Args:
        states: shape [N, D]; row t predicts token t.
        token_ids: int64, shape [N].
        logits: states [K, D] -> logits [K, V].
        num_logits: V.
    Returns:
        equal to core's `token_scores` of the full distributions: ranks and ids exactly, the rest to float32 precision.
    Cost: O(N V) time, O(BLOCK_ENTRIES) memory.
    Source: definition.
    Differs: ranks compare logits, whose order is that of the probabilities; nothing is rounded before it is compared.
    """
    size = max(1, BLOCK_ENTRIES // num_logits)
    blocks = [
        _reduce(logits(states[first : first + size]), token_ids[first : first + size])
        for first in range(0, token_ids.numel(), size)
    ]
    columns: dict[str, Any] = {name: torch.cat([block[name] for block in blocks]).numpy() for name in blocks[0]}
    return TokenScores(token_ids=token_ids.numpy().astype(np.int32), **columns)


def _reduce(logits: Tensor, token_ids: Tensor) -> dict[str, Tensor]:
    """Exponentials in the network's precision, sums in float64, moments about the mean so that nothing cancels."""
    own_logits = logits.gather(1, token_ids[:, None])
    smaller_ids = torch.arange(logits.shape[1]) < token_ids[:, None]
    before = (logits > own_logits) | ((logits == own_logits) & smaller_ids)
    # torch documents the first of several maximal values for argmax.
    argmax = logits.argmax(dim=1)
    largest = logits.gather(1, argmax[:, None])
    shifted = logits - largest
    weights = shifted.exp()
    mass = weights.sum(dim=1, dtype=torch.float64)
    log_mass = mass.log()
    mean = (weights * shifted).sum(dim=1, dtype=torch.float64) / mass
    centred = shifted - mean.to(shifted.dtype)[:, None]
    variance = (weights * centred * centred).sum(dim=1, dtype=torch.float64) / mass
    top = weights.topk(min(TOP_K, logits.shape[1]), dim=1).values.sum(dim=1, dtype=torch.float64)
    own = (own_logits.double() - largest.double()).squeeze(1) - log_mass
    return {
        "log_probability_nats": own.clamp(max=0.0),
        "rank": (1 + before.sum(dim=1)).int(),
        "argmax_id": argmax.int(),
        "argmax_log_probability_nats": -log_mass,
        "entropy_nats": (log_mass - mean).clamp(min=0.0),
        "log_probability_variance_nats2": variance,
        "log_top_k_mass_nats": (top.log() - log_mass).clamp(max=0.0),
    }
