"""The verdict of the attribution audit in sentences."""

from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import LOOKUP, Party, answer, parties, why_missing

_RIGHT = "attribution.beyond_right_share"


def attribution_said(record: RunRecord, audit: str, model: Party) -> tuple[str, str, tuple[str, ...]]:
    """Answer, lead and details on the model.

    Args:
        record: of a run.
        audit: "attribution".
        model: under test.
    """
    right = answer(record, audit, model, _RIGHT)
    if not isinstance(right, Estimate):
        missing = answer(record, audit, model, "attribution.beyond_share")
        if isinstance(missing, Refusal):
            return "Undecided.", f"The sample cannot carry this number: {fmt.shown(missing.reason, 600)}", ()
        return "Not measured.", f"{model.label}: {why_missing(record.of(audit, model.name))}.", ()
    lead = (
        f"Of the tokens of unseen text {model.label} foresees {fmt.estimate(right)} that no rung of the ladder of "
        "memorizers foresees."
    )
    details = (
        *_beside_blind("The blind pole, which never saw the trained-on text, on the same tokens", right),
        *_of(record, audit, model, "beyond_share", "Right or wrong, beyond every rung are {} of its predictions."),
        *_of(
            record,
            audit,
            model,
            "member_knowledge_share",
            "On trained-on text a stored run of 32 tokens or more says {} of what it predicts.",
        ),
        *_ceiling(record, audit),
        f"How sure: the intervals rest on {fmt.number(right.n, 0)} documents of unseen text.",
    )
    if right.excess is None:
        return "Undecided.", f"{lead} Without an unrelated predictor beside it that is no evidence.", details
    if right.excess.low > 0:
        return "Yes, more often than by accident.", lead, details
    if right.excess.high < 0:
        return "Not more than by accident.", f"{lead} The blind pole does so more often.", details
    return "No evidence of it.", lead, details


def _beside_blind(head: str, it: Estimate) -> tuple[str, ...]:
    if it.control is None or it.excess is None:
        return ()
    against = f"{head}: {fmt.control(it.control, it.unit, it.confidence)}. Excess: "
    return (f"{against}{fmt.excess(it.excess, it.unit, it.confidence)}.",)


def _of(record: RunRecord, audit: str, model: Party, name: str, sentence: str) -> tuple[str, ...]:
    it = answer(record, audit, model, f"attribution.{name}")
    if not isinstance(it, Estimate):
        return ()
    beside = _beside_blind("Of the blind pole's", it)
    return (" ".join((sentence.format(fmt.estimate(it)), *beside)),)


def _ceiling(record: RunRecord, audit: str) -> tuple[str, ...]:
    """What the pole that holds the text shows: the ladder must explain it."""
    for party in parties(record):
        it = answer(record, audit, party, "attribution.beyond_share")
        known = answer(record, audit, party, "attribution.member_knowledge_share")
        if party.role == LOOKUP and isinstance(it, Estimate) and isinstance(known, Estimate):
            return (
                f"The lookup pole, which holds the text: beyond every rung are {fmt.estimate(it)} of its predictions "
                f"on unseen text, and a stored run says {fmt.estimate(known)} of those on trained-on text.",
            )
    return ()
