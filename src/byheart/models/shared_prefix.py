"""What the texts of a batch have in common at their beginning, so that the network reads it once.

Candidates after one prompt, sweeps and boilerplate repeat the same tokens: their keys, values and states are the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

LEAST_TOKENS = 16
"""A shorter common beginning is not worth a pass of its own."""
_LEAST_SAVING = 0.1
"""Share of the batch's tokens that must be saved, for the same reason."""


class SharedPrefix(NamedTuple):
    """Where a batch is cut in two passes: the distinct beginnings, then what follows each text's own."""

    num_tokens: int
    """Length of every beginning; 0 where the batch is better read in one pass."""
    firsts: npt.NDArray[np.int64]
    """For each distinct beginning a text that has it, shape [num_beginnings]."""
    numbers: npt.NDArray[np.int64]
    """For each text the number of its beginning, shape [num_texts]."""

    @classmethod
    def none(cls, num_texts: int) -> "SharedPrefix":
        """No cut: one pass."""
        return cls(0, np.arange(num_texts), np.arange(num_texts))


def shared_prefix(texts: Sequence[Indices]) -> SharedPrefix:
    """The cut that leaves the fewest tokens to read.

    Definition:
        with B texts of at most T tokens and U(P) distinct beginnings of P tokens: the P in [LEAST_TOKENS, shortest text
        - 1] that minimises U(P) P + B (T - P), the smallest of equals; none where that saves less than a tenth of B T
    Args:
        texts: what the network reads, each of shape [num_tokens].
    Cost: sorting the texts.
    """
    num_texts = len(texts)
    shortest = min((text.size for text in texts), default=0)
    longest = max((text.size for text in texts), default=0)
    if num_texts < 2 or shortest <= LEAST_TOKENS:
        return SharedPrefix.none(num_texts)
    heads = np.stack([text[: shortest - 1] for text in texts])
    order = np.lexsort(heads.T[::-1])
    differs = heads[order[1:]] != heads[order[:-1]]
    common = np.where(differs.any(axis=1), differs.argmax(axis=1), shortest - 1)
    lengths = np.arange(LEAST_TOKENS, shortest)
    distinct = 1 + (common[None, :] < lengths[:, None]).sum(axis=1)
    cost = distinct * lengths + num_texts * (longest - lengths)
    best = int(cost.argmin())
    if cost[best] > (1 - _LEAST_SAVING) * num_texts * longest:
        return SharedPrefix.none(num_texts)
    num_tokens = int(lengths[best])
    starts = np.concatenate(([True], common < num_tokens))
    numbers = np.empty(num_texts, dtype=np.int64)
    numbers[order] = np.cumsum(starts) - 1
    return SharedPrefix(num_tokens, order[starts].astype(np.int64), numbers)
