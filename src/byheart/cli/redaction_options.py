"""Redaction as options of several commands: how much is left out, and how that is checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from byheart.errors import ConfigError
from byheart.report.redaction import Mode

MODES = f"<{'|'.join(Mode)}>"
"""As help shows them."""
IndexesOption = Annotated[
    list[Path] | None,
    typer.Option("--index", help="To check --redact full where sources are gone; once for each side."),
]
UncheckedOption = Annotated[bool, typer.Option("--unchecked", help="Do not check --redact full; this is said.")]


def redaction_mode(value: str) -> Mode:
    """The mode of that name.

    Raises:
        ConfigError: there is none, with the nearest.
    """
    from byheart.study.plan import did_you_mean

    known = [mode.value for mode in Mode]
    if value not in known:
        raise ConfigError(f"--redact has no {value!r}.", why=did_you_mean(value, known))
    return Mode(value)


def refuse_without_full(redact: Mode, indexes: Sequence[Path] | None, *, unchecked: bool) -> None:
    """Nothing where the options go together.

    Raises:
        ConfigError: an option of the check was given, and nothing is checked.
    """
    of_full = [name for name, given in (("--index", indexes), ("--unchecked", unchecked)) if given]
    if of_full and redact is not Mode.FULL:
        raise ConfigError(
            f"{' and '.join(of_full)} belongs to --redact full.", next_step="Give that too, or leave it out."
        )
