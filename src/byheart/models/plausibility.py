"""Whether a configuration asks for no more numbers than the weights beside it hold; asked before any is allocated."""

from typing import Any

import torch
from transformers import AutoModelForCausalLM

from byheart.errors import FormatError


def check_plausible(config: Any, num_tensors: int, num_elements: int, shown: str) -> None:
    """Nothing, when the weights can fill the network.

    A hostile configuration states any size, and transformers would fill what is missing with random numbers, or
    the memory.

    Args:
        config: of transformers.
        num_tensors: stored.
        num_elements: stored, of all tensors.
        shown: the model, safe to show.
    Raises:
        FormatError: more layers than tensors, or more parameters than stored numbers.
    Cost: builds the network without memory; at most num_tensors layers of it.
    """
    if getattr(config, "quantization_config", None):
        return  # packed weights are fewer than the numbers that they stand for; transformers checks them itself
    num_layers = getattr(config, "num_hidden_layers", 1)
    if isinstance(num_layers, int) and num_layers <= num_tensors:
        # It has no annotations.
        from_config: Any = AutoModelForCausalLM.from_config
        with torch.device("meta"):
            parameters = from_config(config, trust_remote_code=False).parameters()
        num_parameters = sum(parameter.numel() for parameter in parameters)
        if num_parameters <= num_elements:
            return
        why = f"Its configuration asks for {num_parameters:,} parameters, the weights hold {num_elements:,}."
    else:
        why = f"Its configuration asks for {num_layers} layers, the weights hold {num_tensors:,} tensors."
    raise FormatError(f"{shown} lacks weights.", why=why, next_step="Copy the model again.")
