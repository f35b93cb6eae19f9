import dataclasses

import pytest

from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.result import Completed, Failed, NotApplicable, Result
from byheart.core.run_record import RunRecord
from byheart.report.comparison import BASE
from byheart.report.verdict import Finding, findings
from byheart.stats.claims import rate_beside_control
from tests.report.sample_run import (
    BLIND,
    LOOKUP,
    MODEL,
    bits,
    rate,
    sample_run,
    with_estimate,
    with_evidence,
    with_status,
)

BEYOND = "adaptation.bits_beyond_memorizer_per_byte"


def finding(record: RunRecord, audit: str) -> Finding:
    return next(f for f in findings(record) if f.audit == audit)


def said(it: Finding) -> str:
    return " ".join((it.answer, it.lead, *it.details))


def test_the_verdict_carries_the_numbers_of_the_evidence() -> None:
    it = finding(sample_run(), "extraction")
    assert "7 of 100 (7.0 %, 95 % interval 3.4\N{EN DASH}13.7 %)" in it.lead
    assert "0 of 100 (0 %" in it.details[0]
    assert "+7.0 percentage points" in it.details[0]


def test_the_best_memorizer_is_named() -> None:
    text = said(finding(sample_run(), "adaptation"))
    assert "The best memorizer of the text given as trained on, mixture, needs 3.30 bits per byte" in text


def test_both_poles_stand_beside_the_model() -> None:
    text = said(finding(sample_run(), "extraction"))
    assert "lookup pole, which holds the text: 100 of 100" in text
    assert "blind pole, which never saw it: 0 of 100" in text


MORE_UNSEEN = "Undecided: unseen text comes out more often, so the two sets differ or the control was seen."


@pytest.mark.parametrize(
    ("hits", "control", "answer"),
    [(40, 0, "Yes, some of it."), (2, 1, "No evidence of it."), (0, 30, MORE_UNSEEN), (60, 80, MORE_UNSEEN)],
)
def test_a_claim_of_memory_is_a_claim_about_the_excess(hits: int, control: int, answer: str) -> None:
    record = with_estimate(sample_run(), "extraction", MODEL, rate("extraction.greedy_rate", hits, 100, control, 100))
    assert finding(record, "extraction").answer == answer


def test_a_high_rate_without_control_is_no_evidence() -> None:
    alone = dataclasses.replace(rate("extraction.greedy_rate", 90, 100, 0, 100), control=None, excess=None)
    assert finding(with_estimate(sample_run(), "extraction", MODEL, alone), "extraction").answer == "Undecided."


def test_a_rate_of_few_windows_is_undecided_with_the_number_needed() -> None:
    few = rate_beside_control("extraction.greedy_rate", (3, 3), (0, 1), method="m.")
    it = finding(with_estimate(sample_run(), "extraction", MODEL, few), "extraction")
    assert it.answer == "Undecided."
    assert "3 of 3" in it.lead
    assert "0 of 1" in it.lead
    assert "an excess needs 10 observations on each side; there are 3 and 1." in it.lead


@pytest.mark.parametrize(("saved", "answer"), [(-0.256, "No."), (0.0, "No evidence of it."), (0.31, "Yes.")])
def test_losing_to_the_memorizer_is_said_plainly(saved: float, answer: str) -> None:
    it = finding(with_estimate(sample_run(), "adaptation", MODEL, bits(BEYOND, saved, 0.07)), "adaptation")
    assert it.answer == answer
    assert ("loses to the best memorizer" in it.lead) == (saved < -0.07)
    assert ("beats the best memorizer" in it.lead) == (saved > 0.07)
    assert ("includes zero" in it.lead) == (abs(saved) < 0.07)


def test_poles_that_do_not_stand_apart_are_named() -> None:
    record = with_estimate(sample_run(), "extraction", BLIND, rate("extraction.greedy_rate", 98, 100, 0, 100))
    assert "do not stand apart" in said(finding(record, "extraction"))
    assert "do not stand apart" not in said(finding(sample_run(), "extraction"))


def with_base(hits: int) -> RunRecord:
    """The run with the model's base, without the adapter, beside it."""
    record = sample_run()
    own = next(s for s in record.provenance.subjects if s.role == "model")
    subjects = (*record.provenance.subjects, dataclasses.replace(own, name="base", role=BASE))
    base = Result("extraction", 1, "base", Completed((rate("extraction.greedy_rate", hits, 100, 0, 100),)))
    provenance = dataclasses.replace(record.provenance, subjects=subjects)
    return dataclasses.replace(record, results=(*record.results, base), provenance=provenance)


def test_overlapping_intervals_of_the_same_windows_leave_open_what_the_adapter_changed() -> None:
    text = said(finding(with_base(6), "extraction"))
    assert "overlap, which leaves open whether the adapter changed it: both were asked the same texts" in text
    assert "The intervals stand apart: the adapter made the difference." in said(finding(with_base(60), "extraction"))


