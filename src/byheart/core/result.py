"""What became of an audit on a subject. NaN, 999 and 0.0-for-empty do not exist."""

from dataclasses import dataclass

from byheart.core.evidence import Estimate, Evidence, Refusal
from byheart.core.html_table import html_table


@dataclass(frozen=True)
class Completed:
    """It ran."""

    evidence: tuple[Evidence, ...]
    """In the order in which the report shows it."""


@dataclass(frozen=True)
class NotApplicable:
    """The subject or the material lacks what the audit needs."""

    reason: str
    """What is lacking."""


@dataclass(frozen=True)
class Failed:
    """It raised; the other audits went on."""

    kind: str
    """Class of the error."""
    message: str
    """Its message."""


Status = Completed | NotApplicable | Failed


@dataclass(frozen=True)
class Result:
    """One audit on one subject."""

    audit: str
    """Name of the audit."""
    version: int
    """Version of its statistic; numbers of different versions are not comparable."""
    subject: str
    """Name of the subject."""
    status: Status
    """What became of it."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence, empty unless completed."""
        return self.status.evidence if isinstance(self.status, Completed) else ()

    def estimate(self, name: str) -> Estimate | None:
        """The estimate of that dotted name, or None where it was refused or not computed."""
        return next((e for e in self.evidence if isinstance(e, Estimate) and e.name == name), None)

    def _repr_html_(self) -> str:
        """Its estimates in a notebook, refused ones with the reason; or why there are none."""
        title = f"{self.audit} of {self.subject}"
        match self.status:
            case NotApplicable(reason):
                return html_table(title, ("not applicable",), [(reason,)])
            case Failed(kind, message):
                return html_table(title, ("failed",), [(f"{kind}: {message}",)])
        rows = [
            (e.name, e.value, e.low, e.high, e.control and e.control.value, e.n, e.unit)
            if isinstance(e, Estimate)
            else (e.name, None, None, None, None, None, e.reason)
            for e in self.evidence
            if isinstance(e, Estimate | Refusal)
        ]
        return html_table(
            title, ("estimate", "value", "low", "high", "control", "n", "unit, or why there is none"), rows
        )
