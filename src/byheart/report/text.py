"""The same headline for the terminal. Markup is off: a model's text can neither style nor drive the terminal."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from byheart.core.run_record import RunRecord
from byheart.report.format import shown
from byheart.report.standing import Grid, headline_grid, strata_grid
from byheart.report.verdict import findings


def headline(record: RunRecord, console: Console) -> None:
    """Writes the verdict, the headline table and the model's rows by occurrences; fits 80 columns.

    Args:
        record: everything that the run folder says; its strings may be hostile.
        console: where to; its width, colours and NO_COLOR are respected.
    """
    console.print(Text(shown(record.title, 200), style="bold"))
    for finding in findings(record):
        console.print(Text.assemble((finding.answer, "bold"), " " if finding.answer else "", finding.lead))
    grids = [headline_grid(record), strata_grid(record)]
    for grid in grids:
        if grid is not None and grid.rows:
            console.print()
            console.print(_table(grid))


def _table(grid: Grid) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.title, table.title_justify, table.title_style = Text(grid.title), "left", "bold"
    for index, column in enumerate(grid.columns):
        table.add_column(Text(column), justify="left" if index == 0 else "right", overflow="fold")
    for row in grid.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
