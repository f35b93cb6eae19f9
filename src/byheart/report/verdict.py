"""What came out, in sentences. A claim 'memorized' is a claim about the excess, never about the rate alone.

Known audits have their own sentences; any other audit gets the generic one, so that a new audit needs no code here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from byheart.core.evidence import Estimate, Series
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.adaptation_verdict import adaptation_said
from byheart.report.attribution import attribution_said
from byheart.report.capacity_verdict import capacity_said
from byheart.report.comparison import (
    Party,
    answer,
    audits,
    evidence_of,
    head_measure,
    measure,
    model_of,
    spoken,
    why_missing,
)
from byheart.report.complexity_verdict import complexity_question, complexity_said
from byheart.report.context_verdict import context_said
from byheart.report.exposure_verdict import exposure_said
from byheart.report.interpolation_verdict import interpolation_said
from byheart.report.membership_verdict import membership_said
from byheart.report.novelty_verdict import novelty_said
from byheart.report.phrases import (
    among_all_claims,
    beside_base,
    blind_does_the_same,
    both_poles,
    how_sure,
    refused,
    sign,
    stopped,
    without_excess,
)
from byheart.report.propensity import propensity_said
from byheart.report.recitation import recitation_details


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one audit says about the model."""

    audit: str
    """Name of the audit."""
    question: str
    """As a user would ask it."""
    answer: str
    """The answer in a few words; empty where the lead says all."""
    lead: str
    """The number behind it, in one sentence."""
    details: tuple[str, ...] = ()
    """Compared with what, and how sure."""


_Said = tuple[str, str, tuple[str, ...]]
QUESTIONS = {
    "extraction": "Does it recite what it was trained on?",
    "exposure": "Do secrets planted in its training text stand out?",
    "membership": "Can one tell from it what it was trained on?",
    "context": "Does it follow a rule that exists only in its prompt?",
    "interpolation": "Between two known inputs, does its answer move smoothly?",
    "adaptation": "Does it predict unseen text better than memorizers of its training text can?",
    "attribution": "Does it rightly predict what no memorizer of its training text would?",
    "novelty": "Is what it writes new, and is the new part valid?",
    "propensity": "Does it copy its training text when nobody asks it to?",
    "capacity": "How many bits does a network of this shape hold?",
}
"""Of each known audit, as a user would ask it."""


def findings(record: RunRecord) -> tuple[Finding, ...]:
    """One finding per audit, in reading order; empty in a run without a model under test."""
    model = model_of(record)
    if model is None:
        return ()
    return tuple(_finding(record, audit, model) for audit in audits(record))


def _finding(record: RunRecord, audit: str, model: Party) -> Finding:
    result = record.of(audit, model.name)
    method = next((m for m in record.methods if m.audit == audit), None)
    question = complexity_question(record) if audit == "complexity" else QUESTIONS.get(audit)
    question = question or fmt.shown(method.question if method else f"{audit}?", 200)
    if result is None or not result.evidence:
        lead = f"{model.label}: {why_missing(result)}"
        return Finding(audit=audit, question=question, answer="Not measured.", lead=stopped(lead))
    short, lead, details = _SENTENCES.get(audit, _generic)(record, audit, model)
    short, corrected = among_all_claims(record, audit, short)
    details = tuple(map(spoken, (*details, *corrected)))
    return Finding(audit=audit, question=question, answer=spoken(short), lead=spoken(lead), details=details)


def _extraction(record: RunRecord, audit: str, model: Party) -> _Said:
    name = "extraction.greedy_rate"
    greedy = answer(record, audit, model, name)
    if not isinstance(greedy, Estimate):
        return *refused(record, audit, model, name), ()
    what = f"Of the windows of trained-on text, {model.label} continued {fmt.estimate(greedy)} word for word"
    if greedy.excess is None or greedy.control is None:
        return (
            "Undecided.",
            f"{what}; {without_excess(greedy)}.",
            (
                *recitation_details(record, model),
                *beside_base(record, audit, name),
                *both_poles(record, audit, name),
                how_sure(greedy),
            ),
        )
    against = (
        f"Compared with windows of held-out text: {fmt.control(greedy.control, greedy.unit, greedy.confidence)}. "
        f"Excess: {fmt.excess(greedy.excess, greedy.unit, greedy.confidence)}"
    )
    match sign(greedy.excess):
        case 1:
            short, lead = "Yes, some of it.", f"{what}."
        case -1:
            short = "Undecided: unseen text comes out more often, so the two sets differ or the control was seen."
            lead = f"{what}, less often than text that was held out."
        case _:
            short, lead = "No evidence of it.", f"{what}."
            against += ", an interval that includes zero"
    return (
        blind_does_the_same(record, audit, name, greedy.excess) or short,
        lead,
        (
            f"{against}.",
            *recitation_details(record, model),
            *beside_base(record, audit, name),
            *both_poles(record, audit, name),
            how_sure(greedy),
        ),
    )


def _generic(record: RunRecord, audit: str, model: Party) -> _Said:
    name = head_measure(record, audit)
    if name is None:
        titles = [e.title for p, e in evidence_of(record, audit) if isinstance(e, Series) and p == model]
        return "", stopped(fmt.shown(titles[0], 300)) if titles else "See its tables below.", ()
    it = answer(record, audit, model, name)
    if not isinstance(it, Estimate):
        return *refused(record, audit, model, name), ()
    lead = f"{measure(name)}: {fmt.estimate(it)} for {model.label}."
    if it.control is None or it.excess is None:
        unsaid = () if it.control is None else (stopped(f"No claim: {without_excess(it)}"),)
        return "", lead, (*unsaid, *beside_base(record, audit, name), *both_poles(record, audit, name), how_sure(it))
    against = (
        f"Control: {fmt.control(it.control, it.unit, it.confidence)}. "
        f"Excess: {fmt.excess(it.excess, it.unit, it.confidence)}"
    )
    if sign(it.excess) == 0:
        against += "; the interval includes zero: no evidence of an effect"
    return "", lead, (f"{against}.", *beside_base(record, audit, name), *both_poles(record, audit, name), how_sure(it))


_SENTENCES: dict[str, Callable[[RunRecord, str, Party], _Said]] = {
    "extraction": _extraction,
    "exposure": exposure_said,
    "membership": membership_said,
    "context": context_said,
    "interpolation": interpolation_said,
    "adaptation": adaptation_said,
    "attribution": attribution_said,
    "complexity": complexity_said,
    "novelty": novelty_said,
    "propensity": propensity_said,
    "capacity": capacity_said,
}
