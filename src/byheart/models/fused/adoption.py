"""From a model that someone else built to the fast pass, where both are the same function.

Shape legend: B batch, T tokens, V vocabulary.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from byheart.models.fused.network import FusedNetwork
from byheart.models.fused.shape import shape_of
from byheart.models.fused.weights import arrange

PROBE_TOKENS = 64
"""Random tokens on which both must agree."""
_TOLERANCE = 1e-4
"""Largest difference of two logits, as a share of the largest logit."""


def fused_network(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> FusedNetwork | None:
    """The fast pass over the weights of a Llama, or None for one that it does not know.

    Args:
        config: of transformers' config.json.
        tensors: under transformers' names; the network keeps some of them.
    """
    shape = shape_of(config)
    weights = None if shape is None else arrange(tensors, shape)
    return None if shape is None or weights is None else FusedNetwork(weights, shape)


def adopt(model: Any) -> FusedNetwork | None:
    """The fast pass over a transformers model, or None where it would not give the model's logits.

    Args:
        model: an AutoModelForCausalLM in evaluation mode; the fast pass keeps some of its tensors, so it must not be
            trained on.
    Returns:
        a network that agrees with the model on a probe of random tokens; None for an architecture, a precision or an
        option that the fast pass does not know.
    Cost: one pass of each over the probe; the first matrices of attention and MLP are held twice until the model is
        let go.
    """
    network = fused_network(model.config.to_dict(), model.state_dict())
    if network is None:
        return None
    num_tokens = max(1, min(PROBE_TOKENS, getattr(model.config, "max_position_embeddings", PROBE_TOKENS)))
    generator = torch.Generator().manual_seed(0)
    probe = torch.randint(network.weights.embedding.shape[0], (1, num_tokens), generator=generator)
    with torch.inference_mode():
        probe = probe.to(network.device)
        theirs = model(probe, use_cache=False).logits
        ours = network.logits(network.final_states(network.embed(probe)))
        # A comparison with what is not finite is false.
        agrees = ours.shape == theirs.shape and bool((ours - theirs).abs().max() <= _TOLERANCE * theirs.abs().max())
    return network if agrees else None
