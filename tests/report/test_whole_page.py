"""A page of everything: its size where a run is as large as the standard profile makes it, and its methods."""

import dataclasses
import html
from dataclasses import asdict

import numpy as np
import pytest

from byheart.audits import AUDITS
from byheart.core.audit import METHOD_HEADINGS
from byheart.core.evidence import Evidence, Exhibit, Table
from byheart.core.provenance import SubjectProvenance
from byheart.core.result import Completed, Result
from byheart.core.run_record import Method, RunRecord
from byheart.report import render_html
from byheart.study.lab import AXES
from tests.audits.test_laws import some_inputs
from tests.report.sample_run import LOOKUP, MODEL, passage, sample_run

NAMES = ("infinigram", "knowledge", "automaton", "markov", "boolean", "mixture")
OTHERS = (LOOKUP, "blind:infinigram", *(f"memorizer:{name}" for name in NAMES), "distinct:automaton", "distinct:markov")
MOST_BYTES = 3_000_000


def methods() -> tuple[Method, ...]:
    audits = [(it.name, it.version, it.question, it.method(), it.profiles["standard"]) for it in AUDITS]
    axes = [(it.name, it.version, it.question, it.method(), it.profiles["standard"]) for it in AXES]
    return tuple(
        Method(
            audit=name,
            version=version,
            question=question,
            parts=parts,
            params={key: str(value) for key, value in asdict(params).items()},
        )
        for name, version, question, parts, params in audits + axes
    )


def test_the_six_headings_of_every_audit_and_axis_stand_on_the_page_word_for_word() -> None:
    record = dataclasses.replace(sample_run(), results=(), methods=methods())
    page = html.unescape(render_html(record))
    for it in methods():
        assert tuple(it.parts) == METHOD_HEADINGS
        for heading, text in it.parts.items():
            assert f"<dt>{heading}</dt><dd>{text}</dd>" in page, (it.audit, heading)


def of_everything() -> RunRecord:
    """Every audit on as many subjects as an audit builds, with passages and the map of the works at their largest."""
    base = sample_run()
    roles = {MODEL: "model", LOOKUP: "lookup pole", "blind:infinigram": "blind pole"}
    template = base.provenance.subjects[0]
    subjects: tuple[SubjectProvenance, ...] = tuple(
        dataclasses.replace(template, name=name, role=roles.get(name, "memorizer")) for name in (MODEL, *OTHERS)
    )
    works = Table(
        name="extraction.coverage",
        title="20 of 400 works have a tested part that comes out word for word; 6.8 % of their text was tested",
        columns=("document", "document, bytes", "from byte", "to byte", "occurrences", "word for word", "near", "p_z"),
        rows=tuple(
            (f"works/{work:03}.txt", 90_000, 900 * part, 900 * part + 200, 1, "yes", "no", "no")
            for work in range(20)
            for part in range(60)
        ),
    )
    exhibits = tuple(dataclasses.replace(passage(i), tokens=12 * passage(i).tokens) for i in range(12))
    found: dict[str, tuple[Evidence, ...]] = {}
    for audit in AUDITS:
        evidence = audit.run(some_inputs(), audit.profiles["standard"], rng=np.random.default_rng(3))
        kept = tuple(e for e in evidence if e.name != works.name and not isinstance(e, Exhibit))
        found[audit.name] = (*kept, works, *exhibits) if audit.name == "extraction" else kept
    results = tuple(
        Result(audit.name, audit.version, subject.name, Completed(found[audit.name]))
        for subject in subjects
        for audit in AUDITS
    )
    provenance = dataclasses.replace(base.provenance, subjects=subjects)
    return dataclasses.replace(base, results=results, methods=methods(), provenance=provenance)


@pytest.mark.slow
def test_a_standard_run_of_every_audit_on_every_subject_fits_into_an_e_mail() -> None:
    page = render_html(of_everything())
    assert len(page.encode()) < MOST_BYTES
    assert page.count("<figure ") > 15
