"""Sentences that the verdicts of several audits share."""

from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BASE, BLIND, LOOKUP, Party, answer, measure, model_of, parties, why_missing


def sign(interval: Interval) -> int:
    """1 where the whole interval is above zero, -1 where it is below, 0 where it includes zero."""
    return 1 if interval.low > 0 else -1 if interval.high < 0 else 0


def sign_of(it: Estimate | object) -> int:
    """1 above zero, -1 below, 0 where the interval includes it or there is none."""
    if not isinstance(it, Estimate) or it.low is None or it.high is None:
        return 0
    return sign(Interval(it.value, it.low, it.high))


def margin_of(saved: Estimate) -> str:
    """How far from zero, whatever the side, with its interval."""
    assert saved.low is not None
    assert saved.high is not None
    nearer, farther = sorted((abs(saved.low), abs(saved.high)))
    distance, inside = fmt.bounds(abs(saved.value), nearer, farther, "bits")
    return f"{distance} bits per byte ({fmt.confidence(saved.confidence)} interval {inside})"


def blind_does_the_same(record: RunRecord, audit: str, name: str, excess: Interval) -> str:
    """What to answer when the pole that never saw the text differs from its control in the same direction."""
    for party in parties(record):
        it = answer(record, audit, party, name)
        if party.role == BLIND and isinstance(it, Estimate) and it.excess is not None:
            same = sign(excess) != 0 and sign(it.excess) == sign(excess)
            return "Undecided: the blind pole, which never saw the text, differs the same way." if same else ""
    return ""


def poles_stand_apart(record: RunRecord, audit: str, name: str) -> bool | None:
    """Whether the intervals of the two poles do not meet; None where a pole has no such number."""
    found = {party.role: answer(record, audit, party, name) for party in parties(record)}
    low, high = found.get(BLIND), found.get(LOOKUP)
    return _apart(low, high) if isinstance(low, Estimate) and isinstance(high, Estimate) else None


def both_poles(record: RunRecord, audit: str, name: str) -> tuple[str, ...]:
    """The ceiling and the floor, and whether this audit can tell them apart on this sample."""
    found: dict[str, Estimate] = {}
    for party in parties(record):
        it = answer(record, audit, party, name)
        if party.role in (LOOKUP, BLIND) and isinstance(it, Estimate):
            found[party.role] = it
    roles = {LOOKUP: "holds the text", BLIND: "never saw it"}
    said = [f"the {role}, which {roles[role]}: {fmt.estimate(it)}" for role, it in found.items()]
    if not said:
        return ()
    sentence = "; ".join(said) + "."
    low, high = found.get(BLIND), found.get(LOOKUP)
    if low and high and not _apart(low, high):
        sentence += " The two poles do not stand apart here, so this number cannot tell memory from chance."
    return (sentence[0].upper() + sentence[1:],)


def beside_base(record: RunRecord, audit: str, name: str) -> tuple[str, ...]:
    """The same number of the model before it was fine-tuned, and whether the sample tells the two apart."""
    before = next((party for party in parties(record) if party.role == BASE), None)
    after = model_of(record)
    if before is None or after is None:
        return ()
    base, own = answer(record, audit, before, name), answer(record, audit, after, name)
    if not isinstance(base, Estimate) or not isinstance(own, Estimate):
        return ()
    difference = (
        "The intervals stand apart: the adapter made the difference."
        if _apart(base, own)
        else "The intervals overlap, which leaves open whether the adapter changed it: both were asked the same texts, "
        "and a comparison text by text may tell them apart."
    )
    return (f"The base, {before.label}, without the adapter: {fmt.estimate(base)}. {difference}",)


def _apart(one: Estimate, other: Estimate) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return one.value != other.value
    return one.high < other.low or other.high < one.low


def without_excess(it: Estimate) -> str:
    """Why a rate without an excess is no evidence, without a mark at its end."""
    if it.control is None:
        return "without a control on unseen text that is no evidence of memorization"
    beside = fmt.control(it.control, it.unit, it.confidence)
    why = fmt.shown(it.no_excess or "the two were not compared", 300).rstrip(".")
    return f"beside a control of {beside} that is no evidence: {why[:1].lower()}{why[1:]}"


def how_sure(it: Estimate) -> str:
    """On how many documents the intervals rest."""
    return f"How sure: the intervals rest on {fmt.number(it.n, 0)} documents, one observation each."


SIGNIFICANCE = 0.05
"""Level of the claims of a study, all together."""


_CLAIMING = ("Yes", "No.", "No:", "No on ", "No more ", "More ", "Fewer ")
"""How answers begin that say a difference is there; those that claim none have nothing to take back."""


def among_all_claims(record: RunRecord, audit: str, short: str) -> tuple[str, tuple[str, ...]]:
    """The answer after the correction for several claims, and a sentence on it; nothing where a study claims one.

    Args:
        record: of the run.
        audit: whose claim.
        short: the answer that its interval gives by itself.
    """
    claim = next((it for it in record.claims if it.name.partition(".")[0] == audit), None)
    num = len(record.claims)
    if claim is None or num < 2:
        return short, ()
    if claim.p_value <= SIGNIFICANCE and not short.startswith((*_CLAIMING, "Undecided")):
        return short, ()  # it differs the other way, and a small p beside that would read as a claim
    alone, adjusted = _level(claim.p_value), _level(claim.adjusted_p_value)
    said = f"{measure(claim.name)}: by itself p {alone}; among the {num} claims of this study (Holm) p {adjusted}"
    if claim.p_value <= SIGNIFICANCE < claim.adjusted_p_value and short.startswith(_CLAIMING):
        short = f"Undecided: by itself it would stand out, among the {num} claims of this study it does not."
        said += ", which may be chance"
    return short, (f"{said}.",)


def _level(p_value: float) -> str:
    return "< 0.0001" if p_value < 1e-4 else f"= {fmt.plain_number(p_value)}"


def refused(record: RunRecord, audit: str, model: Party, name: str) -> tuple[str, str]:
    """What to answer, and why, where there is no number."""
    it = answer(record, audit, model, name)
    if isinstance(it, Refusal):
        return "Undecided.", stopped(f"The sample cannot carry this number: {fmt.shown(it.reason, 600)}")
    return "Not measured.", stopped(f"{model.label}: {why_missing(record.of(audit, model.name))}")


def stopped(sentence: str) -> str:
    """The sentence with exactly one mark at its end."""
    return sentence.rstrip().rstrip(".") + ("" if sentence.rstrip().endswith(("!", "?")) else ".")
