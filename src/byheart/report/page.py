"""A run as one static page: no scripts, nothing external, every foreign string made visible and escaped."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jinja2
import markupsafe

from byheart.core.evidence import Estimate, Refusal, Series, Table
from byheart.core.judgement import GateRecord
from byheart.core.progress import Progress, silent
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import (
    BEYOND,
    MEMORIZER,
    answer,
    audits,
    evidence_of,
    head_measure,
    measure,
    measures,
    model_of,
    parties,
    spoken,
)
from byheart.report.dots import compared, dots, number_row
from byheart.report.drawing import Figure, unchecked
from byheart.report.explanations import look_rules
from byheart.report.figures import curves
from byheart.report.foreign_names import is_lab
from byheart.report.gate import gate_table
from byheart.report.glance import controls_drawn, facts, glances
from byheart.report.palette import dark_rules
from byheart.report.passages import passages
from byheart.report.redaction import Redaction, redacted
from byheart.report.stacks import stacks
from byheart.report.standing import Grid, could_show, headline_grid
from byheart.report.strips import NAME as COVERAGE
from byheart.report.strips import strips
from byheart.report.tables import table_grid
from byheart.report.tested import answered_on, asked, not_asked, untested
from byheart.report.verdict import findings

MAX_MEMORIZER_LINES = 2
"""Lines of memorizers beside the poles in one figure; of more none is drawn, so that the model's are seen."""
EVERYONE = ("novelty.validity_against_novelty",)
"""Figures that have a line of every memorizer, however many: they are of short lines far from the model's."""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What one audit shows beside its verdict."""

    audit: str
    question: str
    figures: tuple[Figure, ...]
    tables: tuple[Grid, ...]
    """Of the first subject that has any."""
    other_tables: tuple[Grid, ...]
    """Of the other subjects, without those that say the same again."""
    numbers: Grid


def render_html(
    record: RunRecord,
    *,
    gate: GateRecord | None = None,
    redaction: Redaction | None = None,
    on_progress: Progress = silent,
) -> str:
    """The page of a run.

    Args:
        record: everything that the run folder says; its strings may be hostile.
        gate: what criteria say of the run; None for a page without a gate.
        redaction: what is left out; nothing unless given.
        on_progress: hears of the stage "draw the report", audit by audit.
    Returns:
        one HTML document that can be encoded as UTF-8; equal records give equal bytes.
    Cost: about a tenth of a second per figure.
    """
    redaction = redaction or Redaction()
    shown = redacted(record, gate, redaction)
    record, gate = shown.record, shown.gate
    with unchecked():
        chapters = list(_chapters(record, on_progress))
    chapters = [c for c in chapters if c.figures or c.tables or c.numbers.rows]
    model, found = model_of(record), findings(record)
    is_laboratory = is_lab(record)
    answers = glances(record, found, is_lab=is_laboratory)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=fmt.shown(record.title, 200),
            model=model,
            is_lab=is_laboratory,
            facts=facts(record, model, is_lab=is_laboratory),
            redaction=redaction,
            gate=None if gate is None else gate_table(gate),
            glances=answers,
            controls=controls_drawn(answers),
            findings=found,
            dark_rules=markupsafe.Markup(dark_rules()),
            look_rules=markupsafe.Markup(look_rules()),
            headline=headline_grid(record),
            tested=answered_on(record),
            not_asked=not_asked(record),
            untested=tuple(untested(record)),
            could_show=could_show(record),
            notes=tuple(fmt.shown(spoken(note), 1000) for note in record.notes[:50]),
            passages=passages(record),
            chapters=tuple(c for c in chapters if c.audit not in BEYOND),
            beyond=tuple(c for c in chapters if c.audit in BEYOND),
            methods=tuple(_methods(record)),
            limits=tuple(_limits(record)),
            provenance=record.provenance,
            settings=_settings(record),
            subjects=_subjects(record),
        )
    )


def _chapters(record: RunRecord, on_progress: Progress) -> Iterator[Chapter]:
    names = audits(record)
    for done, audit in enumerate(names):
        on_progress("draw the report", done, len(names), audit)
        yield _chapter(record, audit)
    on_progress("draw the report", len(names), len(names))


def environment() -> jinja2.Environment:
    """Templates with everything escaped and nothing undefined."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("byheart.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["tie"] = _tie
    environment.filters["tie_within"] = _tie_within
    environment.filters["shown"] = fmt.shown
    return environment


_TOGETHER = re.compile(r"\(?[+\N{MINUS SIGN}]?\d[\d.,]*(?:\N{EN DASH}\d[\d.,]*)?(?: %)?[),.;]*")


def _tie(text: str) -> markupsafe.Markup:
    """The escaped text, with numbers kept on one line with their range and per cent sign; the characters stay."""
    escaped, end = markupsafe.Markup(""), 0
    for match in _TOGETHER.finditer(text):
        escaped += text[end : match.start()]
        escaped += markupsafe.Markup('<span class="tied">{}</span>').format(match[0])
        end = match.end()
    return escaped + text[end:]


def _tie_within(text: str) -> str:
    """As `_tie`, for a cell: most are a number alone, which a cell keeps on one line without a quarter of the page."""
    return text if _TOGETHER.fullmatch(text) else _tie(text)


