"""What A4 found, in sentences: of the laboratory's networks, or of the layers of a given model."""

from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, measures, parties
from byheart.report.phrases import how_sure, refused, sign, stopped

_HEAD = "complexity.unseen_accuracy"
_DELAY, _PLAIN = "complexity.grokking_delay_steps", "complexity.unseen_accuracy_without_decay"
_MEMORIZED, _ALL, _WITHIN = (
    "complexity.memorized_forming_layer_share",
    "complexity.forming_layer_share",
    "complexity.memorized_difference_share",
)
_TASKS = {
    _HEAD: "modular addition on never-seen pairs",
    f"{_HEAD}_dyck": "Dyck-2 beyond the trained depth",
    f"{_HEAD}_parity": "parity beyond the trained length",
    f"{_HEAD}_arithmetic": "modular arithmetic beyond the trained length",
    f"{_HEAD}_composition": "commands with a pair that was never together",
}
_Said = tuple[str, str, tuple[str, ...]]


def is_experiment(record: RunRecord) -> bool:
    """Whether networks were trained on the tasks, or the layers of a given model were read."""
    return _HEAD in measures(record, "complexity")


def complexity_question(record: RunRecord) -> str:
    """As a user would ask it."""
    if is_experiment(record):
        return "Does it answer cases of a rule of which a lookup table has none?"
    return "In which of its layers does it say what it knows by heart?"


def complexity_said(record: RunRecord, audit: str, model: Party) -> _Said:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of the run.
        audit: "complexity".
        model: under test.
    """
    return _experiment(record, audit, model) if is_experiment(record) else _layers(record, audit, model)


def _experiment(record: RunRecord, audit: str, model: Party) -> _Said:
    found = {name: it for name in _TASKS if isinstance(it := answer(record, audit, model, name), Estimate)}
    head = found.get(_HEAD)
    if head is None:
        return *refused(record, audit, model, _HEAD), ()
    beyond = [name for name, it in found.items() if it.excess is not None and sign(it.excess) > 0]
    others = [name for name in found if name not in beyond]
    lead = f"On pairs that it never saw, {model.label} is right on {fmt.estimate(head)}"
    if head.control is not None and head.excess is not None:
        lead += f"; the best memorizer of the same cases on {fmt.control(head.control, head.unit, head.confidence)}"
    details = (
        *_each("Beyond every memorizer", beyond, found),
        *_each("Not beyond the best memorizer", others, found),
        *_grokking(record, audit, model),
        *_poles(record, audit),
        f"How sure: {fmt.shown(head.method.rpartition('; ')[2], 200)}",
    )
    return _blind_too(record, audit, head) or _short(beyond, others), f"{lead}.", details


def _short(beyond: list[str], others: list[str]) -> str:
    if not others:
        return f"Yes, on all {len(beyond)} tasks."
    if not beyond:
        return "No: nowhere beyond the best memorizer."
    is_first = _HEAD in beyond
    return (
        f"{'Yes' if is_first else 'Not in addition, but'} on {', '.join(_TASKS[name] for name in beyond)}; "
        f"not on {', '.join(_TASKS[name] for name in others)}."
    )


def _each(what: str, names: list[str], found: dict[str, Estimate]) -> tuple[str, ...]:
    said = []
    for name in names:
        it = found[name]
        excess = "" if it.excess is None else f" (excess {fmt.excess(it.excess, it.unit, it.confidence)})"
        said.append(f"{_TASKS[name]} {fmt.estimate(it)}{excess}")
    return (f"{what}: {'; '.join(said)}.",) if said else ()


def _grokking(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    delay, plain = answer(record, audit, model, _DELAY), answer(record, audit, model, _PLAIN)
    said = []
    if isinstance(delay, Estimate):
        said.append(f"All trained pairs are right {fmt.estimate(delay)} before 95 % of the unseen ones are")
    elif isinstance(delay, Refusal):
        said.append(f"Grokking: {fmt.shown(delay.reason, 300).rstrip('.')}")
    if isinstance(plain, Estimate):
        said.append(f"without weight decay the same networks end at {fmt.estimate(plain)} of the unseen pairs")
    return (stopped("; ".join(said)),) if said else ()


def _poles(record: RunRecord, audit: str) -> tuple[str, ...]:
    roles = {LOOKUP: "a table of the trained pairs", BLIND: "the networks before training"}
    said = [
        f"{roles[party.role]}: {fmt.estimate(it)}"
        for party in parties(record)
        if party.role in roles and isinstance(it := answer(record, audit, party, _HEAD), Estimate)
    ]
    return (f"Both poles on never-seen pairs: {'; '.join(said)}.",) if said else ()


def _blind_too(record: RunRecord, audit: str, head: Estimate) -> str:
    """What to answer where the networks are no better than they were before training."""
    for party in parties(record):
        it = answer(record, audit, party, _HEAD)
        if party.role == BLIND and isinstance(it, Estimate) and it.high is not None and head.low is not None:
            return "" if head.low > it.high else "No: after training no better than before, as far as this can tell."
    return ""


def _layers(record: RunRecord, audit: str, model: Party) -> _Said:
    known = answer(record, audit, model, _MEMORIZED)
    details = (*_everything(record, audit, model), *_paired(record, audit, model))
    if not isinstance(known, Estimate):
        return *refused(record, audit, model, _MEMORIZED), details
    lead = f"What {model.label} knows by heart forms after {fmt.estimate(known)} of its depth"
    if known.control is None or known.excess is None:
        return "Undecided.", f"{lead}.", (*details, how_sure(known))
    match sign(known.excess):
        case 1:
            short = "Later than unseen text that it is as sure of."
        case -1:
            short = "Earlier than unseen text that it is as sure of."
        case _:
            short = "At the same depth as unseen text that it is as sure of, as far as this sample can tell."
    against = (
        f"Compared with held-out tokens that it is as sure of: "
        f"{fmt.control(known.control, known.unit, known.confidence)}. "
        f"Difference: {fmt.excess(known.excess, known.unit, known.confidence)}."
    )
    limit = "Poles and memorizers have no layers; read through the logit lens, which reads early layers badly."
    return short, f"{lead}.", (against, *details, limit, how_sure(known))


def _everything(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    it = answer(record, audit, model, _ALL)
    if not isinstance(it, Estimate) or it.control is None or it.excess is None:
        return ()
    return (
        f"All tokens: trained-on {fmt.estimate(it)}, held-out {fmt.control(it.control, it.unit, it.confidence)}; "
        f"difference {fmt.excess(it.excess, it.unit, it.confidence)}.",
    )


def _paired(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    it = answer(record, audit, model, _WITHIN)
    if not isinstance(it, Estimate):
        return ()
    return (f"Within trained-on text, memorized less other tokens: {fmt.estimate(it)}, the sureness not matched.",)
