"""Figures of a comparison: one number over several runs, and the differences of shares on one axis."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from byheart.core.comparison import Difference
from byheart.core.evidence import Line, Series
from byheart.report import format as fmt
from byheart.report import palette
from byheart.report.comparison import measure
from byheart.report.drawing import GRID, INK, SOFT, Figure, Frame, Key, alt, chart, svg
from byheart.report.layout import spread

BLUE, GREY, PAPER = palette.MODEL.light, palette.BLIND.light, palette.PAPER.light
WIDE, NARROW = Frame(width=680, left=60, right=120), Frame(width=340, left=54, right=16)
ROW_HEIGHT = 30
HEIGHT = 190


class _Style(NamedTuple):
    colour: str
    dash: tuple[int, ...]
    width: float
    aside: float
    """Of its points along x, so that intervals of equal numbers stand beside one another."""


_STYLES = {
    "subject": _Style(BLUE, (), 2.4, -0.02),
    "control": _Style(GREY, (5, 4), 1.6, 0.02),
    "human": _Style(INK, (2, 2), 1.6, 0.02),
}


def trend(series: Series, labels: Sequence[str]) -> Figure:
    """One number over the runs, with the interval of each.

    Args:
        series: a line for the model and one for its control, x the 1-based number of the run.
        labels: what the runs are called, safe to show.
    """
    scale, unit = (100.0, "per cent") if fmt.is_rate(series.y) else (1.0, fmt.shown(series.y, 60))
    title = fmt.shown(series.title, 300)
    ends = "; ".join(
        f"{line.label}: {_number(line.points[0].y, series.y)} in {labels[0]}, "
        f"{_number(line.points[-1].y, series.y)} in {labels[-1]}"
        for line in series.lines
    )
    text = fmt.shortened(f"{title}. {ends}.", 1000)
    rows = tuple(
        (line.label, labels[round(p.x) - 1], *(_number(y, series.y) for y in (p.y, p.low, p.high)), fmt.cell(p.n))
        for line in series.lines
        for p in line.points
    )
    return Figure(
        name=fmt.shown(series.name, 100),
        title=title,
        alt=text,
        wide=svg(_trend(series, scale, unit, WIDE, labelled=True), HEIGHT, WIDE, text),
        narrow=svg(_trend(series, scale, unit, NARROW, labelled=False), HEIGHT, NARROW, text),
        keys=tuple(
            Key(label=it.label, colour=_STYLES[it.role].colour, dash=_STYLES[it.role].dash) for it in series.lines
        ),
        columns=("line", "run", unit, "low", "high", "n"),
        rows=rows,
        note="",
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return fmt.EM_DASH
    return fmt.percent(value, 1) if fmt.is_rate(unit) else fmt.plain_number(value)


def _trend(series: Series, scale: float, unit: str, frame: Frame, *, labelled: bool) -> list[Any]:
    num = max(round(p.x) for line in series.lines for p in line.points)
    ends = [y * scale for line in series.lines for p in line.points for y in (p.y, p.low, p.high) if y is not None]
    low, high = min(ends), max(ends)
    room = (high - low) * 0.06 or 1.0
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0.8, num + 0.2], nice=False, zero=False),
        axis=alt.Axis(title="run, in the order given", values=list(range(1, num + 1)), format="d", grid=False),
    )
    axis = alt.Axis(
        title=unit,
        titleAngle=0,
        titleAlign="left",
        titleAnchor="start",
        titleX=6 - frame.left,
        titleY=-18,
        tickCount=4,
        domain=False,
        ticks=False,
        gridColor=GRID,
    )
    y = alt.Y("y:Q", scale=alt.Scale(domain=[low - room, high + room], nice=False, zero=False), axis=axis)
    layers = []
    for line in sorted(series.lines, key=lambda it: it.role == "subject"):
        layers += _line(line, x, y, scale)
    return layers + (_end_labels(series, scale, (low - room, high + room)) if labelled else [])


def _end_labels(series: Series, scale: float, domain: tuple[float, float]) -> list[Any]:
    """Names at the ends of the lines, moved apart where these meet."""
    low, high = domain
    ends = [HEIGHT * (high - line.points[-1].y * scale) / (high - low) for line in series.lines]
    layers = []
    for line, place in zip(series.lines, spread(ends, 17, 4, HEIGHT - 4), strict=True):
        colour = palette.text_colour(_STYLES[line.role].colour)
        word = chart([{"t": line.label}]).mark_text(
            aria=False,
            align="left",
            baseline="middle",
            color=colour,
            fontSize=12,
        )
        layers.append(word.encode(x=alt.value(WIDE.plot_width + 8), y=alt.value(place), text="t:N"))
    return layers


def _line(line: Line, x: Any, y: Any, scale: float) -> list[Any]:
    style = _STYLES[line.role]
    rows = [
        {
            "x": p.x + style.aside,
            "y": p.y * scale,
            "low": (p.y if p.low is None else p.low) * scale,
            "high": (p.y if p.high is None else p.high) * scale,
        }
        for p in line.points
    ]
    low = y.copy()
    low.shorthand = "low:Q"
    rule = chart(rows).mark_rule(aria=False, color=style.colour, strokeWidth=1.2, opacity=0.75)
    path = chart(rows).mark_line(aria=False, color=style.colour, strokeWidth=style.width, strokeDash=list(style.dash))
    dots = chart(rows).mark_point(aria=False, filled=True, opacity=1, size=34, color=style.colour)
    return [rule.encode(x=x, y=low, y2=alt.Y2("high:Q")), path.encode(x=x, y=y), dots.encode(x=x, y=y)]


def forest(differences: Sequence[Difference], title: str) -> Figure | None:
    """Differences of shares on one axis, in percentage points, each with its interval; 0 is the line of no change.

    Args:
        differences: in the order in which they stand; those of other units and refused ones are left out.
        title: the finding.
    Returns:
        the figure, or None with fewer than two to show.
    """
    shown = [it for it in differences if it.difference is not None and fmt.is_rate(it.unit)]
    if len(shown) < 2:
        return None
    rows = [_forest_row(it) for it in shown]
    text = fmt.shortened(f"{title}. " + "; ".join(f"{row['label']}: {row['said']}" for row in rows) + ".", 1500)
    wide = Frame(width=680, left=322, right=24, bottom=46, top=12)
    return Figure(
        name="compare.shares",
        title=title,
        alt=text,
        wide=svg(_forest(rows, wide, above=False), ROW_HEIGHT * len(rows), wide, text),
        narrow=svg(_forest(rows, NARROW_FOREST, above=True), round(1.5 * ROW_HEIGHT * len(rows)), NARROW_FOREST, text),
        keys=(),
        columns=("measure", "difference, points", "interval", "more than chance"),
        rows=tuple((row["label"], row["value"], row["inside"], "yes" if row["claimed"] else "no") for row in rows),
        note="Filled: more than chance after Holm's correction. The vertical line is no difference.",
    )


NARROW_FOREST = Frame(width=340, left=12, right=12, bottom=46, top=12)


def _forest_row(it: Difference) -> dict[str, Any]:
    assert it.difference is not None
    value, inside = fmt.excess_bounds(it.difference, it.unit)
    return {
        "label": measure(it.name),
        "x": 100 * it.difference.value,
        "low": 100 * it.difference.low,
        "high": 100 * it.difference.high,
        "claimed": it.is_claimed,
        "value": value,
        "inside": inside,
        "said": f"{value} points ({inside})",
    }


def _forest(rows: Sequence[dict[str, Any]], frame: Frame, *, above: bool) -> list[Any]:
    """Labels left of the plot, or above each interval where it is narrow."""
    step = 1.5 * ROW_HEIGHT if above else ROW_HEIGHT
    ends = [0.0, *(row[end] for row in rows for end in ("low", "high"))]
    room = (max(ends) - min(ends)) * 0.05 or 1.0
    scale = alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False, zero=False)
    axis = alt.Axis(
        title="difference, percentage points",
        titlePadding=10,
        tickCount=6,
        grid=not above,
        gridColor=GRID,
        domain=False,
        ticks=False,
    )
    x = alt.X("x:Q", scale=scale, axis=axis)
    # Where labels stand above their intervals the line of no difference is cut, so that it crosses no word.
    reach = ROW_HEIGHT / 3 if above else step / 2
    layers = []
    for place, row in enumerate(rows):
        middle = place * step + (0.72 * step if above else step / 2)
        zero = chart([{"x": 0}]).mark_rule(aria=False, color=SOFT, strokeWidth=1.2)
        layers.append(zero.encode(x=x, y=alt.value(middle - reach), y2=alt.value(middle + reach)))
        colour = BLUE if row["claimed"] else GREY
        low = x.copy()
        low.shorthand = "low:Q"
        bar = chart([row]).mark_rule(aria=False, color=colour, strokeWidth=1.6)
        layers.append(bar.encode(x=low, x2=alt.X2("high:Q"), y=alt.value(middle)))
        fill = colour if row["claimed"] else PAPER
        dot = chart([row]).mark_point(
            aria=False, filled=False, size=60, opacity=1, stroke=colour, fill=fill, strokeWidth=1.8
        )
        layers.append(dot.encode(x=x, y=alt.value(middle)))
        word = chart([{"t": fmt.shortened(row["label"], 52)}]).mark_text(
            aria=False, align="left", baseline="middle", color=INK, fontSize=12
        )
        at = (0, middle - 0.42 * step) if above else (8 - frame.left, middle)
        layers.append(word.encode(x=alt.value(at[0]), y=alt.value(at[1]), text="t:N"))
    return layers
