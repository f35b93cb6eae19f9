"""What stands beside the first number of an answer, so that nobody reads that number alone."""

from collections.abc import Iterator

from byheart.core.evidence import Estimate, Series, Table
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import Party, answer, evidence_of, spoken

_TITLES = {"extraction": "extraction.by_occurrences", "novelty": "novelty.predictors"}
"""The finding, in the audit's own words, that splits or completes the number of an audit."""
_SECOND = {"propensity": ("propensity.capability_rate", "When drawn out by the beginning of a passage")}
_MEANINGS = {
    "membership.auc": "AUC: of a trained-on and an unseen document, how often the trained-on one is the likelier to "
    "it; 0.5 is guessing"
}
"""Of numbers whose name is a term."""


def asides(record: RunRecord, audit: str, model: Party, name: str) -> tuple[str, ...]:
    """Sentences for the first screen, safe to show.

    Args:
        record: of the run.
        audit: whose answer.
        model: under test.
        name: dotted name of the number that stands there.
    """
    found = (_MEANINGS.get(name, ""), *_titles(record, audit, model), *_second(record, audit, model))
    return tuple(f"{said.rstrip('.')}." for said in found if said)


def _titles(record: RunRecord, audit: str, model: Party) -> Iterator[str]:
    for party, it in evidence_of(record, audit):
        if isinstance(it, Series | Table) and party == model and it.name == _TITLES.get(audit):
            yield fmt.shown(spoken(it.title), 300)


def _second(record: RunRecord, audit: str, model: Party) -> Iterator[str]:
    name, words = _SECOND.get(audit, ("", ""))
    it = answer(record, audit, model, name)
    if isinstance(it, Estimate):
        yield f"{words}: {fmt.estimate(it)}"
