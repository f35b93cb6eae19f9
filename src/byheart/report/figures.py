"""Series as figures: one figure for each name, all subjects in it, labels at the ends of their lines."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from byheart.core.evidence import Series
from byheart.report import format as fmt
from byheart.report.comparison import Party, spoken
from byheart.report.drawing import (
    AXIS,
    CHARACTER_WIDTH,
    GRID,
    LINE_HEIGHT,
    NARROW,
    NUMBER_LABELS,
    PERCENT_LABELS,
    Figure,
    Frame,
    Key,
    alt,
    chart,
    svg,
    wrapped,
)
from byheart.report.layout import Stroke, is_percent, pixel, spread, strokes, y_domain

MAX_LABEL = 28
"""Characters of the label at the end of a line."""
_DODGE = 4
"""Pixels between lines whose intervals are rules."""
_PADDING, _FLUSH, _GAP, _DIGIT_WIDTH = 8, 12, 4, 7.7
"""Pixels at the x axis: from its ends to its lines, within which of them a number stays inside, between two numbers,
and of a digit at 12 pixels in a wide font, of which points and commas have half."""
MAX_ROWS = 400
"""Rows of a figure's data on the page; the rest stays in results.jsonl."""


def curves(shared: Sequence[tuple[Party, Series]]) -> Figure:
    """One figure of the series of one name over all subjects.

    Args:
        shared: subject by subject, the model's first; its title is the finding. At least one with a point.
    Returns:
        the figure.
    """
    series = shared[0][1]
    drawn = strokes(shared)
    labels = [fmt.shortened(stroke.label, MAX_LABEL) for stroke in drawn]
    letters = [_letter(place) for place in range(len(drawn))]
    wide = _framed(Frame(width=680, left=56, right=30 + round(CHARACTER_WIDTH * max(map(len, labels)))), series, drawn)
    narrow = _framed(NARROW, series, drawn)
    title = fmt.shown(spoken(series.title), 300)
    text = _alt(series, title, drawn)
    return Figure(
        name=fmt.shown(series.name, 100),
        title=title,
        alt=text,
        wide=svg(*_curves(series, drawn, wide, labels), wide, text),
        narrow=svg(*_curves(series, drawn, narrow, letters), narrow, text),
        keys=tuple(
            Key(label=s.label, colour=s.colour, dash=s.dash, letter=letter)
            for s, letter in zip(drawn, letters, strict=True)
        ),
        columns=("line", fmt.shown(series.x, 100), fmt.shown(series.y, 100), "low", "high", "n"),
        rows=_rows(series, drawn),
        note=fmt.shown(spoken(series.note), 600),
    )


def _letter(place: int) -> str:
    """What a line is called where its label has no room: a to z, then a2 and so on."""
    round_number, index = divmod(place, 26)
    return chr(ord("a") + index) + (str(round_number + 1) if round_number else "")


def _titles(series: Series, frame: Frame, *, x_is_log: bool, y_is_log: bool) -> tuple[list[str], list[str]]:
    """Of the axes, in lines."""
    x = fmt.shown(series.x, 110) + (" (log scale)" if x_is_log else "")
    y = fmt.shown(series.y, 110) + (" (log scale)" if y_is_log else "")
    return wrapped(x, frame.plot_width + 2 * min(20, frame.left, frame.right)), wrapped(y, frame.width - 20)


def _framed(frame: Frame, series: Series, drawn: Sequence[Stroke]) -> Frame:
    """The frame with room for the lines of its titles and the numbers at its y axis."""
    x_is_log, y_is_log = _log_axes(series, drawn)
    x, y = _titles(series, frame, x_is_log=x_is_log, y_is_log=y_is_log)
    return dataclasses.replace(
        frame,
        left=max(frame.left, 16 + round(CHARACTER_WIDTH * _tick_characters(series, drawn, is_log=y_is_log))),
        top=frame.top + LINE_HEIGHT * (len(y) - 1),
        bottom=frame.bottom + LINE_HEIGHT * (len(x) - 1),
    )


def _tick_characters(series: Series, drawn: Sequence[Stroke], *, is_log: bool) -> int:
    """Of the longest number at the y axis."""
    if is_percent(series):
        return len("100 %")
    low, high = y_domain(series, drawn, is_log=is_log)
    step = low if is_log else (high - low) / 10
    decimals = min(6, max(0, -math.floor(math.log10(step))))
    return min(11, max(len(f"{end:,.{decimals}f}") for end in (low, high)))


