"""Which parts of which works come out: one strip for each work, its tested parts marked by how they came out."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from byheart.core.evidence import Cell, Table
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report import palette
from byheart.report.comparison import BASE, BLIND, LOOKUP, MODEL, Party, evidence_of, spoken
from byheart.report.drawing import GRID, INK, PAPER, PERCENT_LABELS, SOFT, Figure, Frame, Key, alt, chart, svg

NAME = "extraction.coverage"
MAX_WORKS = 12
"""Strips drawn, worst first; the data have more."""
_ROW, _BAR = 40, 14
_LEAST_PIXELS = 3.0
"""A part of a long work would be too thin to be seen."""
_YES = "yes"


class _Look(NamedTuple):
    meaning: str
    colour: str
    share: float
    """Of the height of the strip, so that the colour is not the only sign."""


_VERBATIM = _Look("came out word for word", palette.VERBATIM.light, 1.0)
_NEARLY = _Look("nearly word for word", palette.NEARLY.light, 0.75)
_AT_RISK = _Look("at risk, p_z of at least 1/1,000", palette.AT_RISK.light, 0.5)
_KEPT = _Look("tested, did not come out", palette.KEPT.light, 0.2)


class _Part(NamedTuple):
    start: int
    stop: int
    look: _Look


class _Work(NamedTuple):
    name: str
    num_bytes: int
    parts: list[_Part]


def strips(record: RunRecord, audit: str) -> Iterator[Figure]:
    """A figure for the model, and one for its base where there is one.

    Args:
        record: of a run.
        audit: only "extraction" has such a map.
    Returns:
        none where there is no map, or the sizes of the works are not known.
    """
    tables = [(p, e) for p, e in evidence_of(record, audit) if isinstance(e, Table) and e.name == NAME]
    poles = [f"{p.label}: {fmt.shown(e.title, 200)}." for p, e in tables if p.role in (LOOKUP, BLIND)]
    for party, table in tables:
        works = _works(table)
        if party.role in (MODEL, BASE) and works:
            yield _figure(party, table, works, poles)


def _works(table: Table) -> list[_Work]:
    """The works of a map in its order; those whose size is not known are left out."""
    works: dict[str, _Work] = {}
    for document, num_bytes, start, stop, _, *answers in table.rows:
        if isinstance(num_bytes, int) and isinstance(start, int) and isinstance(stop, int) and num_bytes >= stop:
            work = works.setdefault(str(document), _Work(str(document), num_bytes, []))
            work.parts.append(_Part(start, stop, _look(answers)))
    return list(works.values())


def _look(answers: Sequence[Cell]) -> _Look:
    looks = (look for look, answer in zip((_VERBATIM, _NEARLY, _AT_RISK), answers, strict=False) if answer == _YES)
    return next(looks, _KEPT)


def _figure(party: Party, table: Table, works: Sequence[_Work], poles: Sequence[str]) -> Figure:
    drawn = works[:MAX_WORKS]
    title = fmt.shown(f"{party.label}: {spoken(table.title)}", 300)
    text = fmt.shortened(f"{title}. " + " ".join(map(_said, drawn)), 1500)
    frames = Frame(width=680, left=16, right=24, top=6), Frame(width=340, left=16, right=16, top=6)
    wide, narrow = (svg(_drawn(drawn, frame), _ROW * len(drawn), frame, text) for frame in frames)
    used = {part.look for work in drawn for part in work.parts}
    looks = [look for look in (_VERBATIM, _NEARLY, _AT_RISK, _KEPT) if look in used]
    return Figure(
        name=NAME,
        title=title,
        alt=text,
        wide=wide,
        narrow=narrow,
        keys=tuple(Key(label=look.meaning, colour=look.colour, is_line=False) for look in looks),
        columns=tuple(fmt.shown(column, 80) for column in table.columns),
        rows=fmt.columns(table.rows),
        note=f"Where in each work tested passages came out. {_which(len(drawn), len(works))}; the higher a mark, the "
        "more came out: full height word for word, three quarters nearly so, half at risk (p_z of at least 1/1,000), "
        "a low grey mark not at all. What is not marked was not tested: nothing is said of it. A mark is at least 3 "
        f"pixels wide. {' '.join(poles)}".strip(),
    )


def _which(num_drawn: int, num_works: int) -> str:
    """Which works the strips are."""
    if num_drawn == num_works:
        return "Each strip is a whole work" if num_works > 1 else "The strip is the whole work"
    return (
        f"Each strip is a whole work, of {num_works} the {num_drawn} of which most came out; the data have the others"
    )


def _said(work: _Work) -> str:
    """A work and its tested parts in words."""
    counts = {look: sum(part.look == look for part in work.parts) for look in (_VERBATIM, _NEARLY, _AT_RISK, _KEPT)}
    parts = ", ".join(f"{count} {look.meaning}" for look, count in counts.items() if count)
    return f"{fmt.shown(work.name, 80)} ({fmt.size(work.num_bytes)}): {parts}."


def _drawn(works: Sequence[_Work], frame: Frame) -> list[Any]:
    axis = alt.Axis(
        title="place in the work",
        titlePadding=10,
        gridColor=GRID,
        domain=False,
        ticks=False,
        labelExpr=PERCENT_LABELS,
        values=[0, 0.25, 0.5, 0.75, 1],
    )
    x = alt.X("start:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=axis)
    least = _LEAST_PIXELS / frame.plot_width
    room = max(12, frame.plot_width // 8)
    layers: list[Any] = []
    for number, work in enumerate(works):
        top = _ROW * number + 18
        size = fmt.size(work.num_bytes)
        for words, colour, align, place in (
            (_named(work.name, room), INK, "left", 0),
            (size, SOFT, "right", frame.plot_width),
        ):
            word = chart([{"t": words}]).mark_text(aria=False, align=align, baseline="middle", color=colour)
            layers.append(word.encode(x=alt.value(place), y=alt.value(top - 9), text="t:N"))
        layers.append(_mark(x, 0.0, 1.0, (top, top + _BAR), fill=PAPER, stroke=palette.OUTLINE.light))
        for part in work.parts:
            start, stop = part.start / work.num_bytes, part.stop / work.num_bytes
            start = min(start, 1 - least)
            height = _BAR * part.look.share
            bounds = (top + _BAR - height, top + _BAR)
            layers.append(_mark(x, start, max(stop, start + least), bounds, fill=part.look.colour))
    return layers


def _named(name: str, room: int) -> str:
    """A name in so many characters, its middle left out: works of one corpus differ at the end of their names."""
    shown = fmt.shown(name, 2000)
    if len(shown) <= room:
        return shown
    end = (room - 1) * 2 // 3
    return f"{shown[: room - 1 - end]}\N{HORIZONTAL ELLIPSIS}{shown[-end:]}"


def _mark(x: Any, start: float, stop: float, bounds: tuple[float, float], **style: str) -> Any:
    mark = chart([{"start": start, "stop": stop}]).mark_rect(aria=False, **style)
    return mark.encode(x=x, x2="stop:Q", y=alt.value(bounds[0]), y2=alt.value(bounds[1]))
