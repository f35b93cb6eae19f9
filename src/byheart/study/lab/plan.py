"""What an experiment of the laboratory is to be: a value that its run folder keeps as plan.toml."""

import dataclasses
import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, get_args

import tomli_w

from byheart.core.audit import Profile
from byheart.core.codec import dumps
from byheart.errors import ConfigError
from byheart.study.lab.axis import Axis
from byheart.study.plan import did_you_mean

ALL = "all"
"""The name of every axis together, in one run."""
MAX_SEEDS, MIN_STEPS, MAX_STEPS = 1000, 50, 10_000_000


@dataclass(frozen=True, kw_only=True)
class LabPlan:
    """Everything that decides an experiment's numbers."""

    axis: str
    """Name of the axis; "all" for every one."""
    profile: Profile = "quick"
    """How large it is."""
    num_seeds: int = 0
    """Repetitions; 0: as many as each axis has in this profile."""
    num_steps: int = 0
    """Gradient steps of each training; 0: as many as each axis has in this profile."""
    seed: int = 0
    """Root of all random streams, >= 0."""

    def __post_init__(self) -> None:
        faults = []
        if self.profile not in get_args(Profile):
            faults.append(f"unknown profile {self.profile!r}. {did_you_mean(self.profile, list(get_args(Profile)))}")
        if self.num_seeds and not 1 <= self.num_seeds <= MAX_SEEDS:
            faults.append(f"seeds must be in 1..{MAX_SEEDS}, got {self.num_seeds}")
        if self.num_steps and not MIN_STEPS <= self.num_steps <= MAX_STEPS:
            faults.append(f"steps must be in {MIN_STEPS}..{MAX_STEPS}, got {self.num_steps}")
        if self.num_steps and self.axis == ALL:
            faults.append("steps are of one axis; those of different axes are not comparable")
        if self.seed < 0:
            faults.append(f"the seed must be >= 0, got {self.seed}")
        if faults:
            raise ConfigError("The plan is ill-formed.", why="; ".join(faults), next_step="See `byheart lab --help`.")

    def params(self, axis: Axis) -> Any:
        """The axis's Params of the profile, with this plan's seeds and steps."""
        sizes = axis.profiles[self.profile]
        return dataclasses.replace(
            sizes, num_seeds=self.num_seeds or sizes.num_seeds, num_steps=self.num_steps or sizes.num_steps
        )

    def to_toml(self) -> str:
        """The text of plan.toml."""
        return tomli_w.dumps(asdict(self))

    @staticmethod
    def from_toml(text: str) -> "LabPlan":
        """The inverse of `to_toml`.

        Raises:
            ConfigError: it is not the plan of an experiment.
        """
        try:
            raw: dict[str, Any] = tomllib.loads(text)
            unknown = sorted(set(raw) - {field.name for field in fields(LabPlan)})
            if not unknown:
                return LabPlan(**raw)
            why = f"It has the keys {', '.join(unknown)}."
        except (tomllib.TOMLDecodeError, TypeError) as error:
            why = str(error)
        raise ConfigError(
            "The folder's plan.toml is not that of an experiment of `byheart lab`.",
            why=why,
            next_step="Choose another folder with -o.",
        )

    def fingerprint(self, axes: Sequence[Axis]) -> str:
        """Identifies the experiment: plan, version of each axis and every size."""
        sizes = [[axis.name, axis.version, asdict(self.params(axis))] for axis in axes]
        return hashlib.blake2b(dumps([asdict(self), sizes]).encode(), digest_size=16).hexdigest()
