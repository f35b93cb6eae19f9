"""What a command says when a model fails on the way: what is kept, and what to type to go on."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from byheart.errors import BackendError


def typed_command() -> str:
    """The command as it can be typed again."""
    return shlex.join(["byheart", *sys.argv[1:]])


@contextmanager
def resumable(journal: Path | None = None) -> Iterator[None]:
    """Adds to the error of a failing model where its answers are, and the command that goes on.

    Args:
        journal: where answers are kept, told if there is such a file; None where that is nobody's business.
    """
    try:
        yield
    except BackendError as error:
        kept = f"What was answered is kept in {journal}.\n  " if journal is not None and journal.exists() else ""
        error.next_step = f"{error.next_step}\n  {kept}To go on:  {typed_command()}".lstrip()
        raise
