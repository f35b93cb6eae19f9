"""What is said of adaptation: of a given model, and of the laboratory's networks."""

import dataclasses

import pytest

from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from byheart.report.verdict import Finding, findings
from tests.report.sample_run import MODEL, bits, sample_run

BEYOND = "adaptation.bits_beyond_memorizer_per_byte"


def finding(record: RunRecord) -> Finding:
    return next(it for it in findings(record) if it.audit == "adaptation")


def said(it: Finding) -> str:
    return " ".join((it.answer, it.lead, *it.details))


def with_more(record: RunRecord, subject: str, *more: Estimate | Refusal) -> RunRecord:
    """The run in which that subject's adaptation has other or further evidence."""
    results = []
    for result in record.results:
        if (result.audit, result.subject) == ("adaptation", subject):
            names = {one.name for one in more}
            kept = tuple(one for one in result.evidence if one.name not in names)
            result = Result(result.audit, result.version, result.subject, Completed((*kept, *more)))
        results.append(result)
    return dataclasses.replace(record, results=tuple(results))


def gain(name: str, value: float, control: float) -> Estimate:
    it = bits(name, value, 0.1)
    between = Interval(value - control, value - control - 0.2, value - control + 0.2)
    return dataclasses.replace(it, control=Interval(control, control - 0.1, control + 0.1), excess=between)


def lab_run(made: float, real: float, *, lookup: float = 0.5, blind: float = 9.0) -> RunRecord:
    """A run of the laboratory: so many bits are saved over the re-fitted memorizers on each kind of text."""
    own = (
        bits("adaptation.made_bits_beyond_memorizer_per_byte", 2.0, 0.1),
        bits("adaptation.made_new_domain_bits_beyond_memorizer_per_byte", made, 0.1),
        bits(BEYOND, -0.2, 0.1),
        bits("adaptation.new_domain_bits_beyond_memorizer_per_byte", real, 0.1),
        gain("adaptation.new_domain_gain_bits_per_byte", 1.5, 1.25),
        bits("adaptation.forgetting_bits_per_byte", 0.75, 0.1),
    )
    record = with_more(sample_run(), MODEL, *own)
    for pole, value in (("lookup:infinigram", lookup), ("blind:infinigram", blind)):
        record = with_more(record, pole, bits("adaptation.seen_bits_per_byte", value, 0.1))
    return record


def test_without_copies_stands_beside_the_whole() -> None:
    share = dataclasses.replace(bits("adaptation.copied_share", 0.125, 0.05), unit="share")
    record = with_more(sample_run(), MODEL, share, bits(f"{BEYOND}_without_copies", 0.4, 0.1))
    text = said(finding(record))
    assert "12.5 % of the bytes stand in runs of 50 bytes or more" in text
    assert "without them it saves 0.4" in text
    assert "runs of 50 bytes" not in said(finding(sample_run()))


def test_nothing_left_without_copies_is_said() -> None:
    share = dataclasses.replace(bits("adaptation.copied_share", 1.0, 0.0), unit="share")
    refusal = Refusal(name=f"{BEYOND}_without_copies", reason="Every byte of it.")
    assert "nothing is left without them" in said(finding(with_more(sample_run(), MODEL, share, refusal)))


@pytest.mark.parametrize(
    ("made", "real", "answer"),
    [
        (2.0, 0.5, "Yes, on made text and on real text."),
        (2.0, -0.5, "Yes on made text; on real text no, not after these steps."),
        (2.0, 0.05, "Yes on made text; on real text there is no evidence of it."),
        (-2.0, -0.5, "No."),
        (0.0, 0.0, "No evidence of it."),
    ],
)
def test_the_laboratory_answers_for_both_kinds_of_text(made: float, real: float, answer: str) -> None:
    it = finding(lab_run(made, real))
    assert it.answer == answer
    assert ("loses to the best memorizer by 0.5" in it.lead) == (real == -0.5)
    assert "Real text: on unseen text of what it was trained on it loses to the best memorizer by 0.2" in it.lead


def test_gain_and_forgetting_stand_beside_the_memorizers() -> None:
    text = said(finding(lab_run(2.0, 0.5)))
    assert "gradient steps bring the network 1.5" in text
    assert "building anew with the same tokens brings the mixture 1.2" in text
    assert "on the old domain of real text the network needs 0.7" in text
    assert "the table of it needs 0.5" in text


def test_poles_that_do_not_stand_apart_take_the_answer_back() -> None:
    it = finding(lab_run(2.0, 0.5, lookup=9.5))
    assert it.answer.startswith("Undecided: what holds the text predicts it no better")
    assert it.lead.startswith("Made text")


def test_a_number_that_is_missing_is_no_claim() -> None:
    record = with_more(
        lab_run(2.0, 0.5), MODEL, Refusal(name="adaptation.new_domain_bits_beyond_memorizer_per_byte", reason="None.")
    )
    assert finding(record).answer == "Yes on made text; on real text there is no evidence of it."
    assert "there is no number" in finding(record).lead
