"""The verdict of the capacity experiment: what it claims is inside its interval."""

import dataclasses

import pytest

from byheart.core.result import Completed, Result
from byheart.report.verdict import findings
from tests.report.sample_run import MODEL, bits, sample_run


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