def _log_axes(series: Series, drawn: Sequence[Stroke]) -> tuple[bool, bool]:
    """Whether x and y are logarithmic: the series asks for it and every point can be there."""
    points = [p for stroke in drawn for p in stroke.points]
    return series.x_is_log and all(p.x > 0 for p in points), series.y_is_log and all(p.y > 0 for p in points)


def _curves(series: Series, drawn: Sequence[Stroke], frame: Frame, labels: Sequence[str]) -> tuple[list[Any], int]:
    height = max(250, 18 * len(drawn) + 20)
    points = [p for stroke in drawn for p in stroke.points]
    x_is_log, y_is_log = _log_axes(series, drawn)
    x_title, y_title = _titles(series, frame, x_is_log=x_is_log, y_is_log=y_is_log)
    domain = y_domain(series, drawn, is_log=y_is_log)
    axis = _x_axis(x_title, sorted({p.x for p in points}), frame.plot_width, is_log=x_is_log)
    x = alt.X("x:Q", scale=_x_scale([p.x for p in points], is_log=x_is_log), axis=axis)
    y_scale = alt.Scale(type="log" if y_is_log else "linear", domain=list(domain), nice=False, zero=False)
    y = alt.Y("y:Q", scale=y_scale, axis=_y_axis(y_title, series, frame))
    layers = []
    with_rules = [stroke for stroke in drawn if not _with_band(stroke)]
    for stroke in sorted(drawn, key=lambda s: s.is_model):
        place = with_rules.index(stroke) - (len(with_rules) - 1) / 2 if stroke in with_rules else 0.0
        layers += _stroke(stroke, x, y, round(_DODGE * place, 1))
    ends = [pixel(stroke.points[-1].y, domain, height, is_log=y_is_log) for stroke in drawn]
    return [*layers, *_end_labels(drawn, labels, ends, height, frame)], height


def _with_band(stroke: Stroke) -> bool:
    """Whether its intervals are a band; else a rule at each point."""
    return len(stroke.points) > 8 or stroke.role != "subject"


def _stroke(stroke: Stroke, x: Any, y: Any, shift: float) -> list[Any]:
    """One line; by `shift` pixels to the right, so that rules at the same x do not cover one another."""
    rows = [{"x": p.x, "y": p.y, "low": p.low, "high": p.high} for p in stroke.points]
    sure = [row for row in rows if row["low"] is not None and row["high"] is not None]
    layers = []
    with_band = _with_band(stroke)
    high = alt.Y2("high:Q")
    low = y.copy()
    low.shorthand = "low:Q"
    if sure and with_band:
        opacity = 0.14 if stroke.is_model else 0.09
        layers.append(
            chart(sure).mark_area(aria=False, color=stroke.colour, opacity=opacity).encode(x=x, y=low, y2=high)
        )
    elif sure:
        mark = chart(sure).mark_rule(aria=False, color=stroke.colour, strokeWidth=1.2, opacity=0.75, xOffset=shift)
        layers.append(mark.encode(x=x, y=low, y2=high))
    width = 2.4 if stroke.is_model else 1.6
    line = chart(rows).mark_line(
        aria=False, color=stroke.colour, strokeWidth=width, strokeDash=list(stroke.dash), xOffset=shift
    )
    layers.append(line.encode(x=x, y=y))
    if not with_band:
        dots = chart(rows).mark_point(aria=False, filled=True, opacity=1, size=34, color=stroke.colour, xOffset=shift)
        layers.append(dots.encode(x=x, y=y))
    return layers


def _end_labels(
    drawn: Sequence[Stroke], labels: Sequence[str], ends: Sequence[float], height: int, frame: Frame
) -> list[Any]:
    places = spread(ends, 17, 4, height - 4)
    layers = []
    for stroke, label, end, place in zip(drawn, labels, ends, places, strict=True):
        right = frame.plot_width
        leader = chart([{}]).mark_rule(aria=False, color=stroke.colour, strokeWidth=0.8, opacity=0.7)
        layers.append(
            leader.encode(x=alt.value(right - 6), x2=alt.value(right + 14), y=alt.value(end), y2=alt.value(place))
        )
        weight = "bold" if stroke.is_model else "normal"
        word = chart([{"t": label}]).mark_text(
            aria=False, align="left", baseline="middle", color=stroke.text_colour, fontWeight=weight
        )
        layers.append(word.encode(x=alt.value(right + 18), y=alt.value(place), text="t:N"))
    return layers


