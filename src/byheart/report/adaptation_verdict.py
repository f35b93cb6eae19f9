"""What adaptation found, in sentences: of a model beside memorizers of its text, or of networks from scratch."""

from byheart.core.evidence import Estimate, Interval, Table
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, evidence_of, parties
from byheart.report.phrases import beside_base, how_sure, refused, sign

Said = tuple[str, str, tuple[str, ...]]
_BEYOND = "adaptation.bits_beyond_memorizer_per_byte"
_MADE_BEYOND = "adaptation.made_bits_beyond_memorizer_per_byte"
_WHEN_NEW = "new_domain_bits_beyond_memorizer_per_byte"


def adaptation_said(record: RunRecord, audit: str, model: Party) -> Said:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of the run: an audit of a given model, or an experiment of the lab.
        audit: "adaptation".
        model: the model under test, or the trained networks.
    """
    if answer(record, audit, model, _MADE_BEYOND) is not None:
        return _lab_said(record, audit, model)
    return _audit_said(record, audit, model)


def _audit_said(record: RunRecord, audit: str, model: Party) -> Said:
    own, best, saved = (
        answer(record, audit, model, f"adaptation.{name}")
        for name in ("bits_per_byte", "best_memorizer_bits_per_byte", "bits_beyond_memorizer_per_byte")
    )
    levels = []
    if isinstance(own, Estimate):
        levels.append(f"{model.label} needs {fmt.estimate(own)}.")
    if isinstance(best, Estimate):
        which = _best_memorizer(record, audit, model)
        levels.append(f"The best memorizer of the text given as trained on{which} needs {fmt.estimate(best)}.")
    levels += beside_base(record, audit, "adaptation.bits_per_byte")
    levels += _without_copies(record, audit, model)
    levels.append(_what_memorizers_hold(record))
    if not isinstance(saved, Estimate):
        return *refused(record, audit, model, _BEYOND), tuple(levels)
    if saved.low is None or saved.high is None:
        return "Undecided.", f"{model.label} saves {fmt.estimate(saved)} over the best memorizer.", tuple(levels)
    measured = _margin(saved)
    match _sign(saved):
        case 1:
            short, lead = (
                "Yes.",
                f"On unseen text {model.label} beats the best memorizer of the given text by {measured}; where it was "
                "trained on more text than that, unequal data are compared.",
            )
        case -1:
            short, lead = (
                "No.",
                f"On unseen text {model.label} loses to the best memorizer of the given text by {measured}.",
            )
        case _:
            short = "No evidence of it."
            saving = Interval(saved.value, saved.low, saved.high)
            lead = (
                f"On unseen text {model.label} and the best memorizer of the given text cannot be told apart: it saves "
                f"{fmt.excess(saving, saved.unit, saved.confidence)}, an interval that includes zero."
            )
    return short, lead, (*levels, how_sure(saved))


def _sign(it: Estimate | object) -> int:
    """1 above zero, -1 below, 0 where the interval includes it or there is none."""
    if not isinstance(it, Estimate) or it.low is None or it.high is None:
        return 0
    return sign(Interval(it.value, it.low, it.high))


def _margin(saved: Estimate) -> str:
    assert saved.low is not None
    assert saved.high is not None
    nearer, farther = sorted((abs(saved.low), abs(saved.high)))
    margin, inside = fmt.bounds(abs(saved.value), nearer, farther, "bits")
    return f"{margin} bits per byte ({fmt.confidence(saved.confidence)} interval {inside})"


def _without_copies(record: RunRecord, audit: str, model: Party) -> tuple[str, ...]:
    """The same where the held-out text repeats nothing of the corpus."""
    left = answer(record, audit, model, f"{_BEYOND}_without_copies")
    share = answer(record, audit, model, "adaptation.copied_share")
    if left is None or not isinstance(share, Estimate):
        return ()
    copied = f"{100 * share.value:.1f} % of the bytes stand in runs of 50 bytes or more that the given text holds too"
    if not isinstance(left, Estimate):
        return (f"{copied}: nothing is left without them.",)
    return (f"{copied}; without them it saves {fmt.estimate(left)} over the best memorizer of the rest.",)


def _best_memorizer(record: RunRecord, audit: str, model: Party) -> str:
    """Its name between commas, or nothing where the table does not say."""
    for party, it in evidence_of(record, audit):
        if party == model and isinstance(it, Table) and it.name == "adaptation.memorizers":
            names = [row[0] for row in it.rows if row[0] != model.name]
            return f", {fmt.shown(str(names[0]), 60)}," if names else ""
    return ""


def _what_memorizers_hold(record: RunRecord) -> str:
    size = record.provenance.trained_on.get("bytes")
    held = fmt.size(size) if isinstance(size, int) else "text"
    return (
        f"The memorizers are those of the table below and hold the {held} that was given as trained on: stronger ones "
        "may exist, and where the model was trained on more than that, this compares unequal data."
    )


def _lab_said(record: RunRecord, audit: str, model: Party) -> Said:
    found = {
        kind: (
            answer(record, audit, model, f"adaptation.{prefix}bits_beyond_memorizer_per_byte"),
            answer(record, audit, model, f"adaptation.{prefix}{_WHEN_NEW}"),
        )
        for kind, prefix in (("made", "made_"), ("real", ""))
    }
    adapted = {kind: _sign(new) for kind, (_, new) in found.items()}
    lead = " ".join(
        f"{_KINDS[kind]} {_over_memorizers(known, 'unseen text of what it was trained on')}, and "
        f"{_over_memorizers(new, 'the new domain, after its steps on it')}."
        for kind, (known, new) in found.items()
    )
    details = [*_gains(record, audit, model), *_forgetting(record, audit, model), *_seen(record, audit)]
    one = next((it for pair in found.values() for it in pair if isinstance(it, Estimate)), None)
    if one is not None:
        details.append(_lab_how_sure(one))
    if not _poles_apart(record, audit):
        return (
            "Undecided: what holds the text predicts it no better than a network that never saw it.",
            lead,
            tuple(details),
        )
    return _SHORT[adapted["made"], adapted["real"]], lead, tuple(details)


_KINDS = {"made": "Made text, whose rule no memorizer can hold:", "real": "Real text:"}
_SHORT = {
    (1, 1): "Yes, on made text and on real text.",
    (1, 0): "Yes on made text; on real text there is no evidence of it.",
    (1, -1): "Yes on made text; on real text no, not after these steps.",
    (0, 1): "Yes on real text; on made text there is no evidence of it.",
    (0, 0): "No evidence of it.",
    (0, -1): "No on real text, no evidence of it on made text.",
    (-1, 1): "Yes on real text, no on made text.",
    (-1, 0): "No on made text, no evidence of it on real text.",
    (-1, -1): "No.",
}
"""By the signs on made and on real text: does the network beat the best memorizer that was built anew?"""


def _over_memorizers(it: object, where: str) -> str:
    if not isinstance(it, Estimate) or it.low is None or it.high is None:
        return f"on {where} there is no number"
    match _sign(it):
        case 1:
            return f"on {where} the network beats the best memorizer by {_margin(it)}"
        case -1:
            return f"on {where} it loses to the best memorizer by {_margin(it)}"
        case _:
            return f"on {where} the two cannot be told apart ({fmt.estimate(it)})"


def _gains(record: RunRecord, audit: str, model: Party) -> list[str]:
    said = []
    for text, prefix in (("made", "made_"), ("real", "")):
        it = answer(record, audit, model, f"adaptation.{prefix}new_domain_gain_bits_per_byte")
        if isinstance(it, Estimate) and it.control is not None and it.excess is not None:
            said.append(
                f"The new domain of {text} text: gradient steps bring the network {fmt.estimate(it)}; building anew "
                f"with the same tokens brings the mixture {fmt.control(it.control, it.unit, it.confidence)}, and a "
                "memorizer that keeps its probabilities, as the Markov chain (M3) must, gains 0."
            )
    return said


def _forgetting(record: RunRecord, audit: str, model: Party) -> list[str]:
    said = []
    for text, prefix in (("made", "made_"), ("real", "")):
        it = answer(record, audit, model, f"adaptation.{prefix}forgetting_bits_per_byte")
        if isinstance(it, Estimate):
            said.append(f"What it costs: on the old domain of {text} text the network needs {fmt.estimate(it)} more.")
    return said


def _seen_bits(record: RunRecord, audit: str, role: str) -> Estimate | None:
    for party in parties(record):
        it = answer(record, audit, party, "adaptation.seen_bits_per_byte")
        if party.role == role and isinstance(it, Estimate):
            return it
    return None


def _seen(record: RunRecord, audit: str) -> list[str]:
    lookup, blind = (_seen_bits(record, audit, role) for role in (LOOKUP, BLIND))
    if lookup is None or blind is None:
        return []
    return [
        f"Both poles, on real text that was learned from: the table of it needs {fmt.estimate(lookup)}, the untrained "
        f"network {fmt.estimate(blind)}."
    ]


def _poles_apart(record: RunRecord, audit: str) -> bool:
    """Whether what holds the text predicts the text better than what never saw it; true where nobody asked."""
    lookup, blind = (_seen_bits(record, audit, role) for role in (LOOKUP, BLIND))
    return lookup is None or blind is None or lookup.value < blind.value


def _lab_how_sure(it: Estimate) -> str:
    if "seeds" in it.method.rpartition(";")[2] and "Student" in it.method:
        return f"How sure: the intervals rest on {fmt.number(it.n, 0)} seeds, each with weights and text of its own."
    return (
        f"How sure: the intervals rest on {fmt.number(it.n, 0)} held-out documents and say nothing of other seeds; "
        "the table shows each seed."
    )
