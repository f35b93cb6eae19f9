"""The scoring pass: a batch of texts through the network once, and TokenScores out of it.

The body of the network reads every token once, common beginnings once for all; the head and the reduction run only
where a log-probability is asked for.

Shape legend: B batch, W inputs of the longest text, D width, P inputs of a common beginning, U distinct beginnings,
N scored tokens.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.models.network import CausalNetwork, WritesLogits
from byheart.models.reduction import reduce_states
from byheart.models.shared_prefix import Indices, SharedPrefix, shared_prefix

PASS_VERSION = 1
"""Changes whenever a bit of what the pass says of a batch may."""


def score_batch(
    network: CausalNetwork, texts: Sequence[TokenIds], num_given: Sequence[int], start_ids: TokenIds, num_logits: int
) -> list[TokenScores]:
    """Scores of the tokens that are not given, from one pass over the texts.

    Definition:
        token t of a text is predicted by the state of the input before it, of start_ids + text[:-1]
    Args:
        network: its parameters are not changed.
        texts: at least one, each of shape [num_tokens >= 1].
        num_given: of each text, in [0, num_tokens - 1].
        start_ids: inputs before each text, shape [>= 1].
        num_logits: V.
    Raises:
        NumericalError: the network gives something that is not finite.
    Cost: memory of the batch's activations, of N states and of a block of logits.
    Source: definition.
    Differs: nothing.
    """
    inputs = [np.concatenate((start_ids, text[:-1])).astype(np.int64) for text in texts]
    counts = np.array([text.size - given for text, given in zip(texts, num_given, strict=True)])
    stops = np.cumsum(counts)
    places = [start_ids.size - 1 + np.arange(given, text.size) for text, given in zip(texts, num_given, strict=True)]
    targets = np.concatenate([text[given:] for text, given in zip(texts, num_given, strict=True)]).astype(np.int64)
    shared = shared_prefix(inputs)
    with torch.inference_mode():
        states, rows = _states(network, inputs, shared, places)
        # What several texts ask of one state is answered once.
        _, asked, answers = np.unique(rows * num_logits + targets, return_index=True, return_inverse=True)
        wanted = states[torch.from_numpy(rows[asked]).to(states.device)]
        together = reduce_states(wanted, torch.from_numpy(targets[asked]), _head(network, num_logits), num_logits)
    return [_chosen(together, answers[stop - count : stop]) for stop, count in zip(stops, counts, strict=True)]


def _states(
    network: CausalNetwork, inputs: Sequence[Indices], shared: SharedPrefix, places: Sequence[Indices]
) -> tuple[Tensor, Indices]:
    """All states of the batch [M, D], and which of them predict the scored tokens, text after text [N]."""
    past = shared.num_tokens
    device, cache = network.device, None
    flat: list[Tensor] = []
    if past:
        cache = network.new_cache()
        beginnings = _padded([inputs[first][:past] for first in shared.firsts])
        flat += network.final_states(network.embed(beginnings.to(device)), cache)
        cache = cache.rows(torch.from_numpy(shared.numbers).to(device))
    tails = _padded([one[past:] for one in inputs])
    flat += network.final_states(network.embed(tails.to(device)), cache)
    width, first_tail = tails.shape[1], shared.firsts.size * past
    rows = [
        np.where(place < past, number * past + place, first_tail + text * width + place - past)
        for text, (place, number) in enumerate(zip(places, shared.numbers, strict=True))
    ]
    return torch.cat(flat), np.concatenate(rows)


def _head(network: CausalNetwork, num_logits: int) -> Callable[[Tensor], Tensor]:
    """States to logits; where the network can, every block over the one before, which is reduced by then."""
    if not isinstance(network, WritesLogits):
        return network.logits
    room: list[Tensor] = []

    def logits(states: Tensor) -> Tensor:
        if not room:
            # The first block is the largest.
            room.append(states.new_empty((states.shape[0], num_logits)))
        out = room[0][: states.shape[0]]
        network.write_logits(states, out)
        return out

    return logits


def _padded(inputs: Sequence[Indices]) -> Tensor:
    """Runs of ids, padded at the right, where causality hides it: [B, W]."""
    ids = np.zeros((len(inputs), max(one.size for one in inputs)), dtype=np.int64)
    for row, one in enumerate(inputs):
        ids[row, : one.size] = one
    return torch.from_numpy(ids)


def _chosen(scores: TokenScores, places: Indices) -> TokenScores:
    """Some tokens of the batch, copied: one short text that is kept must not keep its whole batch."""
    arrays: dict[str, Any] = {name: array[places] for name, array in scores.arrays()}
    return TokenScores(**arrays)
