"""How far a command has come, on stderr: one bar that comes and goes, or lines in the log of a build server."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from byheart.core.progress import Progress
from byheart.core.visible import visible_in_line

Say = Callable[[str], None]
SECONDS_PER_LINE = 20
_WIDE, _NARROW = 100, 60
"""Columns from which on a bar has room for its note, and below which it has none for the time that it took."""
_STAGE_COLUMNS = 36


class Stages:
    """How long each stage took, told when the next one begins; of a stage that comes again, all of it."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._stage = ""
        self._began = 0.0
        self._seconds: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        """Another stage, or none, has begun."""
        now = time.monotonic()
        if self._stage:
            taken = now - self._began
            self._seconds[self._stage] = total = self._seconds.get(self._stage, 0.0) + taken
            in_all = "" if total == taken else f", {total:.1f} s in all"
            self._say(f"  {self._stage}: {taken:.1f} s{in_all}")
        self._stage, self._began = stage, now


class Lines:
    """Progress where no bar can be drawn: a line for each stage that is new, then one in a while."""

    def __init__(self, say: Say, stages: Stages | None = None) -> None:
        self._say = say
        self._stages = stages
        self._stage = ""
        self._told: set[str] = set()
        self._said = 0.0
        self._began = (0.0, 0.0)
        """When the stage was first heard of, and how much of it was done by then."""

    def __call__(self, stage: str, done: float, total: float, note: str = "") -> None:
        """A line, if it is time for one."""
        now = time.monotonic()
        if stage != self._stage:
            if self._stages is not None:
                self._stages.enter(stage)
            self._stage, self._began = stage, (now, done)
            if stage in self._told:
                return
            self._told.add(stage)
            self._say(f"{stage} ...")
        elif now - self._said > SECONDS_PER_LINE and total:
            before, at_first = self._began
            rate = (done - at_first) / (now - before) if now > before else 0.0
            left = f", about {duration((total - done) / rate)} left" if rate > 0 else ""
            self._say(f"{stage} {done / total:.0%}{left}{f', {note}' if note else ''}")
        else:
            return
        self._said = now


def duration(seconds: float) -> str:
    """Seconds below two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@contextmanager
def bars(stages: Stages | None, *, has_colours: bool) -> Iterator[Progress]:
    """A bar for the stage that runs, with the time that is left; it goes when the work is done.

    Args:
        stages: told of every stage; its lines stay above the bar.
        has_colours: whether the bar may be coloured.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        ProgressColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.table import Column
    from rich.text import Text

    console = Console(stderr=True, no_color=not has_colours, highlight=False)
    stage_columns = min(_STAGE_COLUMNS, max(console.width // 3, 10))
    name = Column(no_wrap=True, overflow="ellipsis", max_width=stage_columns)
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False, table_column=name),
        BarColumn(bar_width=None if console.width < _WIDE else 40),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
    ]
    if console.width >= _NARROW:
        columns.insert(3, TimeElapsedColumn())
    if console.width >= _WIDE:
        note = Column(no_wrap=True, overflow="ellipsis")
        columns.append(TextColumn("{task.fields[note]}", markup=False, table_column=note))
    with Bars(*columns, console=console, refresh_per_second=4, transient=True) as drawn:
        task = drawn.add_task("", total=None, note="", visible=False)
        current = ""

        def report(stage: str, done: float, total: float, note: str = "") -> None:
            nonlocal current
            if stage != current:
                if stages is not None:
                    stages.enter(stage)
                current = stage
                drawn.reset(task, description=Text(visible_in_line(stage)).plain, visible=True, total=total or None)
            drawn.update(task, completed=done, total=total or None, note=visible_in_line(note))

        yield report


def is_live_terminal() -> bool:
    """Whether stderr is a terminal that bars can be drawn on, and no build server keeps what it gets."""
    from byheart.cli.outlets import is_live, on_build_server

    return is_live(sys.stderr) and not on_build_server()
