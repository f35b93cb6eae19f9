"""Options about the check of full redaction, which several commands have."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from byheart.errors import ConfigError
from byheart.report.redaction import Mode

IndexesOption = Annotated[
    list[Path] | None,
    typer.Option("--index", help="To check --redact full where sources are gone; once for each side."),
]
UncheckedOption = Annotated[bool, typer.Option("--unchecked", help="Do not check --redact full; this is said.")]


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
