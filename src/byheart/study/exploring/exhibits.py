"""The passages that a run's results show, as a person looks through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from byheart.core.evidence import Exhibit
from byheart.core.run_record import RunRecord

OCCURRENCES = "occurrences in the corpus"
Order = Literal["report", "occurrences", "agreement", "document"]
ORDERS: dict[Order, str] = {
    "report": "as in the report",
    "occurrences": "occurrences",
    "agreement": "agreement",
    "document": "document",
}


@dataclass(frozen=True, kw_only=True)
class ShownPassage:
    """One passage of the results."""

    number: int
    """Its place in the results, from 1; stays the same for a run."""
    audit: str
    """Whose evidence it is."""
    subject: str
    """Who was asked."""
    exhibit: Exhibit
    """The passage; its texts are untrusted."""

    @property
    def text(self) -> str:
        """All of it, prompt and continuation."""
        return self.exhibit.given + self.continuation

    @property
    def continuation(self) -> str:
        """What the subject was to go on with."""
        return "".join(token.text for token in self.exhibit.tokens)

    @property
    def is_recited(self) -> bool | None:
        """Whether the subject's most probable token is the right one throughout; None where it was not asked."""
        asked = [token.agrees for token in self.exhibit.tokens if token.agrees is not None]
        return all(asked) if asked else None

    @property
    def agreement(self) -> float:
        """Share of the tokens, in [0, 1], that are the subject's most probable ones; 0 where none was asked."""
        asked = [token.agrees for token in self.exhibit.tokens if token.agrees is not None]
        return sum(asked) / len(asked) if asked else 0.0

    @property
    def num_occurrences(self) -> int | None:
        """In the trained-on text; None where the results do not say."""
        found = dict(self.exhibit.facts).get(OCCURRENCES)
        return int(found) if isinstance(found, int | float) else None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which passages somebody wants to see; what is empty asks for nothing."""

    subject: str = ""
    """Name of a subject."""
    audit: str = ""
    """Name of an audit."""
    recited: Literal["", "yes", "no"] = ""
    """Whether every token agrees."""
    least_occurrences: int = 0
    """At least so many in the trained-on text."""
    words: str = ""
    """Stands in the passage or in its document's name, whatever the case of its letters."""
    order: Order = "report"
    """How they are sorted; equals stay in the order of the report."""

    def admits(self, passage: ShownPassage) -> bool:
        """Whether a passage is wanted."""
        words = self.words.casefold()
        return (
            self.subject in ("", passage.subject)
            and self.audit in ("", passage.audit)
            and (not self.recited or passage.is_recited is (self.recited == "yes"))
            and (not self.least_occurrences or (passage.num_occurrences or 0) >= self.least_occurrences)
            and (not words or words in passage.text.casefold() or words in passage.exhibit.document.casefold())
        )


_KEYS: dict[Order, Callable[[ShownPassage], object]] = {
    "occurrences": lambda passage: -(passage.num_occurrences or 0),
    "agreement": lambda passage: -passage.agreement,
    "document": lambda passage: (passage.exhibit.document, passage.exhibit.start_byte),
}


def shown_passages(record: RunRecord) -> tuple[ShownPassage, ...]:
    """All passages of a run: the model's first, each subject's in the order of its evidence."""
    found = [
        (result.audit, result.subject, evidence)
        for result in record.results
        for evidence in result.evidence
        if isinstance(evidence, Exhibit)
    ]
    return tuple(
        ShownPassage(number=number, audit=audit, subject=subject, exhibit=exhibit)
        for number, (audit, subject, exhibit) in enumerate(found, start=1)
    )


def chosen(passages: Sequence[ShownPassage], wanted: Wanted) -> list[ShownPassage]:
    """Those that are wanted, sorted as asked."""
    kept = [passage for passage in passages if wanted.admits(passage)]
    key = _KEYS.get(wanted.order)
    return kept if key is None else sorted(kept, key=key)  # type: ignore[arg-type]
