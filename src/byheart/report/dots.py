"""One number with its interval over all subjects that have it."""

from collections.abc import Iterator, Sequence
from typing import Any

from byheart.core.evidence import Estimate
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, CONTROLS, LOOKUP, MEMORIZER, MODEL, Party, measure
from byheart.report.drawing import GRID, INK, PAPER, PERCENT_LABELS, Figure, Frame, alt, chart, svg
from byheart.report.layout import padded

_CONTROL = "the same number on text that the subject cannot have seen"


def compared(name: str, answers: Sequence[tuple[Party, Estimate]]) -> str:
    """The model and the poles by name; many memorizers by the range of their numbers."""
    unit = answers[0][1].unit
    named = [(party, it) for party, it in answers if party.role != MEMORIZER]
    others = sorted((it for party, it in answers if party.role == MEMORIZER), key=lambda it: it.value)
    if len(others) < 3:
        named, others = list(answers), []
    said = [f"{party.label} {fmt.value_and_interval(it)[0]}" for party, it in named]
    place, roles = _place(named), [party.role for party, _ in named]
    if place and roles[0] == MODEL:
        poles = [words for words, role in zip(said, roles, strict=True) if role in (LOOKUP, BLIND)]
        rest = [words for words, role in zip(said[1:], roles[1:], strict=True) if role not in (LOOKUP, BLIND)]
        said = [said[0], f"{place} {' and '.join(poles)}", *rest]
    if others:
        low, high = (fmt.value_and_interval(it)[0] for it in (others[0], others[-1]))
        said.append(f"other memorizers {low}" + (f" to {high}" if high != low else ""))
    unit = "" if _is_said(unit, measure(name)) else f" {fmt.shown(unit, 40)}"
    return f"{measure(name)}: {', '.join(said)}{unit}"


def _is_said(unit: str, words: str) -> bool:
    """Whether the words name the unit already; per cent stands beside the number."""
    return fmt.is_rate(unit) or unit.lower() in words.lower()


def _place(answers: Sequence[tuple[Party, Estimate]]) -> str:
    """Above, below or between both poles, as far as the interval of the model tells; empty where it does not."""
    found = {party.role: it for party, it in answers if party.role in (MODEL, LOOKUP, BLIND)}
    bounds = {role: (it.low, it.high) for role, it in found.items() if it.low is not None and it.high is not None}
    if len(bounds) < 3:
        return ""
    (low, high), *poles = (bounds[role] for role in (MODEL, LOOKUP, BLIND))
    is_above, is_below = [low > pole[1] for pole in poles], [high < pole[0] for pole in poles]
    if all(is_above) or all(is_below):
        return "above" if all(is_above) else "below"
    return "between" if all(a or b for a, b in zip(is_above, is_below, strict=True)) else ""


def dots(name: str, title: str, answers: Sequence[tuple[Party, Estimate]]) -> Figure:
    """One number with its interval over all subjects that have it, controls as hollow marks below.

    Args:
        name: dotted name of the estimate.
        title: the finding, safe to show.
        answers: subject by subject, the model's first, at least one; all in the unit of the first.
    Returns:
        the figure.
    """
    unit = answers[0][1].unit
    x_name = measure(name) + ("" if _is_said(unit, measure(name)) else f" ({fmt.shown(unit, 40)})")
    text = f"{title} " + " ".join(f"{party.label}: {fmt.estimate(it)}." for party, it in answers)
    wide = Frame(width=680, left=16, right=24, top=6)
    narrow = Frame(width=340, left=16, right=16, top=6)
    has_control = any(it.control is not None for _, it in answers)
    return Figure(
        name=fmt.shown(name, 100),
        title=title,
        alt=text,
        wide=svg(_dots(x_name, answers, wide), 52 * len(answers), wide, text),
        narrow=svg(_dots(x_name, answers, narrow), 52 * len(answers), narrow, text),
        keys=(),
        columns=("subject", x_name, "interval", "n", "control", "excess"),
        rows=tuple(number_row(party, it) for party, it in answers),
        note=f"Hollow marks: {CONTROLS.get(name) or CONTROLS.get(name.partition('.')[0], _CONTROL)}."
        if has_control
        else "",
    )


