"""A finished run as its readers see it: the report, the gate and the exports need this and nothing else."""

from dataclasses import dataclass

from byheart.core.provenance import Provenance
from byheart.core.result import Result


@dataclass(frozen=True, kw_only=True)
class Method:
    """How an audit measured, in its own words."""

    audit: str
    """Name of the audit."""
    version: int
    """Version of its statistic."""
    question: str
    """One sentence."""
    parts: dict[str, str]
    """The six parts of its module docstring, by heading (core/audit.py: METHOD_HEADINGS)."""
    params: dict[str, str | int | float | None]
    """The sizes and settings that ran."""


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What a sample can show of one claim: the smallest effect that it finds in four of five studies."""

    name: str
    """Dotted name of the estimate."""
    sample: str
    """Of what and how many, in words."""
    smallest: float | None
    """In `unit`; None where no effect is found so often."""
    unit: str
    """Of `smallest`: that of the estimate, or standard deviations where its spread is not known before the run."""
    said: str
    """One sentence."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One 'more than chance' (or less) of the headline, among all that a study makes of its model."""

    name: str
    """Dotted name of the estimate whose excess is claimed."""
    p_value: float
    """Two-sided; at most 0.05 where the 95 % interval of the excess leaves 0 out."""
    adjusted_p_value: float
    """The same after Holm's correction over all claims of the study."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Everything that a run folder says."""

    title: str
    """What was audited, in a few words."""
    results: tuple[Result, ...]
    """Every audit on every subject: the model first, then the poles and memorizers."""
    methods: tuple[Method, ...]
    """One per audit, in reading order."""
    provenance: Provenance
    """Where the numbers come from; `provenance.subjects` has everyone's role, the model under test first."""
    notes: tuple[str, ...] = ()
    """What a reader must know of this very run, for example "3 held-out documents stood in the corpus and were left
    out"."""
    sensitivity: tuple[Sensitivity, ...] = ()
    """What the samples of this run could have shown of the model."""
    claims: tuple[Claim, ...] = ()
    """Of the headline on the model, corrected for being several."""

    def of(self, audit: str, subject: str) -> Result | None:
        """The result of one audit on one subject, or None."""
        return next((r for r in self.results if r.audit == audit and r.subject == subject), None)
