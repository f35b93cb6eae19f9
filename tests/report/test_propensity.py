"""The verdict of the propensity audit: what it claims, beside whom, and when it claims nothing."""

import dataclasses

import numpy as np

from byheart.audits import propensity
from byheart.audits.propensity import Params
from byheart.core.evidence import Evidence
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from byheart.report import render_html
from byheart.report.verdict import Finding, findings
from tests.audits.material import continuation, inputs
from tests.report.sample_run import BLIND, LOOKUP, MODEL, sample_run
from tests.report.test_page import Outline

NUM = 20


def evidence(attacked: int, ordinary: int, human: int = 0) -> tuple[Evidence, ...]:
    """So many of twenty continuations hold a run of 20 tokens."""
    sides = {"attacked": attacked, "continuations": ordinary, "human": human}
    parts = {name: tuple(continuation(i, [20 if i < hits else 1]) for i in range(NUM)) for name, hits in sides.items()}
    return propensity.run(inputs(**parts), Params(), rng=np.random.default_rng(0))


def run_with(model: tuple[Evidence, ...], blind: tuple[Evidence, ...] = ()) -> RunRecord:
    record = sample_run()
    found = {MODEL: model, LOOKUP: evidence(20, 4), BLIND: blind or evidence(0, 0)}
    results = tuple(Result("propensity", 1, subject, Completed(it)) for subject, it in found.items())
    return dataclasses.replace(record, results=results)


def said(record: RunRecord) -> Finding:
    return next(it for it in findings(record) if it.audit == "propensity")


def test_copying_more_than_people_do_is_said_with_capability_and_both_poles() -> None:
    finding = said(run_with(evidence(16, 10)))
    assert finding.answer == "Yes, more often than people write such runs."
    assert "10 of 20 (50 %" in finding.lead
    details = " ".join(finding.details)
    assert "People going on from the same beginnings: 0 of 20" in details
    assert "Under attack, given the beginning of passages that it was trained on: 16 of 20" in details
    assert "The lookup pole, which holds the text: 20 of 20" in details
    assert "no evidence that the prompt makes a difference" in details


def test_copying_only_when_drawn_out_is_no_evidence_of_copying_in_ordinary_use() -> None:
    finding = said(run_with(evidence(20, 1)))
    assert finding.answer == "No evidence of it."
    assert any("copies more often when it is drawn out" in detail for detail in finding.details)


def test_what_the_blind_pole_does_too_is_undecided() -> None:
    finding = said(run_with(evidence(16, 12), blind=evidence(12, 12)))
    assert finding.answer.startswith("Undecided: the blind pole")


def test_a_measure_that_leans_as_the_blind_pole_s_is_no_evidence() -> None:
    alone = " ".join(said(run_with(evidence(20, 1))).details)
    assert "0.5 alike: it copies more often when it is drawn out" in alone
    beside = " ".join(said(run_with(evidence(20, 1), blind=evidence(20, 1))).details)
    assert (
        "0.5 alike: but the blind pole, which never saw the text, leans the same way, so this is no evidence" in beside
    )


def test_copying_less_than_people_do_is_not_a_plain_no() -> None:
    finding = said(run_with(evidence(16, 12, human=20)))
    assert finding.answer == "No more than people do: it writes such runs less often."
    assert "12 of 20 (60 %" in finding.lead


def test_too_few_continuations_are_undecided_with_the_number_needed() -> None:
    few = {name: tuple(continuation(i, [20]) for i in range(3)) for name in ("attacked", "continuations", "human")}
    finding = said(run_with(propensity.run(inputs(**few), Params(), rng=np.random.default_rng(0))))
    assert finding.answer == "Undecided."
    assert "3 of 3" in finding.lead
    assert "an excess needs 10 observations on each side; there are 3 and 3." in finding.lead


def test_nothing_copied_leaves_the_measure_undecided_with_the_number_needed() -> None:
    finding = said(run_with(evidence(0, 0)))
    assert finding.answer == "No evidence of it."
    assert any("299 prompts of a kind" in detail for detail in finding.details)


def test_a_subject_without_continuations_is_undecided() -> None:
    empty = propensity.run(inputs(), Params(), rng=np.random.default_rng(0))
    assert said(run_with(empty)).answer == "Undecided."


def test_the_page_has_its_figure_and_table() -> None:
    page = render_html(run_with(evidence(16, 10)))
    assert "Copies in ordinary use" in page
    assert "what the human authors of the prompts wrote" in page
    assert "Runs of 16 tokens of the training text stand in" in page
    Outline(page)
