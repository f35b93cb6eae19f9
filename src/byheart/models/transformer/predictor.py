"""The reference network as a Predictor."""

from dataclasses import asdict

from byheart.models.causal import CausalPredictor
from byheart.models.fingerprint import fingerprint_network
from byheart.models.transformer.network import Network


def reference_predictor(network: Network, *, name: str = "model:reference") -> CausalPredictor:
    """Puts a reference network behind the common interface.

    Args:
        network: in evaluation mode; later changes of its weights make the fingerprint a lie.
        name: how the report calls it.
    """
    config = network.config
    return CausalPredictor(
        network,
        name=name,
        end_id=config.end_id,
        vocabulary_size=config.vocabulary_size,
        num_positions=config.num_positions,
        fingerprint=fingerprint_network(network.state_dict(), asdict(config)),
        size_bytes=sum(parameter.numel() * parameter.element_size() for parameter in network.parameters()),
    )
