import dataclasses

import pytest

from byheart.audits.capacity import blind_evidence, evidence, lookup_evidence
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from byheart.report.verdict import Finding, findings
from tests.audits.test_capacity import PARAMS, trainings
from tests.report.sample_run import BLIND, LOOKUP, MODEL, bits, method, sample_run


def finding(share: float = 1.0, capacity: float = 1500) -> Finding:
    made = trainings(capacities=(capacity, capacity), share=share)
    found = ((MODEL, evidence(made, PARAMS)), (LOOKUP, lookup_evidence(PARAMS)), (BLIND, blind_evidence(made, PARAMS)))
    results = tuple(Result("capacity", 1, subject, Completed(one)) for subject, one in found)
    record: RunRecord = dataclasses.replace(
        sample_run(), results=results, methods=(method("capacity", "How many bits does it hold?"),)
    )
    return findings(record)[0]


def test_a_plateau_that_more_steps_do_not_raise_is_said_plainly() -> None:
    said = finding()
    assert said.answer.startswith("3.00 bits per parameter") or said.answer.startswith("3 bits per parameter")
    assert any("hardly raise" in detail for detail in said.details)


def test_a_plateau_that_still_rises_is_a_lower_bound() -> None:
    said = finding(share=0.9)
    assert said.answer.startswith("At least")
    assert any("lower bound" in detail for detail in said.details)
    assert any("up to 4 sequences" in detail for detail in said.details)


def test_the_poles_and_the_chance_level_stand_beside_it() -> None:
    said = " ".join(finding().details)
    assert "Chance level" in said
    assert "a table of all sequences holds 4,032 bits" in said  # 16 * 256 - 16 * 4
    assert "before training" in said


def test_a_ladder_without_a_plateau_decides_nothing() -> None:
    said = finding(capacity=10**6)
    assert said.answer == "Undecided."
    assert "go on to 64 at least" in said.lead


@pytest.mark.parametrize(
    ("half", "gain", "answer"),
    [
        (0.2, 0.0, "3.40 bits per parameter."),
        (0.2, 0.3, "At least 3.2 bits per parameter."),  # 3.4 - 0.2, not 3.4: other seeds may hold less
        (5.0, 0.3, "Undecided: the interval over seeds gives no lower bound."),
    ],
)
def test_a_lower_bound_is_the_lower_end_of_the_interval(half: float, gain: float, answer: str) -> None:
    evidence = (
        bits("capacity.bits_per_parameter", 3.4, half, "bits per parameter"),
        bits("capacity.plateau_bits", 3400, 1000 * half, "bits"),
        bits("capacity.gain_of_doubled_steps", gain, 0.005, "share"),
    )
    record = dataclasses.replace(sample_run(), results=(Result("capacity", 1, MODEL, Completed(evidence)),))
    (it,) = (finding for finding in findings(record) if finding.audit == "capacity")
    assert it.answer == answer
    assert "as far as was tried" in it.lead