def test_copying_more_than_people_do_is_said() -> None:
    record = with_estimate(sample_run(), "novelty", MODEL, rate("novelty.ngram_8_novel_rate", 5, 48, 45, 48))
    assert finding(record, "novelty").answer == "Fewer new runs than in human text."
    assert "smaller share than in human text" in finding(record, "novelty").lead


def test_a_refused_number_gives_its_reason_and_no_claim() -> None:
    refusal = Refusal(name="extraction.greedy_rate", reason="3 windows; 20 would be enough")
    it = finding(with_estimate(sample_run(), "extraction", MODEL, refusal), "extraction")
    assert (it.answer, "3 windows; 20 would be enough" in it.lead) == ("Undecided.", True)


@pytest.mark.parametrize(
    ("status", "words"),
    [(NotApplicable("needs weights"), "needs weights"), (Failed("E", "boom"), "failed with E: boom")],
)
def test_an_audit_without_evidence_says_why(status: NotApplicable | Failed, words: str) -> None:
    it = finding(with_status(sample_run(), "novelty", MODEL, status), "novelty")
    assert (it.answer, words in it.lead) == ("Not measured.", True)


def test_an_audit_that_the_report_does_not_know_gets_a_verdict() -> None:
    record = sample_run()
    new = Estimate(
        name="unheard.copy_gain_bits",
        value=2.5,
        unit="bits",
        low=2.25,
        high=2.75,
        confidence=0.95,
        n=40,
        method="m",
        control=Interval(0.1, -0.1, 0.3),
        excess=Interval(2.4, 2.1, 2.7),
    )
    result = Result("unheard", 1, MODEL, with_evidence(record, "novelty", MODEL, new).results[8].status)
    it = finding(dataclasses.replace(record, results=(*record.results, result)), "unheard")
    assert it.lead.startswith("Copy gain bits: 2.50 bits (95 % interval 2.25\N{EN DASH}2.75) for model:demo")
    assert "Control: 0.1" in it.details[0]


def area(name: str, value: float, half: float) -> Estimate:
    return Estimate(
        name=name,
        value=value,
        unit="AUC",
        low=value - half,
        high=value + half,
        confidence=0.95,
        n=200,
        method="m",
        control=Interval(0.5, 0.5, 0.5),
        excess=Interval(value - 0.5, value - 0.5 - half, value - 0.5 + half),
    )


def with_membership(headline: Estimate | Refusal, blind: float = 0.5) -> RunRecord:
    record = sample_run()
    sides = {MODEL: headline, LOOKUP: area("membership.auc", 0.97, 0.02), BLIND: area("membership.auc", blind, 0.05)}
    gate = area("membership.split_auc", 0.52, 0.06)
    found = tuple(Result("membership", 1, name, Completed((it, gate))) for name, it in sides.items())
    return dataclasses.replace(record, results=(*record.results, *found))


@pytest.mark.parametrize(
    ("value", "answer"),
    [(0.61, "Yes, better than by chance."), (0.52, "No evidence of it."), (0.35, "No: unseen text is likelier to it")],
)
def test_membership_is_a_claim_about_the_excess_over_chance(value: float, answer: str) -> None:
    it = finding(with_membership(area("membership.auc", value, 0.05)), "membership")
    assert it.answer.startswith(answer)
    assert f"{value:.2f} AUC (95 % interval" in it.lead
    assert "A classifier that never sees the model tells the two sets apart with 0.52 AUC" in said(it)
    assert "lookup pole, which holds the text: 0.970 AUC" in said(it)


def test_membership_that_the_blind_pole_has_too_is_undecided() -> None:
    it = finding(with_membership(area("membership.auc", 0.61, 0.05), blind=0.6), "membership")
    assert it.answer.startswith("Undecided: the blind pole")


def test_membership_of_sets_that_differ_by_themselves_is_refused_with_the_gate_beside_it() -> None:
    refusal = Refusal(name="membership.auc", reason="The two sets differ by themselves: tell")
    it = finding(with_membership(refusal), "membership")
    assert it.answer == "Undecided."
    assert "differ by themselves" in it.lead
    assert "A classifier that never sees the model" in said(it)


def test_a_run_of_memorizers_only_has_no_verdict_on_a_model() -> None:
    record = sample_run()
    subjects = tuple(s for s in record.provenance.subjects if s.role != "model")
    results = tuple(r for r in record.results if r.subject in (LOOKUP, BLIND))
    provenance = dataclasses.replace(record.provenance, subjects=subjects)
    assert findings(dataclasses.replace(record, results=results, provenance=provenance)) == ()


def test_what_the_blind_pole_does_too_is_no_finding() -> None:
    mine = rate("extraction.greedy_rate", 40, 48, 5, 48)
    record = with_estimate(sample_run(), "extraction", MODEL, mine)
    assert finding(record, "extraction").answer == "Yes, some of it."
    blind = with_estimate(record, "extraction", BLIND, rate("extraction.greedy_rate", 30, 48, 5, 48))
    assert finding(blind, "extraction").answer.startswith("Undecided: the blind pole")
