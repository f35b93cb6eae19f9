"""What `byheart train` is asked to do: the source, the budget, the network and the recipe."""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from byheart.errors import ConfigError

if TYPE_CHECKING:
    from byheart.models.transformer.config import Form, NetworkConfig
    from byheart.models.transformer.recipe import Optimizer, Precision, TrainingRecipe

Size = Literal["small", "medium"]
_WIDTHS: dict[Size, tuple[int, int]] = {"small": (128, 344), "medium": (256, 688)}
"""Of the states and of the MLP; four layers make 1.05 and 3.7 million parameters with a vocabulary of 2,048."""
_BATCH_TOKENS = 2048
"""Targets of a step, in as many windows as it takes."""
DEFAULT_SECONDS = 120.0
"""The budget where none is given."""
_MOST = {"time": 1e9, "tokens": 1e15, "epochs": 1e6, "steps": 1e12}
"""Of each budget, 30 years of seconds: beyond, products of them leave the numbers that a machine counts with."""


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """What to train on, how, and for how long: at most one of the four budgets."""

    source: str
    """As on the command line."""
    seconds: float | None = None
    """Wall-clock budget of gradient descent."""
    num_tokens: int | None = None
    """Targets to see, repetitions included."""
    epochs: float | None = None
    """Passes over the corpus."""
    num_steps: int | None = None
    """Steps of gradient descent."""
    size: Size = "small"
    """Shape of the network."""
    form: "Form" = "llama"
    """What a layer of the network is."""
    optimizer: "Optimizer" = "muon"
    """What moves the weights."""
    learning_rate: float | None = None
    """Largest step size; None: the optimizer's own."""
    context_tokens: int = 256
    """Tokens of a training window, and that the network can look back."""
    precision: "Literal['auto'] | Precision" = "auto"
    """What matrix products read; "auto" is decided once and kept by a training that resumes."""
    vocabulary_size: int = 2048
    """Tokens of the tokenizer."""
    seed: int = 0
    """Root of all random streams."""
    lines: bool = False
    """Each line of a .txt source is a document."""
    skip_bad: bool = False
    """Leave out what cannot be read instead of stopping."""

    def __post_init__(self) -> None:
        budgets = {"time": self.seconds, "tokens": self.num_tokens, "epochs": self.epochs, "steps": self.num_steps}
        given = {name: value for name, value in budgets.items() if value is not None}
        faults = [
            f"{name} must be a positive number, at most {_MOST[name]:,.0f}"
            for name, value in given.items()
            if not 0 < value <= _MOST[name]
        ]
        if len(given) > 1:
            faults.append(f"one budget is needed, got {len(given)}: {', '.join(given)}")
        if self.size not in _WIDTHS:
            faults.append(f"size must be one of {', '.join(_WIDTHS)}, got {self.size!r}")
        if not 8 <= self.context_tokens <= 1 << 16:
            faults.append(f"context must be 8 to 65,536 tokens, got {self.context_tokens}")
        if self.precision not in ("auto", "float32", "bfloat16"):
            faults.append(f"dtype must be auto, float32 or bfloat16, got {self.precision!r}")
        if faults:
            raise ConfigError("The training is ill-defined.", why="; ".join(faults), next_step="Correct the options.")

    def network(self, vocabulary_size: int, end_id: int) -> "NetworkConfig":
        """The shape of the network."""
        from byheart.models.transformer.config import NetworkConfig

        width, hidden_width = _WIDTHS[self.size]
        return NetworkConfig(
            vocabulary_size=vocabulary_size,
            end_id=end_id,
            width=width,
            hidden_width=hidden_width,
            context_tokens=self.context_tokens,
            form=self.form,
        )

    def recipe(self, precision: "Precision", stream_tokens: int, processes: int) -> "TrainingRecipe":
        """Budget and step sizes.

        Args:
            precision: what "auto" came to.
            stream_tokens: of the corpus, for a budget in epochs.
            processes: that share a budget in tokens or epochs.
        """
        from byheart.models.transformer.recipe import TrainingRecipe

        windows = max(_BATCH_TOKENS // self.context_tokens, 1)
        num_tokens = self.num_tokens if self.epochs is None else math.ceil(self.epochs * stream_tokens)
        num_steps = self.num_steps
        if num_tokens is not None:
            num_steps = math.ceil(num_tokens / (windows * self.context_tokens * processes))
        return TrainingRecipe(
            num_steps=num_steps,
            seconds=None if num_steps else self.seconds or DEFAULT_SECONDS,
            batch_windows=windows,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            weight_decay=0.0 if self.optimizer == "descent" else 0.1,
            final_share=0.0,
            precision=precision,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be compared with those of a training that was begun before."""
        return asdict(self)
