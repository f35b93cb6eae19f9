"""What stands behind the share that is recited, in sentences: repetition, near misses, and what is merely common."""

from byheart.core.evidence import Estimate, Series, Table
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import Party, answer, evidence_of
from byheart.report.phrases import sign

AUDIT = "extraction"


def recitation_details(record: RunRecord, model: Party) -> tuple[str, ...]:
    """The sentences for which the run has numbers; the others are left out."""
    return (
        *_title(record, model, "extraction.by_occurrences"),
        *_title(record, model, "extraction.coverage"),
        *_per_tenfold_repetition(record, model),
        *_nearly(record, model),
        *_nearly_probable(record, model),
        *_merely_common(record, model),
    )


def _found(record: RunRecord, model: Party, name: str) -> Estimate | None:
    it = answer(record, AUDIT, model, f"{AUDIT}.{name}")
    return it if isinstance(it, Estimate) else None


def _title(record: RunRecord, model: Party, name: str) -> tuple[str, ...]:
    """The finding of a figure, in the audit's own words."""
    return tuple(
        f"{fmt.shown(e.title, 300).rstrip().rstrip('.')}."
        for party, e in evidence_of(record, AUDIT)
        if isinstance(e, Series | Table) and e.name == name and party == model
    )


def _per_tenfold_repetition(record: RunRecord, model: Party) -> tuple[str, ...]:
    it = _found(record, model, "repetition_slope")
    if it is None or it.low is None or it.high is None:
        return ()
    value, inside = fmt.bounds(it.value, it.low, it.high, it.unit)
    said = (
        f"Ten times as many repetitions change the log-odds of coming out by {value} ({fmt.confidence(it.confidence)} "
        f"interval {inside})"
    )
    unsure = "" if it.low > 0 or it.high < 0 else ", an interval that includes zero"
    return (f"{said}{unsure}.",)


def _nearly(record: RunRecord, model: Party) -> tuple[str, ...]:
    it = _found(record, model, "near_verbatim_rate")
    if it is None or it.control is None:
        return ()
    return (
        f"Nearly word for word, with at most a tenth of the tokens edited, it wrote {fmt.estimate(it)}; of held-out "
        f"passages {fmt.control(it.control, it.unit, it.confidence)}. {_beyond(it)}",
    )


def _beyond(it: Estimate) -> str:
    """By how much a rate is above its control, and whether the sample tells them apart."""
    if it.excess is None:
        return fmt.shown(it.no_excess or "The two were not compared.", 300)
    unsure = ", an interval that includes zero" if sign(it.excess) == 0 else ""
    return f"Excess: {fmt.excess(it.excess, it.unit, it.confidence)}{unsure}."


def _nearly_probable(record: RunRecord, model: Party) -> tuple[str, ...]:
    it = _found(record, model, "near_verbatim_pz_1e3_rate")
    if it is None or it.control is None:
        return ()
    return (
        f"Drawn at random, it writes nearly what stands there with a probability of at least 1/1,000 in "
        f"{fmt.estimate(it)}, by a lower bound; of held-out passages in "
        f"{fmt.control(it.control, it.unit, it.confidence)}. {_beyond(it)}",
    )


def _merely_common(record: RunRecord, model: Party) -> tuple[str, ...]:
    it = _found(record, model, "merely_common_rate")
    if it is None:
        return ()
    return (
        f"Of what came out and was tried, {fmt.estimate(it)} is at least a tenth as probable after unrelated text.",
    )
