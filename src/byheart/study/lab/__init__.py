"""The laboratory: experiments of the theory from scratch, on data made for them. One axis a file, listed here.

To add an axis: write `study/lab/<name>.py` with a constant `AXIS` after the model of the others, and add it to this
tuple.
"""

from byheart.errors import ConfigError
from byheart.study.lab import adaptation, capacity, complexity, context, interpolation, novelty
from byheart.study.lab.axis import Axis
from byheart.study.lab.plan import ALL
from byheart.study.plan import did_you_mean

AXES: tuple[Axis, ...] = (
    context.AXIS,
    interpolation.AXIS,
    adaptation.AXIS,
    complexity.AXIS,
    novelty.AXIS,
    capacity.AXIS,
)
"""In the order of the theory."""


def axes_named(name: str) -> tuple[Axis, ...]:
    """The axis of that name; every one for "all".

    Raises:
        ConfigError: there is none, with those that there are.
    """
    return AXES if name == ALL else (axis_named(name),)


def axis_named(name: str) -> Axis:
    """The axis of that name.

    Raises:
        ConfigError: there is none, with those that there are.
    """
    found = next((axis for axis in AXES if axis.name == name), None)
    if found is not None:
        return found
    known = [*(axis.name for axis in AXES), ALL]
    raise ConfigError(
        f"Unknown axis {name!r}.", why=did_you_mean(name, known), next_step=f"byheart lab {known[0]} -o RUN"
    )
