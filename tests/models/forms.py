"""One small network of every form that the reference can take."""

from dataclasses import replace

import pytest
import torch

from byheart.models.transformer.config import FORMS, NetworkConfig
from byheart.models.transformer.network import Network
from tests.models.networks import SMALL, sharp_network

CONFIGS: dict[str, NetworkConfig] = {form: replace(SMALL, form=form) for form in FORMS} | {
    "relu": replace(SMALL, mlp="relu")
}
every_form = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
every_plain_form = pytest.mark.parametrize(
    "config", [pytest.param(config, id=name) for name, config in CONFIGS.items() if config.is_plain]
)


def network_of(config: NetworkConfig) -> Network:
    """Random weights, biases included, whose predictions differ from uniform and from one another."""
    if not config.is_plain:
        return sharp_network(config)
    generator = torch.Generator().manual_seed(0)
    network = Network(config).initialize(generator)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0.0, 0.5, generator=generator)
            elif name == "output.matrix":
                parameter.mul_(25.0)
    return network.eval()
