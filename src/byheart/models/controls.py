"""Networks that are continuous and know nothing of the text: what a trained one is compared with.

Shape legend: B batch, T tokens of this pass, D width, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from byheart.errors import CapabilityError
from byheart.models.causal import CausalPredictor
from byheart.models.fused.network import FusedNetwork
from byheart.models.network import CausalNetwork
from byheart.models.transformer.network import Network


class ShuffledEmbeddings:
    """A network whose input embeddings stand at other tokens; all else, its output matrix too, is as it was.

    Args:
        network: its parameters are not changed.
        rows: a permutation of the vocabulary, int64 [V]; token v is read as token rows[v].
    """

    def __init__(self, network: CausalNetwork, rows: Tensor) -> None:
        self.network = network
        self.rows = rows

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.device

    def embed(self, token_ids: Tensor) -> Tensor:
        """Ids [B, T] -> embeddings [B, T, D] of other tokens."""
        return self.network.embed(self.rows[token_ids])

    def new_cache(self) -> Any:
        """The network's own."""
        return self.network.new_cache()

    def final_states(self, embeddings: Tensor, cache: Any = None) -> Tensor:
        """Embeddings [B, T, D] -> the states [B, T, D] that the head takes."""
        return self.network.final_states(embeddings, cache)

    def layer_states(self, embeddings: Tensor) -> list[Tensor]:
        """States after the embedding and after every layer."""
        return self.network.layer_states(embeddings)

    def logits(self, states: Tensor) -> Tensor:
        """States [..., D] -> logits [..., V]."""
        return self.network.logits(states)


def shuffled_embeddings(
    predictor: CausalPredictor, *, kept_ids: Sequence[int] = (), rng: np.random.Generator
) -> CausalPredictor:
    """The same network with the rows of its input embedding permuted; the start tokens keep theirs.

    Args:
        predictor: its parameters are not changed.
        kept_ids: tokens that keep theirs too, because they say what is asked and not what is known.
        rng: draws the permutation.
    """
    rows = np.arange(predictor.vocabulary_size)
    moved = np.setdiff1d(rows, [*predictor.start_ids.tolist(), *kept_ids])
    rows[moved] = rng.permutation(moved)
    network = ShuffledEmbeddings(predictor.network, torch.from_numpy(rows).to(predictor.device))
    return _behind(predictor, network, "shuffled embeddings")


def untrained(predictor: CausalPredictor, *, rng: np.random.Generator) -> CausalPredictor:
    """A network of the same shape as its training began: other random weights, no text.

    Args:
        predictor: gives the shape.
        rng: draws the weights.
    Raises:
        CapabilityError: nothing is known of how networks of this kind begin.
    Cost: the memory of the network once more.
    """
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    return _behind(predictor, _begun(predictor.network, generator), "untrained")


def _begun(network: CausalNetwork, generator: torch.Generator) -> CausalNetwork:
    if isinstance(network, Network):
        return Network(network.config).initialize(generator).to(network.device).eval()
    if isinstance(network, FusedNetwork):
        return _begun_llama(network, generator)
    # Heavy, and only networks of transformers need it.
    from byheart.models.huggingface import HuggingFaceNetwork

    if isinstance(network, HuggingFaceNetwork):
        return _begun_huggingface(network, generator)
    raise CapabilityError(
        f"How a {type(network).__name__} begins its training is not known.",
        next_step="Compare with its shuffled embeddings alone.",
    )


def _begun_llama(network: FusedNetwork, generator: torch.Generator) -> FusedNetwork:
    """N(0, initializer_range^2) of its configuration, gains 1: as transformers begins a Llama, whoever computes it."""
    scale = network.shape.initial_scale

    def drawn(like: Tensor) -> Tensor:
        if not like.any():  # the MLP that "attention-only" does not have
            return like
        return torch.empty(like.shape, dtype=like.dtype).normal_(0.0, scale, generator=generator).to(like.device)

    weights = network.weights
    layers = tuple(
        replace(
            layer,
            qkv=drawn(layer.qkv),
            out=drawn(layer.out),
            gate=drawn(layer.gate),
            up=drawn(layer.up),
            down=drawn(layer.down),
        )
        for layer in weights.layers
    )
    embedding = drawn(weights.embedding)
    is_tied = weights.head.data_ptr() == weights.embedding.data_ptr()
    begun = replace(
        weights,
        embedding=embedding,
        layers=layers,
        final_gain=torch.ones_like(weights.final_gain),
        head=embedding if is_tied else drawn(weights.head),
    )
    return FusedNetwork(begun, network.shape)


def _begun_huggingface(network: Any, generator: torch.Generator) -> CausalNetwork:
    """As transformers begins this architecture. It draws from torch's global stream, which is put back afterwards."""
    from transformers import AutoModelForCausalLM

    from byheart.models.huggingface import HuggingFaceNetwork
    from byheart.models.quiet import quiet_transformers

    from_config: Any = AutoModelForCausalLM.from_config
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.random.set_rng_state(generator.get_state())
        model = from_config(network.model.config).to(device=network.device, dtype=network.dtype).eval()
    return HuggingFaceNetwork(model)


def _behind(predictor: CausalPredictor, network: CausalNetwork, what: str) -> CausalPredictor:
    return CausalPredictor(
        network,
        name=f"{predictor.name}, {what}",
        end_id=predictor.end_id,
        vocabulary_size=predictor.vocabulary_size,
        num_positions=None if predictor.context_tokens is None else predictor.context_tokens + predictor.start_ids.size,
        fingerprint=f"{predictor.fingerprint}, {what}",
        size_bytes=predictor.size_bytes,
        start_ids=predictor.start_ids,
    )
