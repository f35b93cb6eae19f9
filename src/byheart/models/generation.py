"""L5, generation: a network writes on, one token at a time, many contexts at once.

Shape legend: B batch, T tokens of the longest context.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from byheart.core.decoding import Decoding
from byheart.core.tokens import TokenIds
from byheart.models.drawing import draw_next_ids
from byheart.models.network import CausalNetwork, RaggedNetwork

BATCH_ROWS = 64
"""Contexts written on at a time: with fewer, a step reads all weights for little work; more make it no faster."""
_BATCH_TOKENS = 1 << 14
"""Tokens that the cache of a batch may hold, so that its memory stays bounded."""
_MOST_OPEN = 0.75
"""Share of a batch's rows still being written at which those that have ended leave it; copying what is remembered of
the others costs about a step."""


def write(
    network: CausalNetwork,
    contexts: Sequence[TokenIds],
    decoding: Decoding,
    num_tokens: int,
    *,
    end_id: int,
    rngs: Sequence[np.random.Generator],
) -> list[TokenIds]:
    """Continues each context.

    Definition:
        x_{t+1} drawn from the decoded distribution of softmax(logits_t), t = |context|, |context| + 1, ...
    Args:
        network: the network; whether the positions suffice is the caller's to check.
        contexts: token ids, each of shape [num_tokens >= 1], the start of the document included.
        decoding: how tokens are drawn.
        num_tokens: tokens to write, >= 0.
        end_id: a continuation stops before it.
        rngs: one per context, so that a continuation does not depend on what else is in the batch.
    Returns:
        the continuations without their contexts, in order.
    Raises:
        NumericalError: the network gives something that is not finite.
    Cost: one pass over the contexts and one over each token written; memory of BATCH_ROWS rows.
    Source: theory.md L5.
    Differs: nothing.
    """
    result: list[TokenIds] = [np.empty(0, dtype=np.int32)] * len(contexts)
    if num_tokens == 0:
        return result
    lengths = [context.size for context in contexts]
    for chosen in _batches(lengths, num_tokens, ragged=isinstance(network, RaggedNetwork)):
        batch = _Batch(network, [contexts[index] for index in chosen])
        written = batch.write(decoding, num_tokens, end_id, [rngs[index] for index in chosen])
        for index, token_ids in zip(chosen, written, strict=True):
            result[index] = token_ids
    return result


def _batches(lengths: Sequence[int], num_tokens: int, *, ragged: bool) -> Iterator[list[int]]:
    """Contexts of similar length together, of equal length where the network asks for it; at least one each."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        is_full = len(batch) == BATCH_ROWS or (len(batch) + 1) * (lengths[index] + num_tokens) > _BATCH_TOKENS
        if batch and (is_full or (not ragged and lengths[index] != lengths[batch[0]])):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


class _Batch:
    """Contexts that one cache remembers."""

    def __init__(self, network: CausalNetwork, contexts: Sequence[TokenIds]) -> None:
        self._network = network
        self._cache = network.new_cache()
        self._contexts = contexts

    @torch.inference_mode()
    def write(
        self, decoding: Decoding, num_tokens: int, end_id: int, rngs: Sequence[np.random.Generator]
    ) -> list[TokenIds]:
        """The continuations; rows that have ended leave the batch once they are many."""
        written: list[list[int]] = [[] for _ in self._contexts]
        rows = np.arange(len(written))
        is_open = np.ones(rows.size, dtype=np.bool_)
        states = self._read()
        for num_written in range(1, num_tokens + 1):
            drawn = draw_next_ids(self._network.logits(states), decoding, [rngs[row] for row in rows.tolist()])
            is_open &= drawn != end_id
            for row, token_id in zip(rows[is_open], drawn[is_open], strict=True):
                written[row].append(int(token_id))
            if num_written == num_tokens or not is_open.any():
                break
            if is_open.mean() <= _MOST_OPEN:
                self._cache = self._cache.rows(self._tensor(np.flatnonzero(is_open)))
                rows, drawn, is_open = rows[is_open], drawn[is_open], is_open[is_open]
            embeddings = self._network.embed(self._tensor(drawn)[:, None])
            states = self._network.final_states(embeddings, self._cache)[:, -1]
        return [np.array(token_ids, dtype=np.int32) for token_ids in written]

    def _read(self) -> Tensor:
        """The states that predict each context's next token, [B, D]; the contexts are remembered."""
        lengths = np.array([context.size for context in self._contexts])
        ids = np.zeros((lengths.size, lengths.max()), dtype=np.int64)
        for row, context in enumerate(self._contexts):
            ids[row, : context.size] = context
        embeddings = self._network.embed(self._tensor(ids))
        if isinstance(self._network, RaggedNetwork):
            states = self._network.final_states(embeddings, self._cache, self._tensor(lengths))
        else:
            states = self._network.final_states(embeddings, self._cache)
        return states[torch.arange(lengths.size), self._tensor(lengths - 1)]

    def _tensor(self, numbers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Tensor:
        return torch.from_numpy(numbers).to(self._network.device)
