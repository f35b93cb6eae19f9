"""What a gate says: criteria of whoever decides, held against the numbers of a run. Audits never judge."""

from dataclasses import dataclass
from enum import StrEnum

from byheart.core.evidence import Interval


class Outcome(StrEnum):
    """What became of a criterion, or of a whole gate."""

    PASSED = "passed"
    """The number, or the bound of its interval that was asked for, keeps the limit."""
    FAILED = "failed"
    """It does not."""
    UNDECIDED = "undecided"
    """There is no such number, it was refused, or its interval does not decide."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One criterion held against a run."""

    criterion: str
    """As it was written, for example "extraction.greedy_excess.high <= 0.001"; untrusted."""
    name: str
    """Dotted name of the estimate that it is about."""
    subject: str
    """Whose number; the model under test unless the criterion says otherwise."""
    outcome: Outcome
    """What became of it."""
    found: float | None
    """The number that was compared; None where there is none."""
    limit: float
    """What it was compared with, the tolerance and a baseline's number counted in."""
    unit: str
    """Of both; empty where there is no number."""
    interval: Interval | None
    """Of the estimate (or of its excess or control, where the criterion is about these)."""
    said: str
    """One sentence: what was found beside what was asked, or why nothing decides."""
    why: str
    """The reason that whoever wrote the criterion gave for it; untrusted, may be empty."""


@dataclass(frozen=True, kw_only=True)
class GateRecord:
    """A gate held against a run."""

    outcome: Outcome
    """FAILED where a criterion failed, else UNDECIDED where one is undecided, else PASSED."""
    judgements: tuple[Judgement, ...]
    """In the order of the criteria."""
    criteria: str
    """Name and fingerprint of the file, untrusted."""
    baseline: str
    """Name of the run that tolerances are relative to; empty where there is none."""
