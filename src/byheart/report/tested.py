"""What was and was not tested: whom each question was asked, what was asked of nobody, and why a number is missing."""

from collections.abc import Iterator

from byheart.core.evidence import Refusal
from byheart.core.result import Completed
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import MEMORIZER, audits, measure, parties, spoken, why_missing
from byheart.report.foreign_names import is_lab
from byheart.report.verdict import QUESTIONS

_LAB_ONLY = ("capacity", "complexity")
"""Audits of networks that are trained for them, which no run of a given model lacks."""


def asked(record: RunRecord, audit: str) -> str:
    """The question of an audit, in its own words where it has any."""
    method = next((m for m in record.methods if m.audit == audit), None)
    return fmt.shown(method.question if method else audit, 200)


def answered_on(record: RunRecord) -> tuple[tuple[str, str], ...]:
    """Audit by audit: the question, and on whom it was answered; "as above" where it is the same list once more."""
    rows, above = [], ""
    for audit in audits(record):
        done = [
            party.label
            for party in parties(record)
            if (result := record.of(audit, party.name)) and isinstance(result.status, Completed)
        ]
        who = ", ".join(done) or "no one"
        rows.append((asked(record, audit), "as above" if len(done) > 1 and who == above else who))
        above = who
    return tuple(rows)


def not_asked(record: RunRecord) -> tuple[str, ...]:
    """Questions that byheart has and this run did not ask; none of an experiment, which asks what it was made for."""
    if is_lab(record):
        return ()
    ran = audits(record)
    return tuple(f"{question} ({audit})" for audit, question in QUESTIONS.items() if audit not in (*ran, *_LAB_ONLY))


def untested(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Everything that has no number, and why; subjects that lack the same for the same reason together."""
    found: dict[tuple[str, str], list[str]] = {}
    for audit in audits(record):
        for party in parties(record):
            result = record.of(audit, party.name)
            if result is None and party.role == MEMORIZER:  # of another experiment of the same run
                continue
            if result is None or not isinstance(result.status, Completed):
                found.setdefault((f"{fmt.shown(audit, 60)} on", why_missing(result)), []).append(party.label)
                continue
            for it in result.evidence:
                if isinstance(it, Refusal):
                    why = f"refused: {fmt.shown(spoken(it.reason), 1000)}"
                    found.setdefault((f"{measure(it.name)} of", why), []).append(party.label)
    yield from ((f"{what} {', '.join(labels)}", why) for (what, why), labels in found.items())
