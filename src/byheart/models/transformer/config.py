"""The shape of a reference network."""

from dataclasses import dataclass

from byheart.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Everything that decides which functions a network can be; the default has 1.05 million parameters."""

    vocabulary_size: int
    """Number of token ids."""
    end_id: int
    """The token that stands for the start and the end of a document."""
    width: int = 128
    """D: numbers per token state."""
    num_layers: int = 4
    """Steps of depth."""
    num_heads: int = 4
    """Attention heads; each has width / num_heads numbers."""
    hidden_width: int = 344
    """Units of the gated MLP; 8/3 of the width, rounded to a multiple of 8, is usual."""
    context_tokens: int = 128
    """Tokens of a text before the one predicted, the start token not counted; also the length of a training window."""
    rotary_base: float = 10_000.0
    """Base of the rotary frequencies."""
    norm_epsilon: float = 1e-5
    """Added to the mean square before the root."""

    def __post_init__(self) -> None:
        sizes = ("vocabulary_size", "width", "num_layers", "num_heads", "hidden_width", "context_tokens")
        faults = [f"{name} must be >= 1, got {getattr(self, name)}" for name in sizes if getattr(self, name) < 1]
        if not faults and self.width % (2 * self.num_heads) != 0:
            faults.append(f"width {self.width} must be a multiple of 2 * num_heads = {2 * self.num_heads}")
        if not 0 <= self.end_id < self.vocabulary_size:
            faults.append(f"end_id must be in [0, {self.vocabulary_size}), got {self.end_id}")
        if not (self.rotary_base > 1 and self.norm_epsilon > 0):
            faults.append("rotary_base must be > 1 and norm_epsilon > 0")
        if faults:
            raise ConfigError(
                "The shape of the network is ill-formed.", why="; ".join(faults), next_step="Correct the values."
            )

    @property
    def num_positions(self) -> int:
        """Inputs of one pass: the start token and the context."""
        return self.context_tokens + 1
