"""L5, generation: a network writes on, one token at a time, many contexts at once.

Shape legend: B batch, T tokens of this pass, V vocabulary.
"""

from collections.abc import Sequence

import numpy as np
import torch

from byheart.core.decoding import Decoding, draw_token
from byheart.core.tokens import TokenIds
from byheart.errors import NumericalError
from byheart.models.network import CausalNetwork

_BATCH = 16
"""Contexts written on at a time."""


def write(
    network: CausalNetwork,
    contexts: Sequence[TokenIds],
    decoding: Decoding,
    num_tokens: int,
    *,
    end_id: int,
    rngs: Sequence[np.random.Generator],
) -> list[TokenIds]:
    """Continues each context; equal lengths share a batch and a cache.

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
    """
    result: list[TokenIds] = [np.empty(0, dtype=np.int32)] * len(contexts)
    by_length: dict[int, list[int]] = {}
    for index, context in enumerate(contexts):
        by_length.setdefault(context.size, []).append(index)
    for length in sorted(by_length):
        for first in range(0, len(by_length[length]), _BATCH):
            chosen = by_length[length][first : first + _BATCH]
            batch = np.stack([contexts[index] for index in chosen]).astype(np.int64)
            written = _write_batch(network, batch, decoding, num_tokens, end_id, [rngs[index] for index in chosen])
            for index, token_ids in zip(chosen, written, strict=True):
                result[index] = token_ids
    return result


def _write_batch(
    network: CausalNetwork,
    contexts: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    decoding: Decoding,
    num_tokens: int,
    end_id: int,
    rngs: list[np.random.Generator],
) -> list[TokenIds]:
    written: list[list[int]] = [[] for _ in contexts]
    is_open = [True] * len(contexts)
    cache = network.new_cache()
    with torch.inference_mode():
        ids = torch.from_numpy(contexts)
        for _ in range(num_tokens):
            states = network.final_states(network.embed(ids), cache)[:, -1]
            nats = network.logits(states).double().log_softmax(dim=-1).numpy()
            if not np.isfinite(nats).all():
                raise NumericalError(
                    "The model gave a log-probability that is not finite.",
                    next_step="Check the weights: `byheart verify` on the model folder, or download it again.",
                )
            drawn = np.full(len(contexts), end_id, dtype=np.int64)
            for row in np.flatnonzero(is_open):
                drawn[row] = draw_token(nats[row], decoding, rng=rngs[row])
                is_open[row] = bool(drawn[row] != end_id)
                if is_open[row]:
                    written[row].append(int(drawn[row]))
            if not any(is_open):
                break
            ids = torch.from_numpy(drawn)[:, None]
    return [np.array(token_ids, dtype=np.int32) for token_ids in written]
