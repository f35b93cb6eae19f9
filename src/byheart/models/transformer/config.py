"""The shape of a reference network."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from byheart.errors import ConfigError

Form = Literal["llama", "attention-only", "interpolation", "sigmoid", "tanh"]
"""What a layer is.

"llama": attention and a gated MLP, each added to a normed stream; "attention-only": the same without the MLP. The
other three are theory.md's plain forms, without norms and without a stream: every layer is
h_{l+1,i} = sigma(W_l sum_j alpha^l_ij h_{l,j} + b_l), L4 over mixed states, with sigma the ReLU in "interpolation"
(one layer of one head is L2 to the letter), 1 / (1 + e^-z) in "sigmoid", tanh in "tanh"; and L5 has W_final and b_final
of its own.
"""
FORMS: tuple[Form, ...] = get_args(Form)
Gate = Literal["swiglu", "relu"]
"""How the MLP of "llama" gates: W_down (g(W_gate x) * (W_up x)), g = silu in "swiglu", ReLU in "relu"."""


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
    form: Form = "llama"
    """What a layer is; only "llama" uses hidden_width and mlp, the plain forms no norm."""
    mlp: Gate = "swiglu"
    """How the MLP gates."""

    def __post_init__(self) -> None:
        sizes = ("vocabulary_size", "width", "num_layers", "num_heads", "hidden_width", "context_tokens")
        faults = [f"{name} must be >= 1, got {getattr(self, name)}" for name in sizes if getattr(self, name) < 1]
        if not faults and self.width % (2 * self.num_heads) != 0:
            faults.append(f"width {self.width} must be a multiple of 2 * num_heads = {2 * self.num_heads}")
        if not 0 <= self.end_id < self.vocabulary_size:
            faults.append(f"end_id must be in [0, {self.vocabulary_size}), got {self.end_id}")
        if not (1 < self.rotary_base < math.inf and 0 < self.norm_epsilon < math.inf):
            faults.append("rotary_base must be > 1 and norm_epsilon > 0, both finite")
        if self.form not in FORMS:
            faults.append(f"form must be one of {', '.join(FORMS)}, got {self.form!r}")
        if self.mlp not in get_args(Gate):
            faults.append(f"mlp must be one of {', '.join(get_args(Gate))}, got {self.mlp!r}")
        elif self.mlp != "swiglu" and self.form != "llama":
            faults.append(f'mlp {self.mlp!r} needs the form "llama": the form {self.form!r} has no MLP')
        if faults:
            raise ConfigError(
                "The shape of the network is ill-formed.", why="; ".join(faults), next_step="Correct the values."
            )

    @property
    def is_plain(self) -> bool:
        """Whether the layers have neither norms nor a stream that they add to."""
        return self.form not in ("llama", "attention-only")

    @property
    def num_positions(self) -> int:
        """Inputs of one pass: the start token and the context."""
        return self.context_tokens + 1
