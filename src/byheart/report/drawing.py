"""What every figure shares: its parts on the page, its colours of ink, and the way from Altair to inline SVG."""

import html
import re
import textwrap
from dataclasses import dataclass
from typing import Any

import altair
import vl_convert
from altair.utils.schemapi import debug_mode

from byheart.report import palette

alt: Any = altair
"""Altair's overloads are too narrow for marks and axes whose options are computed."""

FONT = "Helvetica, Arial, sans-serif"
INK, SOFT, GRID = palette.INK.light, palette.SOFT.light, palette.GRID.light
PAPER, AXIS = palette.PAPER.light, palette.AXIS.light
NUMBER_LABELS = "format(datum.value, abs(datum.value) >= 0.01 || datum.value == 0 ? ',.2~f' : '.2~g')"
PERCENT_LABELS = "format(100 * datum.value, '.0f') + ' %'"
_CONFIG: dict[str, Any] = {
    "background": PAPER,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelColor": SOFT,
        "titleColor": SOFT,
    },
    "text": {"fontSize": 12},
}
"""Not by Altair's methods, each of which copies all layers first."""
_SVG_HEAD = re.compile(r'^<svg [^>]*?viewBox="([^"]*)">')


@dataclass(frozen=True, kw_only=True)
class Key:
    """What one mark stands for."""

    label: str
    colour: str
    dash: tuple[int, ...] = ()
    """Of a line: pixels on and off; empty for a solid one."""
    letter: str = ""
    """That stands beside the mark in the drawing."""
    is_line: bool = True
    """A line; else an area."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Everything that the page needs of one figure. Strings are safe to show but not escaped; the SVGs are escaped."""

    name: str
    title: str
    alt: str
    wide: str
    narrow: str
    keys: tuple[Key, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


@dataclass(frozen=True)
class Frame:
    """Pixels around and across a plot."""

    width: int
    left: int
    right: int
    bottom: int = 46
    top: int = 30

    @property
    def plot_width(self) -> int:
        """Pixels between the axes' ends."""
        return self.width - self.left - self.right


NARROW = Frame(width=340, left=50, right=30)
CHARACTER_WIDTH = 6.6
"""Pixels of a character at 12 px, with room for the wider font of a reader who has not the one asked for."""
LINE_HEIGHT = 14


def wrapped(text: str, width: float) -> list[str]:
    """The title of an axis in as many lines as its pixels ask for, at most three."""
    lines = textwrap.wrap(text, max(12, int(width / CHARACTER_WIDTH)), break_long_words=True)
    return lines if len(lines) <= 3 else [*lines[:2], f"{lines[2][:-1]}\N{HORIZONTAL ELLIPSIS}"]


def chart(rows: list[dict[str, Any]]) -> Any:
    """A chart of its own few rows."""
    return alt.Chart(alt.Data(values=rows))


def unchecked() -> Any:
    """A context in which Altair does not validate its own schema, which takes 20 times as long as drawing."""
    return debug_mode(arg=False)


def svg(layers: list[Any], height: int, frame: Frame, text: str) -> str:
    """The drawing with a viewBox instead of a size, named for assistive technology."""
    padding = {"left": frame.left, "right": frame.right, "top": frame.top, "bottom": frame.bottom}
    sized = alt.layer(*layers).properties(width=frame.plot_width, height=height, autosize="none", padding=padding)
    room = frame.plot_width + 2 * min(frame.left, frame.right)  # a title stands in the middle of its plot
    config = _CONFIG | {"axis": {**_CONFIG["axis"], "titleLimit": room}}
    drawn = vl_convert.vegalite_to_svg(sized.to_dict(validate=False) | {"config": config})
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(text)}" viewBox="\\1">'
    return _SVG_HEAD.sub(lambda match: head.replace("\\1", match[1]), drawn, count=1)
