"""The attribution audit on the page: bars, passages, a verdict."""

import dataclasses
import re

import numpy as np
import pytest

from byheart.audits import attribution
from byheart.core.evidence import Evidence, Refusal
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from byheart.report import render_html
from byheart.report.explanations import LOOKS
from byheart.report.verdict import Finding, findings
from tests.audits.material import inputs, ladder, window
from tests.report.sample_run import BLIND, LOOKUP, MODEL, sample_run
from tests.report.test_page import HOSTILE, Outline

PARAMS = attribution.Params()


def evidence(*, right: bool = True, unrelated: bool = True, decode: str = "") -> tuple[Evidence, ...]:
    """Of twelve windows: of four tokens one is stored, one of the infinigram, two are beyond."""
    beside = ladder(4, unrelated=unrelated, knowledge=[14, -1, -1, -1], infinigram=[0, 21, 0, 0], markov=[0] * 4)
    sides = [("control", "c"), ("member", "m")]
    odds = 0.5 if right else 0.1
    windows = [window(role, f"{n}{i}", odds, agrees=right, ladder=beside) for role, n in sides for i in range(6)]
    given = (
        dataclasses.replace(inputs(windows=tuple(windows)), decode=(lambda _: decode))
        if decode
        else inputs(windows=tuple(windows))
    )
    return attribution.run(given, PARAMS, rng=np.random.default_rng(0))


def run_with(of_model: tuple[Evidence, ...]) -> RunRecord:
    record = sample_run()
    other = {LOOKUP: evidence(), BLIND: evidence(right=False, unrelated=False)}
    added = tuple(
        Result("attribution", 1, subject, Completed(found)) for subject, found in ({MODEL: of_model} | other).items()
    )
    return dataclasses.replace(record, results=(*record.results, *added))


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(run_with(evidence()))


def said(record: RunRecord) -> Finding:
    return next(it for it in findings(record) if it.audit == "attribution")


def figures(page: str) -> list[str]:
    return [f for f in re.findall("<figure.*?</figure>", page, re.DOTALL) if "no rung says" in f or "stored run" in f]


def test_each_side_has_its_bars_with_text_and_data(page: str) -> None:
    held_out, trained_on = figures(page)
    assert "<figcaption>Held-out text: no rung says" in held_out
    assert "<figcaption>Trained-on text: a stored run" in trained_on
    for figure in (held_out, trained_on):
        assert re.search('aria-label="[^"]*knowledge 25', figure)
        assert all(look.colour.lower() in figure.lower() for rung, look in LOOKS.items() if rung != "boolean")
        assert ">boolean</th>" not in figure  # it was not built, and no bar may claim that it explains nothing
        assert figure.count(">knowledge</th>") == 3  # the model and both poles


def test_bars_carry_letters_so_that_colour_is_not_the_only_sign(page: str) -> None:
    assert ">K 25<" in figures(page)[0]
    assert ">+ 50<" in figures(page)[0]


def test_passages_are_coloured_by_explanation_with_a_legend(page: str) -> None:
    section = page.partition('<section id="explained"')[2].partition("</section>")[0]
    for look in LOOKS.values():
        assert look.meaning in section
    assert re.search('<b class="letter">K</b><span class="why" data-why="K"', section)
    assert '[data-why="K"]' in page.partition("</style>")[0]
    # Two tokens beyond in a row share one letter.
    (first, *_) = re.findall("<article>.*?</article>", section, re.DOTALL)
    assert first.count('<b class="letter">+</b>') == 1
    assert first.count('data-why="+"') == 2
    Outline(page)


def test_a_run_without_the_audit_has_no_such_section() -> None:
    assert 'id="explained"' not in render_html(sample_run())


def test_hostile_tokens_are_harmless_in_explained_passages() -> None:
    hostile = render_html(run_with(evidence(right=False, decode=HOSTILE)))
    outline = Outline(hostile)
    assert "script" not in {tag for tag, _ in outline.tags}
    assert "\x1b" not in hostile
    assert "\u202e" not in hostile


def test_the_verdict_is_about_what_is_foreseen_beyond_the_floor() -> None:
    finding = said(run_with(evidence()))
    assert finding.answer == "Yes, more often than by accident."
    assert "model:demo foresees 50" in finding.lead
    assert any("The blind pole" in detail and "Excess: +50" in detail for detail in finding.details)
    assert any("Trained-on text" in detail or "On trained-on text" in detail for detail in finding.details)
    assert any("How sure" in detail and "6 documents" in detail for detail in finding.details)


def test_foreseeing_nothing_is_no_evidence() -> None:
    assert said(run_with(evidence(right=False))).answer == "No evidence of it."


def test_a_number_that_the_sample_cannot_carry_is_undecided() -> None:
    refusal = Refusal(name="attribution.beyond_share", reason="An interval needs windows of 5 documents; there are 2.")
    finding = said(run_with((refusal,)))
    assert finding.answer == "Undecided."
    assert "5 documents" in finding.lead


def test_other_passages_stay_where_they_are(page: str) -> None:
    worst = page.partition('<section id="passages"')[2].partition("</section>")[0]
    assert 'class="why"' not in worst
    assert "Recited to the last token" in worst
