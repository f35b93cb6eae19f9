"""The laboratory: experiments of the theory from scratch, on data made for them. One axis a file, listed here.

To add an axis: write `study/lab/<name>.py` with a constant `AXIS` after the model of the others, and add it to this
tuple.
"""

from byheart.errors import ConfigError
from byheart.study.lab import capacity, complexity
from byheart.study.lab.axis import Axis
from byheart.study.plan import did_you_mean

AXES: tuple[Axis, ...] = (complexity.AXIS, capacity.AXIS)
PLANNED = ("context", "interpolation", "adaptation", "novelty")
"""Axes of the theory that have no experiment here yet."""


def axis_named(name: str) -> Axis:
    """The axis of that name.

    Raises:
        ConfigError: there is none, with those that there are.
    """
    found = next((axis for axis in AXES if axis.name == name), None)
    if found is not None:
        return found
    known = [axis.name for axis in AXES]
    if name in PLANNED:
        raise ConfigError(
            f"The axis {name!r} has no experiment yet.",
            why=f"There are: {', '.join(known)}.",
            next_step=f"byheart lab {known[0]} -o RUN",
        )
    raise ConfigError(
        f"Unknown axis {name!r}.", why=did_you_mean(name, known), next_step=f"byheart lab {known[0]} -o RUN"
    )