def _chapter(record: RunRecord, audit: str) -> Chapter:
    found = [(party, e) for party, e in evidence_of(record, audit) if isinstance(e, Table) and e.rows]
    # The map of the works is drawn, with its rows beside it.
    tables = [(party, table) for party, table in found if table.name != COVERAGE]
    first = [(party, table) for party, table in tables if party == tables[0][0]]
    known = [table for _, table in first]
    others = []
    for party, table in tables[len(first) :]:
        if table not in known:
            known.append(table)
            others.append((party, table))
    return Chapter(
        audit=fmt.shown(audit, 60),
        question=asked(record, audit),
        figures=tuple(_figures(record, audit)),
        tables=tuple(table_grid(party, table) for party, table in first),
        other_tables=tuple(table_grid(party, table) for party, table in others),
        numbers=_numbers(record, audit),
    )


def _figures(record: RunRecord, audit: str) -> Iterator[Figure]:
    name = head_measure(record, audit)
    if name is not None:
        found = ((party, answer(record, audit, party, name)) for party in parties(record))
        answers = [(party, it) for party, it in found if isinstance(it, Estimate)]
        answers = [pair for pair in answers if pair[1].unit == answers[0][1].unit]
        if len(answers) > 1:
            yield dots(name, compared(name, answers), answers)
    yield from stacks(record, audit)
    yield from strips(record, audit)
    drawable = [
        (party, e)
        for party, e in evidence_of(record, audit)
        if isinstance(e, Series) and any(line.points for line in e.lines)
    ]
    for name in dict.fromkeys(series.name for _, series in drawable):
        shared = [(party, series) for party, series in drawable if series.name == name]
        few = [(party, series) for party, series in shared if party.role != MEMORIZER]
        if few and name not in EVERYONE and len(shared) - len(few) > MAX_MEMORIZER_LINES:
            figure = curves(few)
            note = f"{figure.note} Memorizers beside the poles: results.jsonl.".strip()
            yield dataclasses.replace(figure, note=note)
        else:
            yield curves(shared)


def _numbers(record: RunRecord, audit: str) -> Grid:
    rows, dotted = [], []
    for name in measures(record, audit):
        method = ""
        for party in parties(record):
            match answer(record, audit, party, name):
                case Estimate() as it:
                    unit = (
                        ""
                        if fmt.is_rate(it.unit) or it.unit in measure(name).lower()
                        else f" ({fmt.shown(it.unit, 40)})"
                    )
                    said = "as above" if it.method == method else fmt.shown(spoken(it.method), 300)
                    method = it.method
                    rows.append((f"{measure(name)}{unit}", *number_row(party, it), said))
                case Refusal(reason=reason):
                    rows.append((measure(name), party.label, "refused", fmt.shown(reason, 300), *(fmt.EM_DASH,) * 4))
                case None:
                    continue
            dotted.append("" if name in dotted else fmt.shown(name, 100))
    columns = ("measure", "subject", "value", "interval", "n", "control", "excess", "method")
    return Grid(title="All numbers of this audit", columns=columns, rows=tuple(rows), names=tuple(dotted))


def _methods(record: RunRecord) -> Iterator[dict[str, Any]]:
    for method in record.methods:
        yield {
            "name": f"{fmt.shown(method.audit, 60)}, version {method.version}",
            "question": fmt.shown(method.question, 300),
            "parts": tuple((fmt.shown(h, 60), fmt.shown(text, 8000)) for h, text in method.parts.items()),
            "params": tuple((fmt.shown(name, 80), fmt.cell(value)) for name, value in method.params.items()),
        }


def _limits(record: RunRecord) -> Iterator[tuple[str, str]]:
    for method in record.methods:
        for heading in ("Assumptions", "Fails when"):
            if method.parts.get(heading):
                yield (
                    f"{fmt.shown(method.audit, 60).capitalize()}, {heading.lower()}",
                    fmt.shown(method.parts[heading], 3000),
                )


def _settings(record: RunRecord) -> tuple[tuple[str, str], ...]:
    it = record.provenance
    texts = ((kind, texts) for kind, texts in (("Trained-on text", it.trained_on), ("Held-out text", it.held_out)))
    packages = ", ".join(f"{name} {version}" for name, version in it.packages.items())
    return (
        *((kind, ", ".join(_told(name, value) for name, value in text.items())) for kind, text in texts),
        ("Tokenizer", fmt.shown(it.tokenizer, 100)),
        ("Seed", str(it.seed)),
        *([("Day of the audit", fmt.shown(f"{it.date} (UTC)", 40))] if it.date else ()),
        ("Time of the audit", f"{fmt.number(it.seconds, 1)} seconds"),
        ("Software", fmt.shown(f"byheart {it.byheart}, Python {it.python}, {packages}", 1000)),
        ("Machine", fmt.shown(it.platform, 200)),
    )


def _told(name: str, value: str | int) -> str:
    """A name and its value; of a pseudonym, which begins with the name, it alone."""
    said = fmt.cell(value)
    return said if said.startswith(f"{name} ") else f"{fmt.shown(name, 60)} {said}"


def _subjects(record: RunRecord) -> Grid:
    rows = tuple(
        (
            fmt.shown(it.name, 80),
            fmt.shown(it.role, 40),
            fmt.shown(it.access, 60),
            fmt.size(it.size_bytes),
            fmt.number(it.scored_tokens, 0),
            fmt.number(speed, 0) if (speed := it.scored_tokens_per_second) is not None else "from the journal",
            fmt.shown(it.fingerprint[:16], 16),
        )
        for it in record.provenance.subjects
    )
    columns = ("subject", "role", "access", "size", "tokens scored", "tokens per second", "fingerprint")
    return Grid(title="Subjects", columns=columns, rows=rows)
