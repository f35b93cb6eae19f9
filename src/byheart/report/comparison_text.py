"""A comparison at the terminal. Markup is off: a run's name or a model's text can neither style nor drive it."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from byheart.core.comparison import Compared, Comparison
from byheart.report import format as fmt
from byheart.report.comparison import measure
from byheart.report.differences import (
    difference_cells,
    findings,
    label_of,
    named,
    p_value,
    sentence_of_runs,
    shared_said,
    value,
)

MOST_PASSAGES = 10


def comparison_tables(comparison: Comparison, console: Console) -> None:
    """Writes what differs, first in sentences, then in a table for each run beside the first; fits 60 columns.

    Args:
        comparison: as `compare` gives it; its strings may be hostile.
        console: where to; its width, colours and NO_COLOR are respected.
    """
    console.print(Text(sentence_of_runs(comparison), style="bold"))
    for one in comparison.others:
        console.print()
        if len(comparison.others) > 1:
            console.print(Text(f"{label_of(comparison.label)} and {label_of(one.label)}", style="bold"))
        head, *rest = findings(one, comparison.label)
        console.print(Text(head, style="bold"))
        for said in (*rest, *one.notes):
            console.print(Text(fmt.shown(said, 500)))
        console.print()
        console.print(_table(one, comparison.label))
        hidden = len(one.differences) - len(named(one.differences))
        if hidden:
            console.print(Text(f"{hidden} more numbers: --json or -o PAGE.html.", style="dim"))
        _passages(one, console)
    console.print()
    console.print(
        Text(
            "Difference: the later run less the first, 95 % intervals, each by itself; p corrected for all of them "
            "(Holm), so that an interval may leave out 0 beside a p that does not. "
            "At 5 % * is more than chance. Shares differ in percentage points.",
            style="dim",
        )
    )


def _table(one: Compared, first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("measure", overflow="fold", ratio=2)
    for heading in (label_of(first), label_of(one.label)):
        table.add_column(Text(fmt.shortened(heading, 14)), justify="right", overflow="fold")
    table.add_column("difference", justify="right", overflow="fold", min_width=12)
    table.add_column("p", justify="right", no_wrap=True)
    for it in named(one.differences):
        cells = difference_cells(it)
        star = " *" if it.is_claimed else ""
        table.add_row(
            Text(measure(it.name)),
            Text(value(it, 0)),
            Text(value(it, 1)),
            Text(
                "\n".join(part for part in (f"{cells[0]}{star}", cells[1], shared_said(it)) if part),
                style="bold" if it.is_claimed else "",
            ),
            Text(p_value(it.adjusted_p_value)),
        )
    return table


def _passages(one: Compared, console: Console) -> None:
    for it in one.changed[:MOST_PASSAGES]:
        word = "newly comes out" if it.is_new else "no longer comes out"
        place = f"bytes {it.start_byte:,} to {it.stop_byte:,}"
        console.print(Text(f"  {word}: {fmt.shown(it.document, 100)}, {place}, {it.occurrences:,} occurrences"))
    left = len(one.changed) - MOST_PASSAGES
    if left > 0:
        console.print(Text(f"  ... and {left} more: --json or -o PAGE.html.", style="dim"))
