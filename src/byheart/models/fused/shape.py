"""Which networks the fast pass can be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FAMILIES = ("llama", "mistral")
"""model_type of the configurations that are read; the second only without a sliding window."""
_ACTIVATIONS = ("silu", "relu")
_PLAIN_ROTATION = {"rope_type": "default", "partial_rotary_factor": 1.0}
"""What a rotation may say besides its base."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Everything besides its weights that decides what the network computes."""

    num_layers: int
    """Steps of depth."""
    num_heads: int
    """H: query heads."""
    num_key_heads: int
    """K: key and value heads; each serves num_heads / num_key_heads query heads."""
    head_width: int
    """d: numbers per head, even."""
    activation: str
    """Of the gate: "silu" or "relu"."""
    epsilon: float
    """Added to the mean square before the root."""
    rotary_base: float
    """Base of the rotary frequencies."""
    initial_scale: float = 0.02
    """Standard deviation of the first weights; it decides nothing that a trained network computes."""


def shape_of(config: Mapping[str, Any]) -> Shape | None:
    """The shape that a config.json of transformers describes, or None where this pass would compute something else.

    Args:
        config: as `PretrainedConfig.to_dict` gives it.
    """
    rotation = config.get("rope_parameters")
    if config.get("model_type") not in FAMILIES or not isinstance(rotation, Mapping):
        return None
    others = {key: value for key, value in rotation.items() if key != "rope_theta"}
    try:
        is_plain = (
            all(key in _PLAIN_ROTATION and value == _PLAIN_ROTATION[key] for key, value in others.items())
            and config["hidden_act"] in _ACTIVATIONS
            and not config.get("attention_bias", False)
            and not config.get("mlp_bias", False)
            and config.get("sliding_window") is None
        )
        num_heads = int(config["num_attention_heads"])
        shape = Shape(
            num_layers=int(config["num_hidden_layers"]),
            num_heads=num_heads,
            num_key_heads=int(config.get("num_key_value_heads") or num_heads),
            head_width=int(config.get("head_dim") or int(config["hidden_size"]) // num_heads),
            activation=str(config["hidden_act"]),
            epsilon=float(config["rms_norm_eps"]),
            rotary_base=float(rotation["rope_theta"]),
            initial_scale=float(config.get("initializer_range", 0.02)),
        )
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None
    is_whole = (
        min(shape.num_heads, shape.num_key_heads, shape.head_width) >= 1
        and shape.num_heads % shape.num_key_heads == 0
        and shape.head_width % 2 == 0
    )
    return shape if is_plain and is_whole else None
