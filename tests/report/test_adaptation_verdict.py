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


def lab_run(made: float, real: float, *, lookup: float = 0.5, blind: float = 9.0, made_blind: float = 9.0) -> RunRecord:
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
        more = (
            bits("adaptation.seen_bits_per_byte", value, 0.1),
            bits("adaptation.made_seen_bits_per_byte", 0.5 if value == lookup else made_blind, 0.1),
            bits("adaptation.new_domain_gain_bits_per_byte", 0.8 if value == lookup else 1.1, 0.1),
        )
        record = with_more(record, pole, *more)
    return record


def test_without_copies_stands_beside_the_whole() -> None:
    share = dataclasses.replace(bits("adaptation.copied_share", 0.125, 0.05), unit="share")
    record = with_more(sample_run(), MODEL, share, bits(f"{BEYOND}_without_copies", 0.4, 0.1))
    text = said(finding(record))
    assert "12.5 % of the bytes stand in runs of 50 bytes or more" in text
    assert "copies that the tokenizer cuts otherwise are missed" in text
    assert "without them it saves 0.4" in text
    assert "runs of 50 bytes" not in said(finding(sample_run()))


def test_nothing_left_without_copies_is_said() -> None:
    share = dataclasses.replace(bits("adaptation.copied_share", 1.0, 0.0), unit="share")
    refusal = Refusal(name=f"{BEYOND}_without_copies", reason="Every byte of it.")
    assert "nothing is left without them" in said(finding(with_more(sample_run(), MODEL, share, refusal)))


BOTH = "beyond these memorizers (rules over 7 tokens, order 5, longest suffix)"

SPLIT = "yes on made text of its own domain"


@pytest.mark.parametrize(
    ("known", "real", "made", "answer"),
    [
        (0.5, 0.5, 2.0, f"Yes on real text; yes on made text {BOTH}."),
        (-0.5, -0.5, 2.0, f"No on real text after these steps; yes on made text {BOTH}."),
        (0.5, -0.5, 2.0, f"Yes on real text of its own domain, no on that of the new one; yes on made text {BOTH}."),
        (0.05, 0.05, 2.0, f"No evidence of it on real text; yes on made text {BOTH}."),
        (-0.5, -0.5, -2.0, f"No on real text after these steps; {SPLIT}, no on that of the new one {BOTH}."),
        (0.0, 0.0, 0.0, f"No evidence of it on real text; {SPLIT}, no evidence of it on that of the new one {BOTH}."),
    ],
)  # fmt: skip
def test_the_laboratory_answers_for_real_text_first(known: float, real: float, made: float, answer: str) -> None:
    it = finding(with_more(lab_run(made, real), MODEL, bits(BEYOND, known, 0.1)))
    assert it.answer == answer
    assert it.lead.startswith("Real text: on unseen text of what it was trained on")
    lost = "domain, after its steps there, the network loses to the best memorizer by 0.50 bits per byte (95 % interval"
    assert (lost in it.lead) == (real == -0.5)
    assert "no memorizer can" not in said(it)


def test_gain_and_forgetting_stand_beside_the_memorizers() -> None:
    text = said(finding(lab_run(2.0, 0.5)))
    assert "gradient steps bring the network 1.5" in text
    assert "building anew with the same tokens brings the memorizer that is best after 1.2" in text
    assert "the table of the text, built anew, gains 0.8" in text
    assert "an untrained network, by the same steps, gains 1.1" in text
    assert "on the old domain of real text the network needs 0.7" in text
    assert "the table of it needs 0.5" in text