def _x_scale(values: list[float], *, is_log: bool) -> Any:
    low, high = min(values), max(values)
    if low == high:
        low, high = (low / 2, high * 2) if is_log else (low - 1, high + 1)
    return alt.Scale(type="log" if is_log else "linear", domain=[low, high], nice=False, zero=False, padding=_PADDING)


def _x_axis(title: list[str], at: list[float], width: int, *, is_log: bool) -> Any:
    ticks: dict[str, Any] = {"tickCount": 6, "labelExpr": NUMBER_LABELS}
    if is_log:
        values = at if len(at) <= 8 else _round_numbers(at[0], at[-1]) or [at[0], at[-1]]
        named = _with_room(values, at[0], at[-1], width)
        # Vega would drop the last one first, and takes numbers that touch for numbers apart. Every tick stays.
        ticks = {
            "values": values,
            "labelExpr": f"indexof({named}, datum.value) < 0 ? '' : {NUMBER_LABELS}",
            "labelOverlap": False,
        }
    return alt.Axis(
        title=title,
        titlePadding=10,
        labelFlush=_FLUSH,
        labelFlushOffset=_PADDING,
        grid=False,
        domainColor=AXIS,
        tickColor=AXIS,
        **ticks,
    )


def _with_room(values: Sequence[float], low: float, high: float, width: int) -> list[float]:
    """Of the ticks those whose numbers have room: always the last, then the first, then the others from the right."""
    taken: list[tuple[float, float]] = []
    named = []
    for value in (*values[-1:], *values[:1], *reversed(values[1:-1])):
        share = math.log(value / low) / math.log(high / low) if high > low else 0.5
        at, long = _PADDING + share * (width - 2 * _PADDING), _pixels(value)
        start = 0 if at <= _FLUSH else width - long if at >= width - _FLUSH else at - long / 2
        if all(start + long + _GAP <= a or b + _GAP <= start for a, b in taken):
            taken.append((start, start + long))
            named.append(value)
    return sorted(named)


def _pixels(value: float) -> float:
    """How long NUMBER_LABELS is of it, at 12 pixels."""
    label = f"{value:,.2f}".rstrip("0").rstrip(".") if value >= 0.01 else f"{value:.2g}"
    marks = sum(map(label.count, ",.-"))
    return _DIGIT_WIDTH * (len(label) - marks / 2)


def _round_numbers(low: float, high: float) -> list[float]:
    """What a logarithmic axis names: powers of ten, with their doubles and halves where there are few."""
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if math.log10(high / low) <= 2 else (1,)
    return [factor * 10.0**power for power in tens for factor in factors if low <= factor * 10.0**power <= high]


def _y_axis(title: list[str], series: Series, frame: Frame) -> Any:
    labels: dict[str, Any] = (
        {"labelExpr": PERCENT_LABELS, "values": [0, 0.25, 0.5, 0.75, 1]} if is_percent(series) else {}
    )
    place = {
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "start",
        "titleX": 6 - frame.left,
        "titleY": 14 - frame.top,
    }
    return alt.Axis(
        title=title, tickCount=5, domain=False, ticks=False, labelPadding=8, gridColor=GRID, **place, **labels
    )


def _rows(series: Series, drawn: Sequence[Stroke]) -> tuple[tuple[str, ...], ...]:
    def show(value: float | None, width: float) -> str:
        if value is None:
            return fmt.EM_DASH
        return fmt.percent(value, fmt.percent_decimals(width)) if is_percent(series) else fmt.plain_number(value)

    rows = []
    for stroke in drawn:
        for p in stroke.points:
            width = p.high - p.low if p.low is not None and p.high is not None else 0.0
            numbers = (show(p.y, width), show(p.low, width), show(p.high, width))
            rows.append((stroke.label, fmt.plain_number(p.x), *numbers, fmt.cell(p.n)))
    return tuple(rows[:MAX_ROWS])


def _alt(series: Series, title: str, drawn: Sequence[Stroke]) -> str:
    show = (lambda y: fmt.percent(y, 0)) if is_percent(series) else fmt.plain_number
    x, y = fmt.shown(series.x, 70), fmt.shown(series.y, 70)
    ends = (
        f"{s.label}: {show(s.points[0].y)} at {fmt.plain_number(s.points[0].x)}, "
        f"{show(s.points[-1].y)} at {fmt.plain_number(s.points[-1].x)}."
        for s in drawn
    )
    return fmt.shortened(f"{title}. {y} against {x}. " + " ".join(ends), 1500)
