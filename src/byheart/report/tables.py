"""Tables of evidence as people read them: bounds under their number, shares in per cent, bytes in one unit."""

import math
import re
from collections.abc import Sequence

from byheart.core.evidence import Cell, Table
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import MODEL, Party, evidence_of, spoken
from byheart.report.standing import Grid

MAX_TABLE_ROWS = 200
"""Rows of one table of evidence on the page; the rest stays in results.jsonl."""
_BYTES = ", bytes"
_UNITS = ("B", "kB", "MB", "GB", "TB")
_SHARE = re.compile(r"(?:, )?\b(?:share|rate)\b")
_SHARES = frozenset(
    (
        ("extraction", "excess"),
        ("extraction", "of these"),
        ("novelty", "difference"),
        ("novelty", "deduplicated: difference"),
        ("attribution", "floor: blind pole"),
    )
)
"""Audit and heading of columns that are shares, or differences of shares, and do not say so."""


def table_grid(party: Party, table: Table) -> Grid:
    """One table of one subject.

    Columns "low" and "high" go under the column before them; a column of shares is shown in per cent, one whose heading
    ends in ", bytes" in the largest unit that its largest number fills. Subjects are called as in the figures.

    Args:
        party: whose it is.
        table: at least one row.
    """
    names, columns = list(table.columns), [list(column) for column in zip(*table.rows[:MAX_TABLE_ROWS], strict=True)]
    audit = table.name.partition(".")[0]
    shown: list[tuple[str, ...]] = []
    heads: list[str] = []
    while names:
        head, cells = names.pop(0), columns.pop(0)
        is_bounded = len(names) > 1 and names[0].endswith("low") and names[1].endswith("high")
        lows, highs = (columns.pop(0), columns.pop(0)) if is_bounded else ([None] * len(cells), [None] * len(cells))
        del names[: 2 * is_bounded]
        is_share = _is_share(audit, head, cells)
        if is_bounded:
            found = tuple(
                _with_bounds(*row, unit="share" if is_share else "") for row in zip(cells, lows, highs, strict=True)
            )
        elif is_share:
            found = tuple(_scaled(cell, 0.01, 1) for cell in cells)
        elif head.endswith(_BYTES):
            largest = max((abs(cell) for cell in cells if isinstance(cell, int | float)), default=0)
            power = min(len(_UNITS) - 1, int(math.log10(max(largest, 1)) / 3))
            decimals = 0 if power == 0 else 1
            head = f"{head.removesuffix(_BYTES)}, {_UNITS[power]}"
            found = tuple(_scaled(cell, 1000.0**power, decimals) for cell in cells)
        else:
            called = [spoken(cell) if isinstance(cell, str) else cell for cell in cells]
            found = tuple(row[0] for row in fmt.columns([(cell,) for cell in called]))
        heads.append(fmt.shown(spoken(_in_per_cent(head) if is_share else head), 80))
        shown.append(found)
    title = f"{party.label}: {fmt.shown(spoken(table.title), 200)}"
    return Grid(title=title, columns=tuple(heads), rows=tuple(zip(*shown, strict=True)))


def strata_grid(record: RunRecord) -> Grid | None:
    """The model's rows of extraction.strata, each cell in one line, or None where there are none."""
    for party, it in evidence_of(record, "extraction"):
        if isinstance(it, Table) and it.name == "extraction.strata" and it.rows and party.role == MODEL:
            grid = table_grid(party, it)
            rows = tuple(tuple(_in_one_line(cell) for cell in row) for row in grid.rows)
            return Grid(title=fmt.shown(it.title, 120), columns=grid.columns, rows=rows)
    return None


def _in_one_line(cell: str) -> str:
    number, _, inside = cell.partition("\n")
    return f"{number} ({inside})" if inside else number


def _is_share(audit: str, head: str, cells: Sequence[Cell]) -> bool:
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    is_called_so = _SHARE.search(head) is not None or (audit, head) in _SHARES
    return is_called_so and all(-1 <= number <= 1 for number in numbers)


def _in_per_cent(head: str) -> str:
    """The heading with its unit: "abstains, share" is "abstains, %", "share right" is "% right"."""
    if head == "rate" or not _SHARE.search(head):
        return f"{head}, {'points' if head.endswith(('excess', 'difference')) else '%'}"
    return _SHARE.sub(lambda match: ", %" if match[0].startswith(",") else "%", head, count=1)


def _with_bounds(value: Cell, low: Cell, high: Cell, *, unit: str) -> str:
    """A number over its interval, with the digits that this interval supports."""
    if not isinstance(value, int | float):
        return fmt.cell(value)
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return fmt.cell(100 * value if unit else value)
    number, inside = fmt.bounds(value, low, high, unit)
    return f"{number.removesuffix(' %')}\n{inside.removesuffix(' %')}"


def _scaled(value: Cell, unit: float, decimals: int) -> str:
    """A number in a unit, exact zeros without decimals; what would be rounded to zero is said to be less."""
    if not isinstance(value, int | float) or value == 0:
        return fmt.cell(value)
    least = 10.0**-decimals
    return fmt.number(value / unit, decimals) if abs(value) / unit >= least / 2 or value < 0 else f"< {least:g}"
