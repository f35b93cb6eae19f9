"""How a reference network is trained: the budget, the step size, the windows."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from byheart.errors import ConfigError

Optimizer = Literal["adamw", "descent", "muon"]
Precision = Literal["float32", "bfloat16"]
_PEAK_SIZES: dict[Optimizer, float] = {"adamw": 4e-3, "descent": 0.5, "muon": 0.02}


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe:
    """One training run. Exactly one of `num_steps` and `seconds` is given."""

    num_steps: int | None = None
    """Gradient steps; equal recipes and streams then give equal weights."""
    seconds: float | None = None
    """Wall-clock budget: the speed of the first steps fixes the number of steps, so that the schedule completes. The
    number comes back with the training; given as `num_steps` it repeats the run to the last bit."""
    batch_windows: int = 8
    """Windows of context_tokens targets per step; small batches memorize more per second."""
    learning_rate: float | None = None
    """Largest step size; None: 4e-3 for AdamW, 0.02 for Muon, 0.5 for plain descent."""
    warmup_steps: int = 20
    """Steps over which the step size rises from 0."""
    final_share: float = 0.1
    """Step size of the last step, as a share of the largest; the fall is half a cosine."""
    weight_decay: float = 0.01
    """Share of each matrix that a step of size 1 removes (AdamW); gains are left alone."""
    largest_gradient: float = 1.0
    """Euclidean norm that gradients are clipped to."""
    optimizer: Optimizer = "adamw"
    """"descent" is L3's plain form: theta <- theta - eta grad L; "muon" moves embeddings and gains by AdamW."""
    precision: Precision = "float32"
    """What matrix products read; weights are float32."""

    def __post_init__(self) -> None:
        faults = []
        if (self.num_steps is None) == (self.seconds is None):
            faults.append("exactly one of num_steps and seconds must be given")
        if self.num_steps is not None and self.num_steps < 1:
            faults.append(f"num_steps must be >= 1, got {self.num_steps}")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            faults.append(f"seconds must be > 0, got {self.seconds}")
        if self.batch_windows < 1 or self.warmup_steps < 1:
            faults.append("batch_windows and warmup_steps must be >= 1")
        if not (
            (self.learning_rate is None or self.learning_rate > 0)
            and self.largest_gradient > 0
            and self.weight_decay >= 0
        ):
            faults.append("learning_rate and largest_gradient must be > 0, weight_decay >= 0")
        if not 0 <= self.final_share <= 1:
            faults.append(f"final_share must be in [0, 1], got {self.final_share}")
        for name, kinds in (("optimizer", get_args(Optimizer)), ("precision", get_args(Precision))):
            if getattr(self, name) not in kinds:
                faults.append(f"{name} must be one of {', '.join(kinds)}, got {getattr(self, name)!r}")
        if faults:
            raise ConfigError("The training recipe is ill-formed.", why="; ".join(faults), next_step="Correct it.")

    @property
    def peak_size(self) -> float:
        """Largest step size."""
        return _PEAK_SIZES[self.optimizer] if self.learning_rate is None else self.learning_rate

    def step_size(self, step_index: int, num_steps: int) -> float:
        """Step size eta of one step.

        Definition:
            eta = eta_max (s + 1) / w                                            for s < w
            eta = eta_max (f + (1 - f) (1 + cos(pi (s - w) / (n - 1 - w))) / 2)  for s >= w
            with s step_index, w warmup_steps, n num_steps, f final_share; steps of the warm-up do not depend on n, so
            that n may be fixed while they run
        Source: Loshchilov and Hutter 2017, "SGDR" (arXiv 1608.03983), one period.
        Differs: linear warm-up before, a floor of f eta_max.
        """
        if step_index < self.warmup_steps:
            return self.peak_size * (step_index + 1) / self.warmup_steps
        share = (step_index - self.warmup_steps) / max(num_steps - 1 - self.warmup_steps, 1)
        fall = (1 + math.cos(math.pi * min(share, 1.0))) / 2
        return self.peak_size * (self.final_share + (1 - self.final_share) * fall)