def _dots(x_name: str, answers: Sequence[tuple[Party, Estimate]], frame: Frame) -> list[Any]:
    it_is_rate = fmt.is_rate(answers[0][1].unit)
    bounds = [(it.value, it.low, it.high) for _, it in answers]
    bounds += [(it.control.value, it.control.low, it.control.high) for _, it in answers if it.control]
    values = [v for triple in bounds for v in triple if v is not None]
    within = it_is_rate and min(values) >= 0 and max(values) <= 1
    domain = (0.0, 1.0) if within else padded(min(values), max(values), is_log=False)
    labels: dict[str, Any] = (
        {"labelExpr": PERCENT_LABELS, "values": [0, 0.25, 0.5, 0.75, 1]} if it_is_rate else {"format": ","}
    )
    axis = alt.Axis(title=x_name, titlePadding=10, tickCount=6, gridColor=GRID, domain=False, ticks=False, **labels)
    x = alt.X(
        "v:Q", scale=alt.Scale(domain=list(domain), nice=False, zero=False, padding=6 if within else 0), axis=axis
    )
    marks, words = [], []
    for index, (party, it) in enumerate(answers):
        top = 52 * index
        marks.append(_mark(top + 30, party.colour, it.value, it.low, it.high) | {"hollow": False})
        if it.control:
            control = _mark(top + 41, party.colour, it.control.value, it.control.low, it.control.high)
            marks.append(control | {"hollow": True})
        weight = "bold" if party.role == MODEL else "normal"
        words.append({"t": fmt.shortened(party.label, 26), "y": top + 14, "c": party.text_colour, "k": weight})
        words.append({"t": _short(it), "y": top + 14, "c": INK, "k": "value"})
    return [*_rules(x, marks), *_points(x, marks), *_words(words, frame)]


def _short(it: Estimate) -> str:
    value, _ = fmt.value_and_interval(it)
    count = fmt.hits(it.value, it.n) if fmt.is_count(it.unit) else None
    return value if count is None else f"{fmt.number(count, 0)} of {fmt.number(it.n, 0)} ({value})"


def _mark(y: int, colour: str, value: float, low: float | None, high: float | None) -> dict[str, Any]:
    return {"y": y, "c": colour, "v": value, "low": low, "high": high}


_Y: Any = alt.Y("y:Q", scale=None, axis=None)
"""Pixels from the top, as the rows say."""


def _rules(x: Any, marks: list[dict[str, Any]]) -> Iterator[Any]:
    """The intervals: one chart for the numbers and one for their controls, since charts are what costs time."""
    start = x.copy()
    start.shorthand = "low:Q"
    for is_hollow, width, dash in ((False, 2.2, []), (True, 1.4, [4, 3])):
        rows = [m for m in marks if m["hollow"] is is_hollow and m["low"] is not None and m["high"] is not None]
        if rows:
            rule = chart(rows).mark_rule(aria=False, strokeWidth=width, strokeDash=dash)
            yield rule.encode(x=start, x2="high:Q", y=_Y, color=alt.Color("c:N", scale=None))


def _points(x: Any, marks: list[dict[str, Any]]) -> Iterator[Any]:
    rows = [mark | {"fill": PAPER if mark["hollow"] else mark["c"]} for mark in marks]
    point = chart(rows).mark_circle(aria=False, opacity=1, size=60, strokeWidth=1.5)
    yield point.encode(x=x, y=_Y, stroke=alt.Stroke("c:N", scale=None), fill=alt.Fill("fill:N", scale=None))


def _words(words: list[dict[str, Any]], frame: Frame) -> Iterator[Any]:
    for kind in ("bold", "normal", "value"):
        rows = [word for word in words if word["k"] == kind]
        align, at = ("right", frame.plot_width) if kind == "value" else ("left", 0)
        weight = "bold" if kind == "bold" else "normal"
        if rows:
            text = chart(rows).mark_text(aria=False, baseline="middle", align=align, fontWeight=weight)
            yield text.encode(x=alt.value(at), y=_Y, text="t:N", color=alt.Color("c:N", scale=None))


def number_row(party: Party, it: Estimate) -> tuple[str, ...]:
    """One estimate as cells: subject, value, interval, n, control, excess; an em dash where there is none."""
    value, inside = fmt.value_and_interval(it)
    control = fmt.bounds(it.control.value, it.control.low, it.control.high, it.unit)[0] if it.control else fmt.EM_DASH
    excess = " (".join(fmt.excess_bounds(it.excess, it.unit)) + ")" if it.excess else fmt.EM_DASH
    return party.label, value, inside, fmt.number(it.n, 0), control, excess
