"""The verdict on novelty in sentences: of an audit of a given model, and of the experiment from scratch."""

from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, parties
from byheart.report.phrases import (
    SIGNIFICANCE,
    beside_base,
    blind_does_the_same,
    both_poles,
    how_sure,
    poles_stand_apart,
    refused,
    sign,
    without_excess,
)

_NGRAMS, _DEDUPLICATED = "novelty.ngram_8_novel_rate", "novelty.ngram_8_beyond_deduplicated"
_RIGHT, _BOTH, _NOVEL = "novelty.valid_given_novel_rate", "novelty.valid_novel_rate", "novelty.novel_rate"
_VALID = "novelty.valid_rate"
_Said = tuple[str, str, tuple[str, ...]]


def novelty_said(record: RunRecord, audit: str, model: Party) -> _Said:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of a run.
        audit: "novelty".
        model: under test.
    """
    if answer(record, audit, model, _NGRAMS) is None and answer(record, audit, model, _NOVEL) is not None:
        return _of_sentences(record, audit, model)
    novel = answer(record, audit, model, _NGRAMS)
    if not isinstance(novel, Estimate):
        return *refused(record, audit, model, _NGRAMS), ()
    what = f"Of the runs of 8 tokens that {model.label} writes, {fmt.estimate(novel)} do not stand in the training text"
    if novel.control is None or novel.excess is None:
        lead = f"{what}; without human text beside it, that is neither much nor little."
        return "Undecided.", lead, (*_validity(record, audit, model), how_sure(novel))
    against = (
        f"Compared with people writing on from the same prompts: "
        f"{fmt.control(novel.control, novel.unit, novel.confidence)}. "
        f"Difference: {fmt.excess(novel.excess, novel.unit, novel.confidence)}"
    )
    valid = _validity_word(record, audit, model)
    match sign(novel.excess):
        case 1:
            short = f"More new runs than in human text{valid}."
            lead = f"{what}, a larger share than in human text; noise would be newer still."
        case -1:
            short, lead = f"Fewer new runs than in human text{valid}.", f"{what}, a smaller share than in human text."
        case _:
            short = f"As new as human text{valid or ', as far as this sample can tell'}."
            lead = f"{what}."
            against += "; no evidence of copying more or less than people do"
    undecided = blind_does_the_same(record, audit, _NGRAMS, novel.excess)
    if not undecided and sign(novel.excess) and poles_stand_apart(record, audit, _NGRAMS) is False:
        undecided = "Undecided: what holds the text and what never saw it write as many new runs as each other."
    # What is new is no praise where it is not valid: the two stand together.
    lead = " ".join((lead, *_validity(record, audit, model)))
    details = (
        f"{against}.",
        *_beside_deduplicated(record, audit, model),
        *beside_base(record, audit, _NGRAMS),
        *both_poles(record, audit, _NGRAMS),
        how_sure(novel),
    )
    return undecided or short, lead, details


def _validity_word(record: RunRecord, audit: str, model: Party) -> str:
    """How often what it writes is valid beside what people write there, for the short answer; empty where not known."""
    it = answer(record, audit, model, _VALID)
    if not isinstance(it, Estimate) or it.control is None or it.excess is None:
        return ""
    word = {1: "but more often valid", -1: "but less often valid", 0: "and about as often valid"}[sign(it.excess)]
    own, theirs = (
        fmt.value_and_interval(it)[0],
        fmt.bounds(it.control.value, it.control.low, it.control.high, it.unit)[0],
    )
    return f", {word}: {own} against {theirs}"


def _beside_deduplicated(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    it = answer(record, audit, model, _DEDUPLICATED)
    if not isinstance(it, Estimate) or it.low is None or it.high is None:
        return ()
    word = "more" if it.low > 0 else "fewer" if it.high < 0 else "no difference that this sample can tell"
    return (f"Beside human text of documents without long copies, new runs: {word}, {fmt.estimate(it)}.",)


def _validity(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    """Whether what is new is right, where there is a parser for it."""
    right, both = (answer(record, audit, model, name) for name in (_RIGHT, _BOTH))
    if not isinstance(both, Estimate):
        return ()
    said = [f"New and valid: {fmt.estimate(both)} of what it writes after code has no long copy and parses"]
    if both.control is None or both.excess is None:
        said.append(f"; {without_excess(both)}." if both.control is not None else ".")
    else:
        said.append(f", of the best memorizer {fmt.control(both.control, both.unit, both.confidence)}. ")
        said.append(_compared(record, both))
    if isinstance(right, Estimate):
        said.append(f" Of what is new, {fmt.estimate(right)} parses.")
    valid = answer(record, audit, model, _VALID)
    if isinstance(valid, Estimate) and valid.control is not None:
        people = fmt.control(valid.control, valid.unit, valid.confidence)
        said.append(f" New or not, {fmt.estimate(valid)} parses; of what people write there {people}.")
    return ("".join(said),)


def _compared(record: RunRecord, both: Estimate) -> str:
    """Whether it writes more that is new and right than the best memorizer, also among all claims of the study."""
    assert both.excess is not None
    difference = fmt.excess(both.excess, both.unit, both.confidence)
    claim = next((it for it in record.claims if it.name == both.name), None)
    match sign(both.excess):
        case 1 if claim is not None and claim.adjusted_p_value > SIGNIFICANCE:
            return f"By itself that would be more, {difference}; among the claims of this study it may be chance."
        case 1:
            return f"It writes more that is new and valid than any of them: {difference}."
        case -1:
            return f"It writes less that is new and valid than the best of them: {difference}."
        case _:
            return f"No evidence that it writes more that is new and valid than the best of them: {difference}."


def _of_sentences(record: RunRecord, audit: str, model: Party) -> _Said:
    """Of the experiment: a parser decides, and the answer rests on the estimate that is claimed."""
    both, right = (answer(record, audit, model, name) for name in (_BOTH, _RIGHT))
    if not isinstance(both, Estimate):
        return *refused(record, audit, model, _BOTH), _poles_said(record, audit)
    lead = f"Of the sentences that the {model.label} writes, {fmt.estimate(both)} are new and in the language."
    details = (*_right_said(right), *_poles_said(record, audit), _units_said(both))
    if both.control is None:
        return "Undecided.", lead, ("There is no memorizer beside it.", *details)
    against = (
        f"The best memorizer of the same sentences, at its best temperature: "
        f"{fmt.control(both.control, both.unit, both.confidence)}"
    )
    if both.excess is None:
        return "Undecided.", lead, (f"{against}; {without_excess(both)}.", *details)
    against += f". Difference: {fmt.excess(both.excess, both.unit, both.confidence)}."
    match sign(both.excess):
        case 1:
            short = "Yes: it writes more that is new and right than any memorizer does."
        case -1:
            short = "No: it writes less that is new and right than the best memorizer does."
        case _:
            short = "No evidence of it: the best memorizer writes as much that is new and right, as far as can be told."
    if poles_stand_apart(record, audit, _NOVEL) is False:
        short = "Undecided: the table of all sentences and the untrained network write as much that is new."
    return short, lead, (against, *details)


def _right_said(right: object) -> tuple[str, ...]:
    """How much of what is new is right, beside the memorizers that write as much that is new."""
    if not isinstance(right, Estimate):
        return (f"Of what is new: {right.reason}",) if isinstance(right, Refusal) else ()
    said = f"Of its new sentences, {fmt.estimate(right)} are in the language"
    if right.control is None:
        return (f"{said}; no memorizer writes as much that is new.",)
    said += (
        ", of those of the best memorizer that writes as much that is new "
        f"{fmt.control(right.control, right.unit, right.confidence)}"
    )
    if right.excess is None:
        return (f"{said}; {without_excess(right)}.",)
    word = {1: "more", -1: "fewer", 0: "no difference that can be told"}[sign(right.excess)]
    return (f"{said}: {word}, {fmt.excess(right.excess, right.unit, right.confidence)}.",)


def _poles_said(record: RunRecord, audit: str) -> tuple[str, ...]:
    names = {LOOKUP: "the table of all training sentences", BLIND: "the network before training"}
    said = []
    for party in parties(record):
        new, valid = (answer(record, audit, party, name) for name in (_NOVEL, "novelty.valid_rate"))
        if party.role in names and isinstance(new, Estimate) and isinstance(valid, Estimate):
            shares = (fmt.value_and_interval(it)[0] for it in (new, valid))
            said.append("{}: {} new, {} in the language".format(names[party.role], *shares))
    return (f"Both poles: {'; '.join(said)}.",) if said else ()


def _units_said(it: Estimate) -> str:
    if it.unit == "rate":
        return (
            f"How sure: the intervals rest on {fmt.number(it.n, 0)} sentences, each drawn by itself. They hold for "
            "these very networks; so few seeds say nothing of others."
        )
    return (
        f"How sure: the intervals rest on {fmt.number(it.n, 0)} seeds, each with weights and data of its own. They "
        "hold for this language and this shape."
    )
