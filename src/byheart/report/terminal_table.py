"""Tables in a terminal of any width: no number is cut and no heading is broken; what has no room is said."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from byheart.report.standing import Grid
from byheart.report.wrapping import BOLD, FAINT, Piece, fitted, wrapped

_Cell = tuple[str, str]
"""A value and its interval, or nothing."""
_Row = tuple[str, list[_Cell]]
_GAP = 2
_LABEL = 26
"""Columns that labels need at least beside the numbers; with less room they stand above them."""
_RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"


def numbers_table(grid: Grid, width: int) -> Iterator[Piece]:
    """A grid of numbers over their intervals, in the widest of four forms that fits.

    Args:
        grid: a column of labels, then columns of "value" or "value, line break, interval"; further lines of a cell
            have no room here.
        width: columns of the terminal.
    """
    heads = grid.columns[1:]
    rows = [(row[0], [_parts(cell) for cell in row[1:]]) for row in grid.rows]
    columns = list(zip(*(cells for _, cells in rows), strict=True))
    values = [_widest([value for value, _ in column]) for column in columns]
    inside = [_widest([interval for _, interval in column]) for column in columns]
    broad = [max(cell_len(head), v + bool(i) + i) for head, v, i in zip(heads, values, inside, strict=True)]
    narrow = [max(cell_len(head), v, i) for head, v, i in zip(heads, values, inside, strict=True)]
    label = _widest([grid.columns[0], *(name for name, _ in rows)])
    beside = width - sum(narrow) - _GAP * len(heads)
    yield from _titled(grid.title, width)
    if label + sum(broad) + _GAP * len(heads) <= width:
        yield from _head(grid.columns[0], label, heads, broad, width)
        yield from _in_one_line(rows, label, broad, inside)
    elif beside >= min(_LABEL, label):
        yield from _head(grid.columns[0], min(beside, label), heads, narrow, width)
        for name, cells in rows:
            yield from _in_two_lines(wrapped(name, beside), min(beside, label), cells, narrow)
    elif beside >= 0:
        yield from _head("", beside, heads, narrow, width)
        for name, cells in rows:
            yield from _titled(name, width)
            yield from _in_two_lines([], beside, cells, narrow)
    else:
        yield from _as_list(rows, heads, max(values), width)


def _in_one_line(rows: Sequence[_Row], label: int, broad: Sequence[int], inside: Sequence[int]) -> Iterator[Piece]:
    """Each interval at the right of its value."""
    for name, cells in rows:
        yield fitted(name, label), {}
        for at, (value, interval) in enumerate(cells):
            shown = fitted(value, broad[at] - inside[at] - bool(inside[at]), to_the_right=True)
            yield " " * _GAP + shown, BOLD if at == 0 else {}
            if inside[at]:
                yield f" {fitted(interval, inside[at] if at + 1 < len(cells) else 0)}", FAINT
        yield "\n", {}


def _in_two_lines(names: Sequence[str], label: int, cells: Sequence[_Cell], wide: Sequence[int]) -> Iterator[Piece]:
    """Values over their intervals, the lines of the label at their left."""
    for line in range(max(len(names), 2 if any(interval for _, interval in cells) else 1)):
        parts = [cell[line] if line < 2 else "" for cell in cells]
        while parts and not parts[-1]:
            parts.pop()
        name = names[line] if line < len(names) else ""
        yield fitted(name, label) if parts else name, {}
        for at, part in enumerate(parts):
            style = FAINT if line else BOLD if at == 0 else {}
            yield " " * _GAP + fitted(part, wide[at], to_the_right=True), style
        yield "\n", {}


def _as_list(rows: Sequence[_Row], heads: Sequence[str], values: int, width: int) -> Iterator[Piece]:
    """Below each label a line for each number."""
    for name, cells in rows:
        yield from _titled(name, width)
        for head, (value, interval) in zip(heads, cells, strict=True):
            yield f"  {fitted(head, _widest(heads))}  {fitted(value, values, to_the_right=True)}", {}
            yield f" {interval}".rstrip() + "\n", FAINT


def plain_table(grid: Grid, width: int) -> Iterator[Piece]:
    """A grid of short cells; columns for which there is no room are named below it.

    Args:
        grid: its first column is always shown.
        width: columns of the terminal.
    """
    wide = [_widest(column) for column in zip(grid.columns, *grid.rows, strict=True)]
    wide[0] = min(wide[0], max(width // 3, 10))
    shown = 1
    while shown < len(wide) and sum(wide[: shown + 1]) + _GAP * shown <= width:
        shown += 1
    yield from _titled(grid.title, width)
    yield from _head(grid.columns[0], wide[0], grid.columns[1:shown], wide[1:shown], width)
    for row in grid.rows:
        cells = [fitted(cell, size, to_the_right=True) for cell, size in zip(row[1:shown], wide[1:shown], strict=True)]
        yield (" " * _GAP).join((fitted(row[0], wide[0]), *cells)).rstrip() + "\n", {}
    if shown < len(wide):
        left_out = f"No room here for {', '.join(grid.columns[shown:])}: the report has them."
        yield from ((f"{line}\n", FAINT) for line in wrapped(left_out, width))


def _parts(cell: str) -> tuple[str, str]:
    value, interval, *_ = (*cell.split("\n"), "")
    return value, interval


def _widest(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts), default=0)


def _titled(title: str, width: int) -> Iterator[Piece]:
    yield from ((f"{line}\n", BOLD) for line in wrapped(title, width))


def _head(first: str, label: int, heads: Sequence[str], wide: Sequence[int], width: int) -> Iterator[Piece]:
    shown = [fitted(head, size, to_the_right=True) for head, size in zip(heads, wide, strict=True)]
    yield (" " * _GAP).join((fitted(first, label), *shown)).rstrip() + "\n", FAINT
    yield _RULE * min(width, label + sum(wide) + _GAP * len(wide)) + "\n", FAINT
