"""The reference network as a Predictor."""

from dataclasses import asdict

from byheart.models.causal import CausalPredictor
from byheart.models.fingerprint import fingerprint_network
from byheart.models.fused.adoption import fused_network
from byheart.models.network import CausalNetwork
from byheart.models.transformer.llama_config import config_to_llama
from byheart.models.transformer.names import to_llama
from byheart.models.transformer.network import Network


def reference_predictor(network: Network, *, name: str = "model:reference") -> CausalPredictor:
    """Puts a reference network behind the common interface, as the fast pass where that can be it.

    Args:
        network: in evaluation mode. The fast pass copies its weights now; behind the plain forms, which it does not
            know, stands the network itself, and later changes of its weights make the fingerprint a lie.
        name: how the report calls it.
    """
    config = network.config
    return CausalPredictor(
        network if config.is_plain else _fused(network),
        name=name,
        end_id=config.end_id,
        vocabulary_size=config.vocabulary_size,
        num_positions=config.num_positions,
        fingerprint=fingerprint_network(network.state_dict(), asdict(config)),
        size_bytes=sum(parameter.numel() * parameter.element_size() for parameter in network.parameters()),
    )


def _fused(network: Network) -> CausalNetwork:
    copied = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    fused = fused_network(config_to_llama(network.config), to_llama(copied, network.config))
    return network if fused is None else fused
