"""Text in the columns of a terminal: wide characters take two, combining marks none."""

from typing import Any

from rich.cells import cell_len, chop_cells

Piece = tuple[str, dict[str, Any]]
"""Text, and how it looks as click.style takes it."""
FAINT: dict[str, Any] = {"dim": True}
BOLD: dict[str, Any] = {"bold": True}
_NARROWEST = 20
_TIED = "\N{NO-BREAK SPACE}"
"""Between a number and its per cent sign."""
_GAP = " ... "
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def wrapped(text: str, width: int, *, indent: str = "", first: str | None = None) -> list[str]:
    """A text in lines, broken at blanks, and inside of words only where one alone is too long.

    Args:
        text: safe to show; its line breaks stay, blanks at a break go.
        width: columns of the terminal; below 20 counts as 20.
        indent: what every line begins with.
        first: what the first begins with instead, as wide as `indent`.
    Returns:
        at least one line, each at most `width` columns wide.
    """
    room = max(width, _NARROWEST) - cell_len(indent)
    joined = text.replace(" %", f"{_TIED}%")
    lines = [line.replace(_TIED, " ") for paragraph in joined.split("\n") for line in _broken(paragraph, max(room, 1))]
    starts = [indent if first is None else first, *[indent] * (len(lines) - 1)]
    return [f"{start}{line}".rstrip() for start, line in zip(starts, lines, strict=True)]


def _broken(paragraph: str, room: int) -> list[str]:
    lines, line, used = [], "", 0
    for word in paragraph.split(" "):
        wide = cell_len(word)
        if used and used + 1 + wide <= room:
            line, used = f"{line} {word}", used + 1 + wide
            continue
        if used:
            lines.append(line)
        *whole, line = (chop_cells(word, room) or [""]) if wide > room else [word]
        lines += whole
        used = cell_len(line)
    return [*lines, line]


def fitted(text: str, width: int, *, to_the_right: bool = False) -> str:
    """A text in exactly so many columns: filled with blanks, or cut with an ellipsis; of width 0 as it is.

    Args:
        text: one line, safe to show.
        width: columns.
        to_the_right: blanks stand before it.
    """
    if cell_len(text) > width > 0:
        text = chop_cells(text, width - 1)[0] + _ELLIPSIS if width > 1 else _ELLIPSIS
    blanks = " " * (width - cell_len(text))
    return blanks + text if to_the_right else text + blanks


def middle_left_out(text: str, width: int) -> str:
    """A line in at most so many columns: where it has more, its beginning and its end.

    Args:
        text: one line, safe to show.
        width: columns, at least 10.
    """
    if cell_len(text) <= width:
        return text
    half = (max(width, 10) - len(_GAP)) // 2
    head, tail = chop_cells(text, half)[0], chop_cells(text[::-1], half)[0][::-1]
    return f"{head}{_GAP}{tail}"
