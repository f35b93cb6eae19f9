"""The headline as one grid: measure by subject, for the page and for the terminal."""

from dataclasses import dataclass

from byheart.core.controls import control_word
from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import (
    BASE,
    BLIND,
    HEADS,
    LOOKUP,
    MEASURES,
    MODEL,
    Party,
    answer,
    audits,
    measure,
    measures,
    parties,
)
from byheart.report.foreign_names import is_lab

MOST_ROWS = 24
"""Of more measures only the first of an audit and those with an excess stand here; its section has them all."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table ready to show; every cell is safe to show, none is escaped."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: tuple[str, ...] = ()
    """Dotted name of each row's number, as a criterion or `byheart explain` takes it; empty where a row has none."""


def headline_grid(record: RunRecord, *, only_heads: bool = False) -> Grid:
    """Every headline number of the model beside its base, where there is one, the poles, its control and the excess.

    Args:
        record: the run.
        only_heads: of each audit the first number only.
    Returns:
        cells of at most two lines (value, interval), of a control a third that says what it is; a refused or missing
        number says so.
    """
    by_role = {role: _first(record, role) for role in (MODEL, BASE, LOOKUP, BLIND)}
    if by_role[BASE] is None:
        del by_role[BASE]
    rows, dotted = [], []
    is_long = sum(len(_named(measures(record, audit))) for audit in audits(record)) > MOST_ROWS
    for audit in audits(record):
        names = measures(record, audit)
        heads = tuple(name for name in names if name in HEADS) or names[:1]
        for name in heads if only_heads else _named(names):
            if (
                not only_heads
                and is_long
                and name not in HEADS
                and not _has_excess(record, audit, by_role[MODEL], name)
            ):
                continue
            it = _answer(record, audit, by_role[MODEL], name)
            unit = it.unit if isinstance(it, Estimate) else ""
            dotted.append(fmt.shown(name, 100))
            rows.append(
                (
                    _measure(name, unit),
                    *(_cell(record, audit, by_role[role], name) for role in by_role),
                    _control(it, is_lab=is_lab(record)),
                    _excess(it),
                )
            )
        if not names:
            rows.append((fmt.shown(audit, 60).capitalize(), "not measured", *(fmt.EM_DASH,) * (len(by_role) + 1)))
            dotted.append("")
    return Grid(
        title="The model beside the poles",
        columns=("measure", *by_role, "control", "excess"),
        rows=tuple(rows),
        names=tuple(dotted),
    )


def _named(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those that have words of their own, or all where none has."""
    return tuple(name for name in names if name in MEASURES) or names


def _has_excess(record: RunRecord, audit: str, model: Party | None, name: str) -> bool:
    it = _answer(record, audit, model, name)
    return isinstance(it, Estimate) and it.excess is not None


def _first(record: RunRecord, role: str) -> Party | None:
    return next((party for party in parties(record) if party.role == role), None)


def _answer(record: RunRecord, audit: str, party: Party | None, name: str) -> Estimate | Refusal | None:
    return answer(record, audit, party, name) if party is not None else None


def _measure(name: str, unit: str) -> str:
    said = name in MEASURES or not unit or fmt.is_rate(unit)
    return measure(name) if said else f"{measure(name)} ({fmt.shown(unit, 30)})"


def _cell(record: RunRecord, audit: str, party: Party | None, name: str) -> str:
    match _answer(record, audit, party, name):
        case Estimate(low=None) as it:
            return fmt.value_and_interval(it)[0]
        case Estimate() as it:
            return _two_lines(fmt.value_and_interval(it))
        case Refusal():
            return "refused"
        case _:
            return fmt.EM_DASH


def _two_lines(number: tuple[str, str]) -> str:
    """Value over interval; the per cent sign of the value stands for both, which keeps columns narrow."""
    return f"{number[0]}\n{number[1].removesuffix(' %')}"


def _control(it: Estimate | Refusal | None, *, is_lab: bool) -> str:
    if not isinstance(it, Estimate) or it.control is None:
        return fmt.EM_DASH
    value, inside = _two_lines(fmt.bounds(it.control.value, it.control.low, it.control.high, it.unit)).split("\n")
    if it.control.low == it.control.high:  # chance is known exactly
        value, inside = fmt.percent(it.control.value, 1) if fmt.is_rate(it.unit) else f"{it.control.value:g}", ""
    return f"{value}\n{inside}\n{control_word(it.name, is_lab=is_lab)}"


def _excess(it: Estimate | Refusal | None) -> str:
    if not isinstance(it, Estimate) or it.excess is None:
        return fmt.EM_DASH
    return "\n".join(fmt.excess_bounds(it.excess, it.unit))


def could_show(record: RunRecord) -> tuple[tuple[str, str], ...]:
    """Measure by measure, on what sample it rests and what the smallest effect is that this sample finds."""
    return tuple(
        (measure(row.name), f"{fmt.shown(row.sample, 80)}: {fmt.shown(row.said, 300)}.") for row in record.sensitivity
    )
