"""Tables of evidence as people read them: bounds under their number, shares in per cent, bytes in one unit."""

import math
from collections.abc import Sequence

from byheart.core.evidence import Cell, Table
from byheart.report import format as fmt
from byheart.report.comparison import Party
from byheart.report.standing import Grid

MAX_TABLE_ROWS = 200
"""Rows of one table of evidence on the page; the rest stays in results.jsonl."""
_SHARE, _BYTES = ", share", ", bytes"
_UNITS = ("B", "kB", "MB", "GB", "TB")


def table_grid(party: Party, table: Table) -> Grid:
    """One table of one subject.

    Columns "low" and "high" go under the column before them; a column whose heading ends in ", share" is shown in per
    cent, one that ends in ", bytes" in the largest unit that its largest number fills. Memorizers are called as in the
    figures.

    Args:
        party: whose it is.
        table: at least one row.
    """
    names, columns = list(table.columns), [list(column) for column in zip(*table.rows[:MAX_TABLE_ROWS], strict=True)]
    shown: list[tuple[str, ...]] = []
    heads: list[str] = []
    while names:
        head, cells = names.pop(0), columns.pop(0)
        if names[:2] == ["low", "high"]:
            found = _with_bounds(cells, columns.pop(0), columns.pop(0))
            del names[:2]
        elif head.endswith(_SHARE):
            head, found = head.removesuffix(_SHARE) + ", %", tuple(_scaled(cell, 0.01, 1) for cell in cells)
        elif head.endswith(_BYTES):
            largest = max((abs(cell) for cell in cells if isinstance(cell, int | float)), default=0)
            power = min(len(_UNITS) - 1, int(math.log10(max(largest, 1)) / 3))
            decimals = 0 if power == 0 else 1
            head = f"{head.removesuffix(_BYTES)}, {_UNITS[power]}"
            found = tuple(_scaled(cell, 1000.0**power, decimals) for cell in cells)
        else:
            bare = [cell.removeprefix("memorizer:") if isinstance(cell, str) else cell for cell in cells]
            found = tuple(row[0] for row in fmt.columns([(cell,) for cell in bare]))
        heads.append(fmt.shown(head, 80))
        shown.append(found)
    title = f"{party.label}: {fmt.shown(table.title, 200)}"
    return Grid(title=title, columns=tuple(heads), rows=tuple(zip(*shown, strict=True)))


def _with_bounds(values: Sequence[Cell], lows: Sequence[Cell], highs: Sequence[Cell]) -> tuple[str, ...]:
    """Each number over its interval, all with the digits that the narrowest interval supports, so that they align."""
    pairs = [
        (low, high) if isinstance(low, int | float) and isinstance(high, int | float) else None
        for low, high in zip(lows, highs, strict=True)
    ]
    widths = [pair[1] - pair[0] for pair in pairs if pair is not None and pair[1] > pair[0]]
    decimals = fmt.supported_decimals(min(widths, default=0.0))
    cells = []
    for value, pair in zip(values, pairs, strict=True):
        number = fmt.number(value, decimals) if isinstance(value, int | float) else fmt.cell(value)
        cells.append(number if pair is None else f"{number}\n{fmt.span(*pair, decimals)}")
    return tuple(cells)


def _scaled(value: Cell, unit: float, decimals: int) -> str:
    """A number in a unit, exact zeros without decimals; what would be rounded to zero is said to be less."""
    if not isinstance(value, int | float) or value == 0:
        return fmt.cell(value)
    least = 10.0**-decimals
    return fmt.number(value / unit, decimals) if value / unit >= least / 2 else f"< {least:g}"
