"""Small networks for tests, built once from a fixed stream."""

import numpy as np
import torch

from byheart.core.tokens import TokenIds
from byheart.models.causal import CausalPredictor
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.network import Network
from byheart.models.transformer.predictor import reference_predictor

SMALL = NetworkConfig(
    vocabulary_size=61, end_id=3, width=32, num_layers=3, num_heads=4, hidden_width=40, context_tokens=32
)


def sharp_network(config: NetworkConfig = SMALL, seed: int = 0) -> Network:
    """Random weights, large enough that predictions differ from uniform and from one another."""
    network = Network(config).initialize(torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(8.0 if parameter.dim() > 1 else 1.3)
    return network.eval()


def predictor(network: Network | None = None) -> CausalPredictor:
    return reference_predictor(network or sharp_network())


def texts(*lengths: int, seed: int = 1) -> list[TokenIds]:
    rng = np.random.default_rng(seed)
    # From 4: no text has the end token, 3, inside.
    return [rng.integers(4, SMALL.vocabulary_size, size=length).astype(np.int32) for length in lengths]
