"""The logit lens: what a network would predict were each of its layers the last.

Shape legend: B batch, T tokens, D width, V vocabulary, K tokens that are asked.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from byheart.core.complexity_material import Formation, Layers
from byheart.core.tokens import Floats, TokenIds
from byheart.models.network import LensNetwork

_ROWS = 256
"""Tokens whose logits are held at a time."""


def lens_nats(network: LensNetwork, token_ids: TokenIds, start_ids: TokenIds) -> Floats:
    """Log-probabilities by every layer, [L + 1, T, V], as `Layered.lens_log_probabilities_nats` says."""
    with torch.inference_mode():
        states = _states(network, [token_ids], start_ids)
        places = slice(start_ids.size - 1, start_ids.size - 1 + token_ids.size)
        nats = [
            network.logits(state[0, places] if layer == network.num_layers else network.read_states(state[0, places]))
            .double()
            .log_softmax(dim=-1)
            for layer, state in enumerate(states)
        ]
        return torch.stack(nats).cpu().numpy()


def formations(
    network: LensNetwork, texts: Sequence[TokenIds], num_given: Sequence[int], start_ids: TokenIds
) -> list[Formation]:
    """The forming layer of each token that is not given, as `Layered.formations` says.

    Cost: one pass, and from the last layer downwards the logits of those tokens whose prediction still stood in the
        layer above: a quarter of all where predictions form late.
    """
    with torch.inference_mode():
        states = _states(network, texts, start_ids)
        first = start_ids.size - 1
        rows = np.concatenate([np.full(text.size - given, row) for row, (text, given) in _numbered(texts, num_given)])
        columns = np.concatenate(
            [first + np.arange(given, text.size) for text, given in zip(texts, num_given, strict=True)]
        )
        at = (torch.from_numpy(rows.astype(np.int64)), torch.from_numpy(columns.astype(np.int64)))
        targets = torch.from_numpy(
            np.concatenate([text[given:] for text, given in zip(texts, num_given, strict=True)]).astype(np.int64)
        )
        said, nats = _said(network, states[-1][at], targets.to(network.device))
        layers = _forming(network, states, at, said)
    found = []
    stop = 0
    for text, given in zip(texts, num_given, strict=True):
        start, stop = stop, stop + text.size - given
        own = slice(start, stop)
        found.append(
            Formation(
                layers=layers[own],
                argmax_id=said[own].cpu().numpy().astype(np.int32),
                log_probability_nats=nats[own],
            )
        )
    return found


def _numbered(texts: Sequence[TokenIds], num_given: Sequence[int]) -> list[tuple[int, tuple[TokenIds, int]]]:
    return list(enumerate(zip(texts, num_given, strict=True)))


def _states(network: LensNetwork, texts: Sequence[TokenIds], start_ids: TokenIds) -> list[Tensor]:
    """States after the embedding and every layer, [B, start + longest - 1, D]: the last token predicts nothing."""
    longest = max(text.size for text in texts)
    ids = np.zeros((len(texts), start_ids.size + longest - 1), dtype=np.int64)
    for row, text in enumerate(texts):
        joined = np.concatenate((start_ids, text[:-1]))
        ids[row, : joined.size] = joined
    return network.layer_states(network.embed(torch.from_numpy(ids).to(network.device)))


def _said(network: LensNetwork, states: Tensor, targets: Tensor) -> tuple[Tensor, Floats]:
    """The most probable token of each of the last states [K, D], and the log-probability of the one that is there."""
    said, nats = [], []
    for start in range(0, states.shape[0], _ROWS):
        logits = network.logits(states[start : start + _ROWS])
        said.append(logits.argmax(dim=-1))
        own = logits.double().log_softmax(dim=-1).gather(1, targets[start : start + _ROWS, None])[:, 0]
        nats.append(own.cpu().numpy())
    return torch.cat(said), np.concatenate(nats)


def _forming(network: LensNetwork, states: Sequence[Tensor], at: tuple[Tensor, Tensor], said: Tensor) -> Layers:
    """Downwards from the last layer, as long as a layer says what the last one says."""
    layers = np.full(said.shape[0], network.num_layers, dtype=np.int64)
    open_rows = torch.arange(said.shape[0])
    for layer in range(network.num_layers - 1, -1, -1):
        same = []
        for start in range(0, open_rows.shape[0], _ROWS):
            rows = open_rows[start : start + _ROWS]
            logits = network.logits(network.read_states(states[layer][at[0][rows], at[1][rows]]))
            same.append((logits.argmax(dim=-1) == said[rows.to(said.device)]).cpu())
        open_rows = open_rows[torch.cat(same)] if same else open_rows
        if open_rows.shape[0] == 0:
            break
        layers[open_rows.numpy()] = layer
    return layers
