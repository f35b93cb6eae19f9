"""Whether a configuration asks for no more numbers than the weights beside it hold; asked before any is allocated."""

from typing import Any

import torch
from transformers import AutoModelForCausalLM
from transformers.quantizers.auto import AUTO_QUANTIZATION_CONFIG_MAPPING

from byheart.errors import FormatError


def check_plausible(config: Any, num_tensors: int, num_elements: int, shown: str, *, num_bytes: int = 0) -> None:
    """Nothing, when the weights can fill the network.

    A hostile configuration states any size, and transformers would fill what is missing with random numbers, or
    the memory. Packed weights are fewer numbers than they stand for: there a parameter takes a bit at least.

    Args:
        config: of transformers.
        num_tensors: stored.
        num_elements: stored, of all tensors.
        shown: the model, safe to show.
        num_bytes: stored, of all tensors; asked only of weights that a method of transformers packed.
    Raises:
        FormatError: more layers than tensors, or more parameters than stored numbers, or bits.
    Cost: builds the network without memory; at most num_tensors layers of it.
    """
    held, unit = (8 * num_bytes, "bits") if _is_packed(config) else (num_elements, "numbers")
    num_layers = getattr(config, "num_hidden_layers", 1)
    if isinstance(num_layers, int) and num_layers <= num_tensors:
        # It has no annotations.
        from_config: Any = AutoModelForCausalLM.from_config
        with torch.device("meta"):
            parameters = from_config(config, trust_remote_code=False).parameters()
        num_parameters = sum(parameter.numel() for parameter in parameters)
        if num_parameters <= held:
            return
        why = f"Its configuration asks for {num_parameters:,} parameters, the weights hold {held:,} {unit}."
    else:
        why = f"Its configuration asks for {num_layers} layers, the weights hold {num_tensors:,} tensors."
    raise FormatError(f"{shown} lacks weights.", why=why, next_step="Copy the model again.")


def _is_packed(config: Any) -> bool:
    """Whether a method that transformers knows packed the weights; an invented name packs nothing."""
    packing = getattr(config, "quantization_config", None)
    if not isinstance(packing, dict):
        return packing is not None
    # The oldest files of bitsandbytes name no method.
    if packing.get("load_in_8bit") or packing.get("load_in_4bit"):
        return True
    method = packing.get("quant_method")
    return isinstance(method, str) and method in AUTO_QUANTIZATION_CONFIG_MAPPING
