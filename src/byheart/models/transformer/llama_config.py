"""The shape of a reference network as the config.json of a transformers Llama, and back."""

from typing import Any

from byheart.core.visible import visible
from byheart.errors import CapabilityError, ConfigError, FormatError
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.names import llama_hidden_width

MOST_POSITIONS = 1 << 20
"""A hostile config.json may state any number."""
_FIXED = {"model_type": "llama", "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True}
"""What every reference network is that a Llama can be."""


def config_to_llama(config: NetworkConfig) -> dict[str, Any]:
    """The config.json of a network, without the "byheart" key.

    Raises:
        CapabilityError: no Llama computes what this network computes.
    """
    if config.is_plain:
        raise CapabilityError(
            f"A network of the form {config.form!r} cannot be written for transformers.",
            why="Its layers have biases and neither norms nor residuals; no Llama computes the same.",
            next_step='Leave transformers out: byheart reads it back; or train the form "llama" or "attention-only".',
        )
    return {
        "architectures": ["LlamaForCausalLM"],
        **_FIXED,
        "hidden_act": "relu" if config.mlp == "relu" else "silu",
        "vocab_size": config.vocabulary_size,
        "hidden_size": config.width,
        "intermediate_size": llama_hidden_width(config),
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_heads,
        "head_dim": config.width // config.num_heads,
        "max_position_embeddings": config.num_positions,
        "rms_norm_eps": config.norm_epsilon,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rotary_base},
        "rope_theta": config.rotary_base,
        "bos_token_id": config.end_id,
        "eos_token_id": config.end_id,
        "pad_token_id": None,
        "dtype": "float32",
    }


def config_from_llama(raw: dict[str, Any]) -> NetworkConfig:
    """The inverse of `config_to_llama`, for the form "llama".

    Raises:
        FormatError: a field is missing or ill-formed, or it describes a Llama that the reference cannot be.
    """
    try:
        config = NetworkConfig(
            vocabulary_size=int(raw["vocab_size"]),
            end_id=int(raw["eos_token_id"]),
            width=int(raw["hidden_size"]),
            num_layers=int(raw["num_hidden_layers"]),
            num_heads=int(raw["num_attention_heads"]),
            hidden_width=int(raw["intermediate_size"]),
            context_tokens=int(raw["max_position_embeddings"]) - 1,
            rotary_base=float(raw["rope_parameters"]["rope_theta"]),
            norm_epsilon=float(raw["rms_norm_eps"]),
            mlp="relu" if raw["hidden_act"] == "relu" else "swiglu",
        )
    except (KeyError, TypeError, ValueError, OverflowError, ConfigError) as error:
        raise FormatError(
            "The configuration of a reference network is ill-formed.",
            why=visible(f"{type(error).__name__}: {error}"),
            next_step="Train it again, or restore config.json.",
        ) from error
    check_llama(raw, config)
    return config


def check_llama(raw: dict[str, Any], config: NetworkConfig) -> None:
    """That transformers would read the same network from a config.json as we do.

    Raises:
        FormatError: it describes another Llama.
    """
    different = [name for name, value in config_to_llama(config).items() if name in raw and raw[name] != value]
    if config.num_positions > MOST_POSITIONS:
        different.append("max_position_embeddings")
    missing = [name for name in _FIXED if name not in raw]
    if different or missing:
        raise FormatError(
            "The reference network cannot represent this Llama.",
            why=f"It differs in {', '.join(different + missing)}.",
            next_step='Remove the "byheart" key from config.json to open it with transformers.',
        )
