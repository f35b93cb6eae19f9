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

    def of(self, audit: str, subject: str) -> Result | None:
        """The result of one audit on one subject, or None."""
        return next((r for r in self.results if r.audit == audit and r.subject == subject), None)
