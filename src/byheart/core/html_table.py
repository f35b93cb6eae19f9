"""A small table for notebooks, which show an object by its `_repr_html_`."""

from collections.abc import Iterable, Sequence
from html import escape

from byheart.core.visible import visible_in_line

DIGITS = 4


def html_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as an HTML table in which nothing foreign is markup.

    Args:
        title: what it is of, untrusted.
        columns: headings.
        rows: cells, untrusted; None is an em dash, floats have DIGITS significant digits.
    """

    def text(cell: object) -> str:
        if cell is None:
            return "\N{EM DASH}"
        return escape(visible_in_line(f"{cell:.{DIGITS}g}" if isinstance(cell, float) else str(cell)))

    head = "".join(f"<th scope='col'>{text(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{text(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
