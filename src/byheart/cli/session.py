"""What commands share: streams, progress and the form of an error. Answers go to stdout, all else to stderr."""

import logging
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Annotated, Any

import typer
from rich.cells import cell_len

from byheart.cli.outlets import has_colours, without_commands
from byheart.cli.progress_view import Lines, Stages, bars, is_live_terminal
from byheart.core.codec import dumps
from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.errors import ByheartError
from byheart.report.wrapping import wrapped

INTERNAL_FAULT = 70
"""Exit code of what is nobody's fault but byheart's: EX_SOFTWARE of sysexits.h."""
_NARROWEST = 20
"""Columns that every view counts on."""
SourceHelp = "Folder, .txt, .jsonl(.gz/.zst), .parquet, or `stdlib`."
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.")]
QuietFlag = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]
LinesFlag = Annotated[bool, typer.Option("--lines", help="Each line of a .txt source is a document of its own.")]
SkipBadFlag = Annotated[bool, typer.Option("--skip-bad", help="Leave out what cannot be read instead of stopping.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Root of all randomness: same seed, same bytes.")]


def say(text: str) -> None:
    """Tells the person at the terminal something, on stderr, with untrusted characters made visible."""
    typer.echo(without_commands(visible(text)), err=True)


def answer(text: str) -> None:
    """Prints the answer on stdout, with untrusted characters made visible."""
    typer.echo(without_commands(visible(text)))


def answer_styled(pieces: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Prints text in pieces on stdout, each in its own style, with untrusted characters made visible.

    Args:
        pieces: text, and how it looks as click.style takes it; a style never runs on over the end of a line.
    """
    shown = []
    colours = has_colours()
    for text, style in pieces:
        lines = visible(text).split("\n")
        shown.append("\n".join(typer.style(line, **style) if colours and line and style else line for line in lines))
    typer.echo(without_commands("".join(shown).removesuffix("\n")), color=colours)


def answer_json(value: object) -> None:
    """Prints one JSON document on stdout, of which a build server obeys no part."""
    typer.echo(re.sub(r"#(?=#(?:vso|teamcity)?\[)", r"\\u0023", dumps(value)))


def folded(lines: Iterable[str]) -> str:
    """Lines that wrap where the terminal does; what goes on stands two columns further in."""
    width = terminal_columns()
    shown = []
    for line in visible("\n".join(lines)).split("\n"):
        text = line.lstrip(" ")
        blanks = line[: len(line) - len(text)]
        fits = cell_len(line) <= width
        shown += [line] if fits else wrapped(text, width, indent=f"{blanks}  ", first=blanks)
    return "\n".join(shown)


def terminal_columns() -> int:
    """How wide stdout is: COLUMNS, else the terminal, else 80."""
    return max(shutil.get_terminal_size().columns, _NARROWEST)


def fail(error: ByheartError) -> None:
    """An error in three lines: what happened, why, what to type next."""
    what, *rest = (part for part in (error.what, error.why, error.next_step) if part)
    _fault(what, *rest)


def show_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of byheart itself: named, without a traceback; the hook of Python that this is leaves by INTERNAL_FAULT.

    Raises:
        SystemExit: always. Python's own exit code would be 1, which says that a gate failed.
    """
    _fault(
        f"{kind.__name__}: {error}",
        "This is a fault of byheart itself. Please report it.",
        "Add --debug right after `byheart` to see where it happened.",
    )
    sys.exit(INTERNAL_FAULT)


def show_trace(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Whatever stopped byheart, with Python's traceback, for --debug.

    Raises:
        SystemExit: always, with the code that the same has without --debug.
    """
    sys.__excepthook__(kind, error, trace)
    sys.exit(error.exit_code if isinstance(error, ByheartError) else INTERNAL_FAULT)


def _fault(what: str, *rest: str) -> None:
    head = without_commands(f"Error: {visible(what)}")
    typer.secho(head, fg="red", bold=True, err=True, color=has_colours(sys.stderr))
    for part in rest:
        typer.echo(without_commands(f"  {visible(part)}"), err=True)


class _Said(logging.Handler):
    """What byheart's rooms tell through their logs, such as that the search is being compiled, in words on stderr."""

    is_verbose = False
    """Whether -v was given: then also what was read from where, and how long each stage took."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"  {record.getMessage()}" if record.levelno < logging.INFO else record.getMessage())


_said = _Said()


def show_log() -> None:
    """Shows what byheart logs from level INFO on; `progress` with quiet leaves warnings only."""
    logger = logging.getLogger("byheart")
    _said.setLevel(logging.INFO)
    logger.addHandler(_said)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def be_verbose() -> None:
    """Says more from now on: what was read, what was found in a cache, how long each stage took."""
    _said.is_verbose = True
    _said.setLevel(logging.DEBUG)
    logging.getLogger("byheart").setLevel(logging.DEBUG)


def is_verbose() -> bool:
    """Whether -v was given."""
    return _said.is_verbose


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """A bar with the time that is left, on stderr; lines where stderr is no terminal; nothing when quiet.

    Args:
        quiet: report nothing; it wins over -v.
    """
    try:
        if quiet:
            _said.setLevel(logging.WARNING)
            yield silent
            return
        stages = Stages(say) if is_verbose() else None
        if is_live_terminal():
            with bars(stages, has_colours=has_colours(sys.stderr)) as report:
                yield report
        else:
            yield Lines(say, stages)
        if stages is not None:
            stages.enter("")
    except KeyboardInterrupt:
        say("Interrupted. What is resumable goes on where it stopped when you type the same command again.")
        raise
