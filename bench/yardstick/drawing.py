"""The figure: bits per byte of unseen text against the size of the corpus, one line a subject, labels at their ends."""

import textwrap
from itertools import pairwise
from pathlib import Path
from typing import Any

from byheart.report.comparison import COLOURS, HUMAN, MEMORIZER, MODEL
from byheart.report.drawing import GRID, INK, SOFT, Frame, alt, chart, svg
from byheart.report.layout import padded, pixel, spread
from yardstick import TRANSFORMER
from yardstick.points import Point, Points

HEIGHT = 400
FRAME = Frame(width=720, left=56, right=196, bottom=52, top=94)
UNIFORM = "uniform (knows nothing)"
DASHES: dict[str, list[int]] = {
    "mixture": [],
    "infinigram": [8, 3],
    "markov": [3, 2],
    "automaton": [8, 3, 2, 3],
    "boolean": [2, 5],
    "knowledge": [12, 6],
}


def finding(points: Points) -> str:
    """What the figure says, in the numbers of its first and last points."""
    lines = {name: points.curve(name) for name in points.subjects()}
    memorizers = {name: line for name, line in lines.items() if name != TRANSFORMER}
    best = min(memorizers, key=lambda name: memorizers[name][-1].bits_per_byte)
    first, last = lines[best][0], lines[best][-1]
    each = all(a.bits_per_byte > b.bits_per_byte for line in memorizers.values() for a, b in pairwise(line))
    said = (
        f"More text makes {'every memorizer' if each else 'memorizers'} better: the best, {best}, falls from "
        f"{first.bits_per_byte:.2f} to {last.bits_per_byte:.2f} bits per byte of unseen files"
    )
    if not lines.get(TRANSFORMER):
        return said
    start, end = lines[TRANSFORMER][0], lines[TRANSFORMER][-1]
    return f"{said}, a transformer of 1 M parameters from {start.bits_per_byte:.2f} to {end.bits_per_byte:.2f}"


def _setting(points: Points) -> str:
    steps = max((point.steps for point in points.curve(TRANSFORMER)), default=0)
    said = f"Python standard library ({points.library})"
    return f"{said}; transformer: at most {steps:,} steps of 1,024 tokens" if steps else said


def _looks(name: str) -> dict[str, Any]:
    is_model = name == TRANSFORMER
    heavy = is_model or name == "mixture"
    return {
        "color": COLOURS[MODEL if is_model else MEMORIZER],
        "strokeDash": DASHES.get(name, []),
        "strokeWidth": 2.6 if heavy else 1.6,
    }


def _line(name: str, line: list[Point], x: Any, y: Any, shift: float) -> list[Any]:
    rows = [
        {"x": p.text_bytes / 1e6, "at": p.text_bytes / 1e6 * shift, "y": p.bits_per_byte, "low": p.low, "high": p.high}
        for p in line
    ]
    looks = _looks(name)
    low, beside = y.copy(), x.copy()
    low.shorthand, beside.shorthand = "low:Q", "at:Q"
    rule = chart(rows).mark_rule(aria=False, color=looks["color"], strokeWidth=0.9, opacity=0.55)
    dots = chart(rows).mark_point(aria=False, filled=True, opacity=1, size=26, color=looks["color"])
    return [
        rule.encode(x=beside, y=low, y2="high:Q"),
        chart(rows).mark_line(aria=False, **looks).encode(x=x, y=y),
        dots.encode(x=x, y=y),
    ]


def _labels(ends: dict[str, float], domain: tuple[float, float]) -> list[Any]:
    heights = [pixel(value, domain, HEIGHT, is_log=False) for value in ends.values()]
    right, layers = FRAME.plot_width, []
    for (name, value), height, place in zip(ends.items(), heights, spread(heights, 17, 4, HEIGHT - 4), strict=True):
        colour = COLOURS[HUMAN] if name == UNIFORM else _looks(name)["color"]
        leader = chart([{}]).mark_rule(aria=False, color=colour, strokeWidth=0.8, opacity=0.7)
        layers.append(
            leader.encode(x=alt.value(right - 4), x2=alt.value(right + 14), y=alt.value(height), y2=alt.value(place))
        )
        weight = "bold" if name in (TRANSFORMER, "mixture") else "normal"
        word = chart([{"t": f"{name} {value:.2f}"}]).mark_text(
            aria=False, align="left", baseline="middle", color=colour, fontWeight=weight
        )
        layers.append(word.encode(x=alt.value(right + 18), y=alt.value(place), text="t:N"))
    return layers


def _words(text: str, width: int, top: int, size: int, **looks: Any) -> list[Any]:
    layers = []
    for i, line in enumerate(textwrap.wrap(text, width)):
        mark = chart([{"t": line}]).mark_text(aria=False, align="left", baseline="top", fontSize=size, **looks)
        layers.append(
            mark.encode(x=alt.value(8 - FRAME.left), y=alt.value(top + i * (size + 4) - FRAME.top), text="t:N")
        )
    return layers


def draw(points: Points, path: Path) -> None:
    """Writes the SVG."""
    lines = {name: points.curve(name) for name in points.subjects()}
    uniform = points.uniform_bits_per_byte
    seen = [point for line in lines.values() for point in line]
    sizes = sorted({point.text_bytes / 1e6 for point in seen})
    domain = padded(min(p.low for p in seen), max([uniform, *(p.high for p in seen)]), is_log=False)
    x_scale = alt.Scale(type="log", domain=[sizes[0], sizes[-1]], nice=False, padding=10)
    x_axis = alt.Axis(
        title="text that the subject holds or was trained on, MB (log scale)",
        values=sizes,
        format=".1~f",
        grid=False,
        titlePadding=10,
    )
    y_axis = alt.Axis(
        title="bits per byte of unseen files (95 % interval over files)",
        tickCount=6,
        domain=False,
        ticks=False,
        gridColor=GRID,
        titleAngle=0,
        titleAlign="left",
        titleAnchor="start",
        titleX=8 - FRAME.left,
        titleY=-14,
    )
    x = alt.X("x:Q", scale=x_scale, axis=x_axis)
    y = alt.Y("y:Q", scale=alt.Scale(domain=list(domain), nice=False, zero=False), axis=y_axis)
    title = finding(points)
    layers = _words(title, 84, 8, 15, fontWeight="bold", color=INK)
    layers += _words(_setting(points), 120, 50, 12, color=SOFT)
    guess = chart([{"x": size, "y": uniform} for size in (sizes[0], sizes[-1])])
    layers.append(guess.mark_line(aria=False, color=INK, strokeWidth=1, strokeDash=[1, 3]).encode(x=x, y=y))
    order = sorted(lines, key=lambda name: name in (TRANSFORMER, "mixture"))
    for i, name in enumerate(order):
        layers += _line(name, lines[name], x, y, 1.0 + 0.01 * (i - len(order) / 2))
    layers += _labels({**{name: line[-1].bits_per_byte for name, line in lines.items()}, UNIFORM: uniform}, domain)
    ends = (f"{name} {line[0].bits_per_byte:.2f} to {line[-1].bits_per_byte:.2f}" for name, line in lines.items())
    path.write_text(svg(layers, HEIGHT, FRAME, f"{title}. {'; '.join(ends)}.") + "\n", "utf-8")