def test_poles_that_do_not_stand_apart_take_the_answer_for_that_text_back() -> None:
    undecided = "where what holds it predicts it no better than a network that never saw it"
    it = finding(with_more(lab_run(2.0, 0.5, lookup=9.5), MODEL, bits(BEYOND, 0.5, 0.1)))
    assert it.answer == f"Undecided on real text, {undecided}; yes on made text {BOTH}."
    near = finding(lab_run(2.0, -0.5, lookup=8.85))
    assert near.answer.startswith("Undecided on real text")  # 8.85 is below 9, the intervals meet
    made = finding(lab_run(2.0, -0.5, made_blind=0.6))
    assert made.answer == f"No on real text after these steps; undecided on made text, {undecided}."
    neither = finding(lab_run(2.0, -0.5, lookup=9.5, made_blind=0.6))
    assert neither.answer.startswith("Undecided: what holds the text predicts it no better")
    assert neither.lead.startswith("Real text")


def test_each_text_rests_on_its_own_documents() -> None:
    real = dataclasses.replace(bits(BEYOND, 0.5, 0.1), n=94)
    new = dataclasses.replace(bits("adaptation.new_domain_bits_beyond_memorizer_per_byte", 0.5, 0.1), n=93)
    made = dataclasses.replace(bits("adaptation.made_bits_beyond_memorizer_per_byte", 2.0, 0.1), n=200)
    made_new = dataclasses.replace(bits("adaptation.made_new_domain_bits_beyond_memorizer_per_byte", 2.0, 0.1), n=200)
    text = said(finding(with_more(lab_run(2.0, 0.5), MODEL, real, new, made, made_new)))
    assert "94 and 93 on real text, 200 on made text" in text


def test_a_table_that_is_told_the_gap_stands_beside_made_text() -> None:
    name = "adaptation.made_new_domain_bits_beyond_told_table_per_byte"
    text = said(finding(with_more(lab_run(2.0, 0.5), MODEL, bits(name, -0.5, 0.1))))
    assert "beside a table of counts that is told the gap" in text
    assert "the network needs more bits by 0.5" in text
    assert "cannot be told apart" in said(finding(with_more(lab_run(2.0, 0.5), MODEL, bits(name, 0.0, 0.1))))


def test_a_number_that_is_missing_is_no_claim() -> None:
    record = with_more(
        lab_run(2.0, 0.5), MODEL, Refusal(name="adaptation.new_domain_bits_beyond_memorizer_per_byte", reason="None.")
    )
    assert finding(record).answer == (
        f"No on real text of its own domain, no evidence of it on that of the new one; yes on made text {BOTH}."
    )
    assert "there is no number" in finding(record).lead


@pytest.mark.parametrize(
    ("blind", "answer"),
    [
        (-1.3, "Yes."),
        (0.05, "Yes."),
        (0.12, "Undecided: the blind pole, a memorizer of other text, may save as much."),
        (0.30, "Undecided: the blind pole, a memorizer of other text, may save as much."),
        (0.84, "Undecided: the blind pole, a memorizer of other text, saves more."),
    ],
)
def test_a_saving_that_a_memorizer_of_other_text_has_too_is_not_beyond_memorizers(blind: float, answer: str) -> None:
    """The model saves 0.3 less and more 0.1, from 0.2 on; the blind pole its value less and more 0.1."""
    record = with_more(sample_run(), MODEL, bits(BEYOND, 0.30, 0.1))
    it = finding(with_more(record, "blind:infinigram", bits(BEYOND, blind, 0.1)))
    assert it.answer == answer
    assert it.question == "Does it predict unseen text better than memorizers of its training text can?"
    assert it.lead.startswith("On unseen text model:demo beats the best memorizer of the given text by 0.3")
    beside = next(detail for detail in it.details if detail.startswith("The blind pole, a memorizer too, saves "))
    assert f"{abs(blind):.1f}" in beside
    assert "is not beyond every one" in beside


def test_without_a_number_of_the_blind_pole_nothing_is_said_of_it() -> None:
    record = with_more(sample_run(), MODEL, bits(BEYOND, 0.30, 0.1))
    it = finding(with_more(record, "blind:infinigram", Refusal(name=BEYOND, reason="Few.")))
    assert it.answer == "Yes."
    assert "blind pole, a memorizer too" not in said(it)
