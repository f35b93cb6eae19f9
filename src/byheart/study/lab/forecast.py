"""What an experiment will do here and how long that takes: from a few steps of it."""

from dataclasses import dataclass

from byheart.errors import ConfigError
from byheart.study.lab import axes_named
from byheart.study.lab.axis import Axis, seeds_counted
from byheart.study.lab.plan import LabPlan
from byheart.study.lab.pool import NUM_THREADS
from byheart.study.training import check_installed


@dataclass(frozen=True, kw_only=True)
class AxisForecast:
    """Of one axis."""

    axis: str
    """Its name."""
    trainings: int
    """Pieces of work."""
    seeds: int
    """Repetitions."""
    steps: int
    """Gradient steps of its main training."""
    seconds: float
    """Of one process that does them all."""
    lines: tuple[str, ...]
    """What it does, in words."""


@dataclass(frozen=True, kw_only=True)
class LabForecast:
    """Of a whole plan."""

    axes: tuple[AxisForecast, ...]
    """In the order of the page."""
    num_processes: int
    """At a time."""

    @property
    def seconds(self) -> float:
        """Of the whole, at best: the processes are never idle."""
        longest = max((axis.seconds / axis.trainings for axis in self.axes if axis.trainings), default=0.0)
        return max(sum(axis.seconds for axis in self.axes) / self.num_processes, longest)

    @property
    def lines(self) -> tuple[str, ...]:
        """What will be done and how long it takes, in words."""
        said = [line for axis in self.axes for line in axis.lines]
        if len(self.axes) > 1 or self.num_processes > 1:
            trainings = sum(axis.trainings for axis in self.axes)
            said.append(f"In all {trainings} trainings, {self.num_processes} at a time: {_about(self.seconds)}")
        return tuple(dict.fromkeys(said))


def _about(seconds: float) -> str:
    return f"about {seconds:.0f} seconds" if seconds < 120 else f"about {seconds / 60:.0f} minutes"


def forecast(plan: LabPlan, num_processes: int = 1) -> LabForecast:
    """What a plan will do and how long it will take here."""
    check_installed()
    axes = axes_named(plan.axis)
    return LabForecast(axes=tuple(_of_axis(plan, axis) for axis in axes), num_processes=num_processes)


def _of_axis(plan: LabPlan, axis: Axis) -> AxisForecast:
    from byheart.models.transformer.parallel import threads

    params = plan.params(axis)
    pieces = axis.pieces(params)
    with threads(NUM_THREADS):
        seconds = axis.seconds_per_cost(params) * sum(piece.cost for piece in pieces)
    steps = sum(piece.steps for piece in pieces)
    lines = (
        f"{axis.name}: {axis.title(params)}. {axis.question}",
        f"{len(pieces)} trainings, {seeds_counted(params.num_seeds)}, {steps:,} gradient steps in all; "
        f"{_about(seconds)} on one core",
        *axis.notes(params),
    )
    return AxisForecast(
        axis=axis.name,
        trainings=len(pieces),
        seeds=params.num_seeds,
        steps=params.num_steps,
        seconds=seconds,
        lines=lines,
    )


def steps_within(plan: LabPlan, seconds: float, num_processes: int = 1) -> int:
    """How many steps each training may have so that the whole plan takes about so long; hundreds, at least 200.

    Args:
        plan: of one axis.
        seconds: budget.
        num_processes: at a time.
    Raises:
        ConfigError: too little time for the least number of steps, or a plan of several axes.
    """
    planned = forecast(plan, num_processes)
    if len(planned.axes) != 1:
        raise ConfigError(
            "A budget in time is for one axis.",
            why="The steps of different axes are not comparable.",
            next_step="Leave out --time, or name one axis.",
        )
    per_step = planned.seconds / planned.axes[0].steps
    steps = int(seconds / per_step) // 100 * 100
    if steps < 200:
        raise ConfigError(
            f"{seconds:.0f} seconds are too few for this experiment.",
            why=f"Its trainings need 200 steps each at least, {200 * per_step:.0f} seconds here.",
            next_step="Give more --time, fewer --seeds, or a smaller --profile.",
        )
    return steps
