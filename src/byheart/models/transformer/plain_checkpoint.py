"""What a checkpoint says of a network that the fields of a Llama cannot say."""

from dataclasses import asdict, fields
from typing import Any

from byheart.core.visible import visible
from byheart.errors import ConfigError, FormatError
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.llama_config import MOST_POSITIONS

PLAIN_CONFIG = {"model_type": "byheart", "architectures": ["ByheartNetwork"], "dtype": "float32"}
"""The config.json of a plain form, without the "byheart" key: a type that transformers knows not to know."""


def written_config(config: NetworkConfig) -> dict[str, Any]:
    """A network's shape in the "byheart" key, by the names of NetworkConfig."""
    return asdict(config)


def read_written_config(written: object) -> NetworkConfig:
    """The inverse of `written_config`.

    Raises:
        FormatError: a field is missing, unknown or of another type, or a value is outside its range.
    """
    try:
        if not isinstance(written, dict):
            raise TypeError(f"expected an object, got {type(written).__name__}")
        for field in fields(NetworkConfig):
            kind = field.type if field.type in (int, float) else str
            if type(written[field.name]) is not kind:
                raise TypeError(f"{field.name} is {written[field.name]!r}")
        config = NetworkConfig(**written)
        if config.num_positions > MOST_POSITIONS:
            raise ValueError(f"context_tokens must be < {MOST_POSITIONS}, got {config.context_tokens}")
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise FormatError(
            "The configuration of a reference network is ill-formed.",
            why=visible(f"{type(error).__name__}: {error}")[:300],
            next_step="Train it again, or restore config.json.",
        ) from error
    return config


def plain_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Every tensor of a plain form under its own name, and its shape, known before anything is allocated."""
    width = config.width
    table = (config.vocabulary_size, width)
    shapes: dict[str, tuple[int, ...]] = {"embedding": table, "output.matrix": table, "output.bias": table[:1]}
    for layer_index in range(config.num_layers):
        prefix = f"layers.{layer_index}."
        shapes[prefix + "interpolation.qk"] = (2 * width, width)
        shapes[prefix + "matrix"] = (width, width)
        shapes[prefix + "bias"] = (width,)
    return shapes
