"""Which texts go through a predictor together: planned from their content, so that a rerun meets the same batches."""

from collections.abc import Sequence

import numpy as np

from byheart.core.tokens import TokenIds

BATCH_TOKENS = 2048
"""Tokens of a batch, padding included; a longer text is a batch of its own. Bounds the memory of activations, and that
of attention to the square of this number."""
_LARGEST_WASTE = 0.05


def plan_batches(texts: Sequence[TokenIds], *, batch_tokens: int = BATCH_TOKENS) -> list[list[int]]:
    """Batches of texts of nearly equal length, the longest first; texts that begin alike lie side by side.

    Definition:
        texts by decreasing length, then by their tokens; each joins the batch before it as long as (texts in it) *
        (longest of it) <= batch_tokens and its padding is less than a twentieth of that; else it begins a new batch
    Args:
        texts: token ids, each of shape [num_tokens >= 1].
        batch_tokens: >= 1.
    Returns:
        the indices of the texts of each batch; every text is in one. Equal texts in another order give equal batches.
    Cost: sorting the texts.
    """
    keys = [np.ascontiguousarray(text, dtype=">i4").tobytes() for text in texts]
    order = sorted(range(len(texts)), key=lambda index: (-texts[index].size, keys[index]))
    planned: list[list[int]] = []
    longest = held = 0
    for index in order:
        size = texts[index].size
        room = longest * (len(planned[-1]) + 1) if planned else 0
        if not planned or room > batch_tokens or room - held - size >= _LARGEST_WASTE * room:
            planned.append([])
            longest, held = size, 0
        planned[-1].append(index)
        held += size
    return planned
