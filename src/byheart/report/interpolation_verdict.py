"""What the audit and the experiment of interpolation found, in sentences."""

from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, parties
from byheart.report.phrases import beside_base, refused, sign, stopped

_JUMP, _SHARE, _WAY = "interpolation.largest_jump", "interpolation.jump_share", "interpolation.end_to_end"
_RIGHT, _SHUFFLED, _STORING = (
    "interpolation.right_share",
    "interpolation.right_share_shuffled",
    "interpolation.right_share_memorizer",
)
_MIDDLE, _UNSEEN = "interpolation.midpoint_accuracy", "interpolation.held_out_accuracy"
_CHANGED, _LOST = "interpolation.changed_answer_rate", "interpolation.member_brittleness_bits"
_LEAST_WAY = 0.1
"""Total variation between both ends that is needed to speak of a way between them."""


def interpolation_said(record: RunRecord, audit: str, model: Party) -> tuple[str, str, tuple[str, ...]]:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of an audit of a model, or of the experiment, which knows what the right answer on the way is.
        audit: "interpolation".
        model: who was asked.
    """
    jump, share, way = (answer(record, audit, model, name) for name in (_JUMP, _SHARE, _WAY))
    damage = _damage(record, audit, model)
    if not isinstance(jump, Estimate):
        return *refused(record, audit, model, _JUMP), damage
    middle = answer(record, audit, model, _MIDDLE)
    details = (
        *_against_dnf(jump),
        *_meaning(record, audit, model),
        *damage,
        *beside_base(record, audit, _SHARE),
        _how_sure(jump, middle),
    )
    lead = f"Between two known inputs the largest jump of {model.label} is {fmt.estimate(jump)}"
    if isinstance(share, Estimate):
        lead += f", {fmt.estimate(share)} of the way between both answers"
    short = _short(jump, share, way)
    if not short:
        short = _right_between(record, audit, model) if middle is None else _right_halfway(record, audit, model)
    return short, f"{lead}.", details


def _short(jump: Estimate, share: Estimate | Refusal | None, way: Estimate | Refusal | None) -> str:
    """What to answer where it is not seen to move; nothing where it is."""
    if isinstance(way, Estimate) and way.value < _LEAST_WAY:
        return "Undecided: its answers to both inputs hardly differ."
    if not isinstance(share, Estimate) or share.excess is None or jump.excess is None:
        return "Undecided."
    if sign(share.excess) >= 0 or sign(jump.excess) >= 0:
        return "No evidence of it: as far as this sample can tell it jumps as the DNF does."
    return ""


def _right_between(record: RunRecord, audit: str, model: Party) -> str:
    """Of a model that moves: smoothness is no answer by itself, since networks that know nothing are smoother."""
    signs = [
        sign(it.excess) if isinstance(it, Estimate) and it.excess is not None else None
        for it in (answer(record, audit, model, name) for name in (_RIGHT, _SHUFFLED, _STORING))
    ]
    untrained, shuffled, storing = signs
    if untrained is None or shuffled is None:
        return "It moves smoothly; that its way is meaningful is not shown, as no network without knowledge was asked."
    if untrained <= 0 or shuffled <= 0:
        return "It moves smoothly, as networks that know nothing do; that its way is meaningful is not shown."
    if storing is not None and storing < 0:
        return "It moves smoothly, and on the way it is right less often than a memorizer that jumps."
    return "Yes: it goes in many steps where the DNF goes in one, and is right on the way more than by chance."


def _right_halfway(record: RunRecord, audit: str, model: Party) -> str:
    """Of a network of the experiment, where the truth halfway is known."""
    middle, unseen = (answer(record, audit, model, name) for name in (_MIDDLE, _UNSEEN))
    if not isinstance(middle, Estimate) or middle.excess is None or sign(middle.excess) <= 0:
        return "Yes, but there is no evidence that what it says on the way is right."
    said = "Yes, and rightly: halfway between two known inputs it answers cases that nobody saw, more of them"
    if isinstance(unseen, Estimate) and unseen.excess is not None and sign(unseen.excess) > 0:
        said += ", there and elsewhere,"
    return f"{said} than the best memorizer that is asked those very cases."


def _how_sure(jump: Estimate, middle: Estimate | Refusal | None) -> str:
    n = fmt.number(jump.n, 0)
    if middle is None:
        return f"How sure: the intervals of jumps rest on {n} couples of documents."
    if "over cases" in jump.method:
        return f"How sure: all intervals are over cases of these very networks, those of jumps over {n} paths."
    return (
        f"How sure: the intervals of jumps rest on {n} repetitions; those of rates on the cases of all of them, "
        "widened to what the repetitions differ by."
    )


def _against_dnf(jump: Estimate) -> tuple[str, ...]:
    if jump.control is None:
        return ("No DNF was asked: a smooth way has nothing to be smoother than.",)
    said = f"Compared with the 0/1 output of the DNF on the same pairs: {fmt.control(jump.control, jump.unit, 0.95)}"
    if jump.excess is None:
        return (f"{said}.",)
    return (f"{said}. Difference: {fmt.excess(jump.excess, jump.unit, jump.confidence)}.",)


def _meaning(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    """What tells it from networks that are continuous and know nothing."""
    found = []
    for name, what in (
        (_MIDDLE, "It is right at both ends and halfway, by mixed embeddings, on"),
        (_UNSEEN, "On cases that were never seen, asked as tokens, it is right on"),
    ):
        it = answer(record, audit, model, name)
        if isinstance(it, Estimate):
            who = "the best memorizer, asked the same cases as tokens"
            found.append(f"{what} {fmt.estimate(it)}{_beside(it, who)}.")
    for name, who in (
        (_RIGHT, "an untrained network"),
        (_SHUFFLED, "the same network with shuffled embeddings"),
        (_STORING, "the best memorizer or pole, which answers as at the nearer end"),
    ):
        it = answer(record, audit, model, name)
        if isinstance(it, Estimate):
            what = f"On the way its most probable token is right of one end at {fmt.estimate(it)} of the points"
            found.append(f"{what}{_beside(it, who)}.")
    if not found:
        return ("Continuity alone is not generalization: no control without knowledge was asked beside it.",)
    return ("Continuity alone is not generalization: untrained networks are smooth too.", *found)


def _beside(it: Estimate, who: str) -> str:
    if it.control is None:
        return ""
    said = f"; {who}: {fmt.control(it.control, it.unit, it.confidence)}"
    if it.excess is not None and sign(it.excess) <= 0:
        said += ", which this sample does not tell apart"
    return said


def _damage(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    """Whether damage does more to trained-on text than to unseen text, where the poles show that this can be told."""
    changed, lost = (answer(record, audit, model, name) for name in (_CHANGED, _LOST))
    said = []
    if isinstance(changed, Refusal):
        return (stopped(f"Damage: {fmt.shown(changed.reason, 400)}"),)
    if isinstance(changed, Estimate):
        said.append(f"Damage to the context changes the answer to {fmt.estimate(changed)} of trained-on text")
        if changed.control is not None:
            said[-1] += f", of unseen text to {fmt.control(changed.control, changed.unit, changed.confidence)}"
        said[-1] += "."
    if isinstance(lost, Estimate) and lost.control is not None and lost.excess is not None:
        what = (
            f"It costs {fmt.estimate(lost)} on trained-on text, {fmt.excess(lost.excess, lost.unit, lost.confidence)}"
        )
        said.append(f"{what} more than on unseen text: {_sign_of_memory(record, audit, lost)}.")
    return tuple(said)


def _sign_of_memory(record: RunRecord, audit: str, lost: Estimate) -> str:
    assert lost.excess is not None
    poles = {
        party.role: it
        for party in parties(record)
        if isinstance(it := answer(record, audit, party, _LOST), Estimate) and it.excess is not None
    }
    holds, blind = (poles.get(role) for role in (LOOKUP, BLIND))
    if holds is None or holds.excess is None or sign(holds.excess) <= 0:
        return "even what holds the text does not show it here, so this sample can tell nothing"
    if blind is not None and blind.excess is not None and sign(blind.excess) > 0:
        return "what never saw the text shows it too, so it is no sign of memory"
    if sign(lost.excess) > 0:
        return "a sign of memory, as what holds the text shows it and what never saw it does not"
    if sign(lost.excess) < 0:
        return "no sign of memory, which what holds the text does show"
    return "undecided, as the interval includes zero; what holds the text does show it"
