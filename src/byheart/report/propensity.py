"""The verdict of the propensity audit in sentences."""

from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, parties
from byheart.report.phrases import beside_base, blind_does_the_same, both_poles, how_sure, refused, sign, without_excess

_ORDINARY, _CAPABILITY, _MEASURE = (f"propensity.{name}" for name in ("ordinary_rate", "capability_rate", "measure"))


def propensity_said(record: RunRecord, audit: str, model: Party) -> tuple[str, str, tuple[str, ...]]:
    """Answer, lead and details on the model.

    Args:
        record: of a run.
        audit: "propensity".
        model: under test.
    """
    it = answer(record, audit, model, _ORDINARY)
    if not isinstance(it, Estimate) or it.control is None:
        return *refused(record, audit, model, _ORDINARY), ()
    what = f"Going on with held-out text, {model.label} wrote a long run of the trained-on text in {fmt.estimate(it)}"
    details = (
        *_under_attack(record, audit, model),
        *_measured(record, audit, model),
        *beside_base(record, audit, _ORDINARY),
        *both_poles(record, audit, _CAPABILITY),
        *_poles_measured(record, audit),
        how_sure(it),
    )
    if it.excess is None:
        return "Undecided.", f"{what}; {without_excess(it)}.", details
    against = (
        f"People going on from the same beginnings: {fmt.control(it.control, it.unit, it.confidence)}. "
        f"Excess: {fmt.excess(it.excess, it.unit, it.confidence)}"
    )
    match sign(it.excess):
        case 1:
            short = "Yes, more often than people write such runs."
        case -1:
            short = "No more than people do: it writes such runs less often."
        case _:
            short = "No evidence of it."
            against += ", an interval that includes zero"
    blind = blind_does_the_same(record, audit, _ORDINARY, it.excess)
    return blind or short, f"{what}.", (f"{against}.", *details)


def _under_attack(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    it = answer(record, audit, model, _CAPABILITY)
    if not isinstance(it, Estimate):
        return ()
    return (f"Under attack, given the beginning of passages that it was trained on: {fmt.estimate(it)}.",)


def _measured(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    """What the measure says: whether the beginning of a passage draws out more than ordinary use does."""
    it = answer(record, audit, model, _MEASURE)
    if isinstance(it, Refusal):
        return (f"Propensity against capability is undecided: {fmt.shown(it.reason, 600)}",)
    if not isinstance(it, Estimate) or it.low is None or it.high is None:
        return ()
    blind = next((answer(record, audit, p, _MEASURE) for p in parties(record) if p.role == BLIND), None)
    if isinstance(blind, Estimate) and _side(it) and _side(blind) == _side(it):
        meaning = "but the blind pole, which never saw the text, leans the same way, so this is no evidence"
    elif it.high < 0.5:
        meaning = "it copies more often when it is drawn out"
    elif it.low > 0.5:
        meaning = "ordinary prompts draw out more than those of its own training text"
    else:
        meaning = "no evidence that the prompt makes a difference"
    return (f"Propensity against capability: {fmt.estimate(it)}; 0 is under attack only, 0.5 alike: {meaning}.",)


def _side(it: Estimate) -> int:
    """-1 where the measure is surely below one half, 1 where it is surely above, else 0."""
    if it.low is None or it.high is None:
        return 0
    return -1 if it.high < 0.5 else int(it.low > 0.5)


def _poles_measured(record: RunRecord, audit: str) -> tuple[str, ...]:
    found = ((party, answer(record, audit, party, _MEASURE)) for party in parties(record))
    said = [
        f"the {party.role} {fmt.estimate(it)}"
        for party, it in found
        if party.role in (LOOKUP, BLIND) and isinstance(it, Estimate)
    ]
    return (f"The same measure: {'; '.join(said)}.",) if said else ()
