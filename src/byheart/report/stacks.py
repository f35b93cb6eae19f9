"""Shares by explanation as one bar for each subject: parts of a whole, in the order of the ladder."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from byheart.core.evidence import Estimate, Table
from byheart.core.explanation import EXPLANATIONS, Explanation
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import MEMORIZER, MODEL, Party, answer, evidence_of, parties
from byheart.report.dots import number_row
from byheart.report.drawing import GRID, PAPER, PERCENT_LABELS, Figure, Frame, Key, alt, chart, svg
from byheart.report.explanations import LOOKS
from byheart.report.palette import ON_COLOUR

_ROW, _BAR = 46, 20
_LEAST_LABELLED = 0.055
"""Smallest share with room for its letter and its number."""
_SIDES = {
    "attribution.": "share of what it predicts, held-out text",
    "attribution.member_": "share of what it predicts, trained-on text",
}


class _Bar(NamedTuple):
    party: Party
    parts: list[tuple[Explanation, Estimate]]


def stacks(record: RunRecord, audit: str) -> Iterator[Figure]:
    """A figure for each side of text: the model, its base and the poles, each as one bar of its explanations.

    Args:
        record: of a run.
        audit: only "attribution" has such shares.
    Returns:
        none where no subject has them.
    """
    if audit != "attribution":
        return
    for prefix, axis in _SIDES.items():
        bars = [_Bar(party, _parts(record, party, prefix)) for party in parties(record) if party.role != MEMORIZER]
        bars = [bar for bar in bars if bar.parts]
        title = _title(record, f"{prefix}explanations")
        if bars and title:
            yield _figure(f"{prefix}shares", title, axis, bars)


def _parts(record: RunRecord, party: Party, prefix: str) -> list[tuple[Explanation, Estimate]]:
    found = ((rung, answer(record, "attribution", party, f"{prefix}{rung}_share")) for rung in EXPLANATIONS)
    return [(rung, it) for rung, it in found if isinstance(it, Estimate)]


def _title(record: RunRecord, name: str) -> str:
    """The finding of the first subject's table."""
    tables = (e for _, e in evidence_of(record, "attribution") if isinstance(e, Table) and e.name == name)
    table = next(tables, None)
    return fmt.shown(table.title, 300) if table is not None else ""


def _figure(name: str, title: str, axis: str, bars: Sequence[_Bar]) -> Figure:
    said = (
        f"{bar.party.label}: " + ", ".join(f"{rung} {fmt.value_and_interval(it)[0]}" for rung, it in bar.parts) + "."
        for bar in bars
    )
    text = f"{title}. " + " ".join(said)
    frames = Frame(width=680, left=16, right=24, top=6), Frame(width=340, left=16, right=16, top=6)
    wide, narrow = (svg(_drawn(axis, bars, frame), _ROW * len(bars), frame, text) for frame in frames)
    looks = {rung: LOOKS[rung] for bar in bars for rung, _ in bar.parts}
    letters = "; ".join(f"{look.letter} {look.meaning}" for look in looks.values())
    return Figure(
        name=name,
        title=title,
        alt=text,
        wide=wide,
        narrow=narrow,
        keys=tuple(
            Key(label=str(rung), colour=it.colour, letter=it.letter, is_line=False) for rung, it in looks.items()
        ),
        columns=("explanation", "subject", "share", "interval", "documents", "blind pole", "excess"),
        rows=tuple((str(rung), *number_row(bar.party, it)) for bar in bars for rung, it in bar.parts),
        note=f"{letters}. The first that says the token counts. The blind pole never saw the trained-on text: what is "
        "explained of it is chance, or the language. Intervals: in the data below.",
    )


def _drawn(axis: str, bars: Sequence[_Bar], frame: Frame) -> list[Any]:
    labels = {"labelExpr": PERCENT_LABELS, "values": [0, 0.25, 0.5, 0.75, 1]}
    x_axis = alt.Axis(title=axis, titlePadding=10, gridColor=GRID, domain=False, ticks=False, **labels)
    x = alt.X("start:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=x_axis)
    layers: list[Any] = []
    for number, bar in enumerate(bars):
        top = _ROW * number
        weight = "bold" if bar.party.role == MODEL else "normal"
        style = {"align": "left", "color": bar.party.text_colour, "fontWeight": weight, "baseline": "middle"}
        name = chart([{"t": fmt.shortened(bar.party.label, 40)}]).mark_text(aria=False, **style)
        layers.append(name.encode(x=alt.value(0), y=alt.value(top + 9), text="t:N"))
        start = 0.0
        for rung, it in bar.parts:
            layers += _part(x, rung, start, it.value, top + 18)
            start += it.value
    return layers


def _part(x: Any, rung: Explanation, start: float, share: float, top: int) -> list[Any]:
    if share <= 0:
        return []
    look = LOOKS[rung]
    row = [{"start": start, "stop": start + share}]
    bar = chart(row).mark_rect(aria=False, fill=look.colour, stroke=PAPER, strokeWidth=1)
    layers = [bar.encode(x=x, x2="stop:Q", y=alt.value(top), y2=alt.value(top + _BAR))]
    if share >= _LEAST_LABELLED:
        label = f"{look.letter} {100 * share:.0f}" if share >= 2 * _LEAST_LABELLED else look.letter
        middle = x.copy()
        middle.shorthand = "middle:Q"
        word = chart([{"middle": start + share / 2, "t": label}]).mark_text(
            aria=False, baseline="middle", color=ON_COLOUR.light
        )
        layers.append(word.encode(x=middle, y=alt.value(top + _BAR / 2), text="t:N"))
    return layers
