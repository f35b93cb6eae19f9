"""Logits to TokenScores, a block of positions at a time, so that memory stays bounded whatever the vocabulary.

Shape legend: N positions, K positions of one block, V vocabulary, D width.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from byheart.core.token_scores import TOP_K, TokenScores
from byheart.models.reduction_kernel import reduce_rows

BLOCK_ENTRIES = 1 << 23
"""Logits held at a time: 32 MiB in float32. Fewer would make the head read its matrix more often."""

Columns = dict[str, Any]


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
    blocks = []
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for first in range(0, token_ids.numel(), size):
            block = logits(states[first : first + size])
            ids = token_ids[first : first + size]
            is_fast = block.dtype == torch.float32 and block.device.type == "cpu"
            blocks.append(_reduce_compiled(block, ids, threads) if is_fast else _reduce(block, ids.to(block.device)))
    columns: Columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    return TokenScores(token_ids=token_ids.numpy().astype(np.int32), **columns)


def _reduce_compiled(logits: Tensor, token_ids: Tensor, threads: ThreadPoolExecutor) -> Columns:
    """Rows shared out among as many threads as torch has; each row by itself, so that their number moves nothing."""
    num_rows = token_ids.numel()
    rows, ids = logits.contiguous().numpy(), token_ids.numpy()
    floats, integers = np.empty((num_rows, 5)), np.empty((num_rows, 2), dtype=np.int32)
    cuts = np.linspace(0, num_rows, torch.get_num_threads() + 1).astype(int).tolist()
    parts = [slice(start, stop) for start, stop in pairwise(cuts) if start < stop]
    # A list, so that errors of the threads come here.
    list(threads.map(lambda part: reduce_rows(rows[part], ids[part], floats[part], integers[part]), parts))
    return {
        "log_probability_nats": floats[:, 0],
        "rank": integers[:, 0],
        "argmax_id": integers[:, 1],
        "argmax_log_probability_nats": floats[:, 1],
        "entropy_nats": floats[:, 2],
        "log_probability_variance_nats2": floats[:, 3],
        "log_top_k_mass_nats": floats[:, 4],
    }


def _reduce(logits: Tensor, token_ids: Tensor) -> Columns:
    """The same by torch, for other devices and types.

    Exponentials in the network's precision, but not below float32; sums in float64; moments about the mean so that
    nothing cancels.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    own_logits = logits.gather(1, token_ids[:, None])
    smaller_ids = torch.arange(logits.shape[1], device=logits.device) < token_ids[:, None]
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
    columns = {
        "log_probability_nats": own.clamp(max=0.0),
        "rank": (1 + before.sum(dim=1)).int(),
        "argmax_id": argmax.int(),
        "argmax_log_probability_nats": -log_mass,
        "entropy_nats": (log_mass - mean).clamp(min=0.0),
        "log_probability_variance_nats2": variance,
        "log_top_k_mass_nats": (top.log() - log_mass).clamp(max=0.0),
    }
    return {name: column.cpu().numpy() for name, column in columns.items()}
