"""How a study is asked for and how it answers: options, a table in the terminal, a CSV, one figure with its finding."""

import argparse
import csv
import html
import re
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from byheart.core.evidence import Line, Point, Series, Table
from byheart.report import format as fmt
from byheart.report.comparison import COLOURS, HUMAN, LOOKUP, MODEL, Party
from byheart.report.drawing import GRID, INK, PERCENT_LABELS, SOFT, Frame, alt, chart, svg
from byheart.report.figures import curves

FOLDER = Path("docs/images/reproductions")
QUICK_FOLDER = Path("runs/studies")
BLUE, RED, GREY, BLACK = COLOURS[MODEL], COLOURS[LOOKUP], "#7F7F7F", COLOURS[HUMAN]
_TITLE_LINE, _TITLE_CHARACTERS = 20, 82
_TABLE_WIDTH = 150
_VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def options(name: str, doc: str | None) -> argparse.ArgumentParser:
    """The options that all studies have."""
    parser = argparse.ArgumentParser(prog=f"python -m studies.{name}", description=(doc or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes: a minute instead of the published run")
    parser.add_argument("--seed", type=int, default=0, help="root of all random streams (default 0)")
    parser.add_argument("--output", type=Path, help=f"folder of CSV and SVG (default {FOLDER}, --quick {QUICK_FOLDER})")
    return parser


@dataclass(frozen=True)
class Curve:
    """A line of a figure."""

    label: str
    colour: str
    points: tuple[Point, ...]


def curve_figure(title: str, x: str, y: str, drawn: Sequence[Curve], **looks: Any) -> str:
    """The SVG of some lines, its finding written above; `looks` as the fields of `Series`."""
    shared = []
    for number, curve in enumerate(drawn):
        # One label for all, so that each line is told by its party alone.
        lines = (Line("found", "subject", curve.points),)
        series = Series(name="study", title=title, x=x, y=y, lines=lines, **looks)
        shared.append((Party(name=str(number), role=MODEL, label=curve.label, colour=curve.colour), series))
    return _titled(curves(shared).wide, title)


@dataclass(frozen=True)
class Dot:
    """A share with its interval, in the row of its label."""

    label: str
    colour: str
    point: Point


def dot_figure(title: str, x: str, dots: Sequence[Dot], chance: float, largest: float) -> str:
    """The SVG of shares, one row a label, the chance level dashed; no share above `largest` is drawn."""
    labels = list(dict.fromkeys(dot.label for dot in dots))
    frame, height = Frame(width=720, left=300, right=20, bottom=50, top=10), 22 * len(labels)
    colours = list(dict.fromkeys(dot.colour for dot in dots))
    rows = [
        {
            "label": dot.label,
            "x": dot.point.y,
            "low": dot.point.low,
            "high": min(dot.point.high or 0.0, largest),
            "shift": 5 * (2 * colours.index(dot.colour) - len(colours) + 1),
            "colour": dot.colour,
        }
        for dot in dots
    ]
    axis = alt.Axis(title=x, labelExpr=PERCENT_LABELS, domain=False, ticks=False, gridColor=GRID, tickCount=6)
    scale = alt.Scale(domain=[0, largest], nice=False)
    names = alt.Axis(title=None, domain=False, ticks=False, labelLimit=280, labelColor=INK, labelPadding=8)
    layers = [chart([{"x": chance}]).mark_rule(color=BLACK, strokeDash=[4, 3]).encode(x=alt.X("x:Q", scale=scale))]
    for colour in colours:
        own = [row for row in rows if row["colour"] == colour]
        shift = own[0]["shift"]
        at = alt.Y("label:N", sort=labels, axis=names, scale=alt.Scale(domain=labels))
        low = alt.X("low:Q", scale=scale, axis=axis)
        layers.append(
            chart(own).mark_rule(color=colour, yOffset=shift, strokeWidth=1.4).encode(y=at, x=low, x2="high:Q")
        )
        point = chart(own).mark_point(filled=True, size=36, opacity=1, color=colour, yOffset=shift)
        layers.append(point.encode(y=at, x=alt.X("x:Q", scale=scale, axis=axis)))
    return _titled(svg(layers, height, frame, title), title)


def _titled(drawing: str, title: str) -> str:
    """The drawing below its title."""
    found = _VIEW.search(drawing)
    assert found is not None
    width, height = float(found[1]), float(found[2])
    lines = textwrap.wrap(title, _TITLE_CHARACTERS)
    top = _TITLE_LINE * len(lines) + 14
    words = "".join(
        f'<text x="8" y="{_TITLE_LINE * (i + 1)}">{html.escape(line)}</text>' for i, line in enumerate(lines)
    )
    inner = drawing.replace("<svg ", f'<svg y="{top}" width="{width:g}" height="{height:g}" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height + top:g}">'
        f'<rect width="100%" height="100%" fill="white"/><g font-family="Helvetica, Arial, sans-serif" font-size="15" '
        f'font-weight="bold" fill="{INK}">{words}</g>{inner}</svg>\n'
    )


class Answer:
    """Where a study writes, and since when it runs."""

    def __init__(self, name: str, asked: argparse.Namespace) -> None:
        self._name, self._began = name, time.perf_counter()
        self._folder = asked.output or (QUICK_FOLDER if asked.quick else FOLDER)

    def give(self, table: Table, figure: str) -> None:
        """Prints the table and writes NAME.csv and NAME.svg."""
        seconds = time.perf_counter() - self._began
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{self._name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([table.columns, *table.rows])
        if figure:
            (self._folder / f"{self._name}.svg").write_text(figure, "utf-8")
        console = Console(markup=False, highlight=False, width=_TABLE_WIDTH)
        console.print(_grid(table))
        console.print(Text(f"{seconds:.0f} s; written: {self._folder / self._name}.csv and .svg", style=SOFT))


def _grid(table: Table) -> Grid:
    grid = Grid(title=Text(fmt.shown(table.title, 400)), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(table.columns):
        grid.add_column(Text(fmt.shown(column, 60)), justify="left" if number == 0 else "right", overflow="fold")
    for row in table.rows:
        grid.add_row(*(Text(fmt.cell(cell)) for cell in row))
    return grid
