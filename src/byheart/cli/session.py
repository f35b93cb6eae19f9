"""What commands share: streams, progress bars and the form of an error. Answers go to stdout, all else to stderr."""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Annotated, Any

import typer

from byheart.core.codec import dumps
from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.errors import ByheartError

SourceHelp = "Folder, .txt, .jsonl(.gz/.zst), .parquet, or `stdlib`."
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.")]
QuietFlag = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]
LinesFlag = Annotated[bool, typer.Option("--lines", help="Each line of a .txt source is a document of its own.")]
SkipBadFlag = Annotated[bool, typer.Option("--skip-bad", help="Leave out what cannot be read instead of stopping.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Root of all randomness: same seed, same bytes.")]


def say(text: str) -> None:
    """Tells the person at the terminal something, on stderr, with untrusted characters made visible."""
    typer.echo(visible(text), err=True)


def answer(text: str) -> None:
    """Prints the answer on stdout, with untrusted characters made visible."""
    typer.echo(visible(text))


def has_colours() -> bool:
    """Whether stdout shows colours: a terminal, and nobody asked for none."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def answer_styled(pieces: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Prints text in pieces on stdout, each in its own style, with untrusted characters made visible.

    Args:
        pieces: text, and how it looks as click.style takes it; a style never runs on over the end of a line.
    """
    shown = []
    for text, style in pieces:
        lines = visible(text).split("\n")
        shown.append("\n".join(typer.style(line, **style) if line and style else line for line in lines))
    typer.echo("".join(shown), color=has_colours())


def answer_json(value: object) -> None:
    """Prints one JSON document on stdout."""
    typer.echo(dumps(value))


def fail(error: ByheartError) -> None:
    """An error in three lines: what happened, why, what to type next."""
    what, *rest = (part for part in (error.what, error.why, error.next_step) if part)
    typer.secho(f"Error: {visible(what)}", fg="red", bold=True, err=True)
    for part in rest:
        typer.echo(f"  {visible(part)}", err=True)


def show_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of byheart itself: named, without a traceback."""
    typer.secho(f"Error: {kind.__name__}: {visible(str(error))}", fg="red", bold=True, err=True)
    typer.echo("  This is a fault of byheart itself. Please report it.", err=True)
    typer.echo("  Add --debug right after `byheart` to see where it happened.", err=True)


class _Said(logging.Handler):
    """What byheart's rooms tell through their logs, such as that the search is being compiled, in words on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


_said = _Said()


def show_log() -> None:
    """Shows what byheart logs from level INFO on; `progress` with quiet leaves warnings only."""
    logger = logging.getLogger("byheart")
    _said.setLevel(logging.INFO)
    logger.addHandler(_said)
    logger.setLevel(logging.INFO)
    logger.propagate = False


_SECONDS_PER_LINE = 20


class _Lines:
    """Progress where no bar can be drawn, as in the log of a build server: a line per stage, then one in a while."""

    def __init__(self) -> None:
        self._stage = ""
        self._said = 0.0
        self._began = (0.0, 0.0)
        """When the stage was first heard of, and how much of it was done by then."""

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None:
        now = time.monotonic()
        if stage != self._stage:
            say(f"{stage} ...")
            self._began = (now, done)
        elif now - self._said > _SECONDS_PER_LINE and total:
            before, at_first = self._began
            rate = (done - at_first) / (now - before)
            left = f", about {_duration((total - done) / rate)} left" if rate > 0 else ""
            say(f"{stage} {done / total:.0%}{left}{f', {note}' if note else ''}")
        else:
            return
        self._stage, self._said = stage, now


def _duration(seconds: float) -> str:
    """Seconds below two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Bars with the time that is left, on stderr; lines where stderr is no terminal; nothing when quiet.

    Args:
        quiet: report nothing.
    """
    try:
        yield from _reporters(quiet)
    except KeyboardInterrupt:
        say("Interrupted. What is resumable goes on where it stopped when you type the same command again.")
        raise


def _reporters(quiet: bool) -> Iterator[Progress]:
    if quiet:
        _said.setLevel(logging.WARNING)
        yield silent
        return
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=Console(stderr=True), refresh_per_second=4) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: float, total: float, note: str = "") -> None:
            label = Text(visible(stage)).plain
            if stage not in tasks:
                tasks[stage] = bars.add_task(label, total=total or None, note="")
            bars.update(tasks[stage], completed=done, total=total or None, note=visible(note))

        yield report
