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
    copied = (
        f"{100 * share.value:.1f} % of the bytes stand in runs of 50 bytes or more that the given text holds too, "
        "found as runs of whole tokens (copies that the tokenizer cuts otherwise are missed)"
    )
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
        for kind, prefix in _PREFIXES.items()
    }
    lead = " ".join(
        f"{_KINDS[kind]} {_over_memorizers(known, 'unseen text of what it was trained on')}, and "
        f"{_over_memorizers(new, 'unseen text of the new domain, after its steps there,')}."
        for kind, (known, new) in found.items()
    )
    details = [
        *_beside_told(record, audit, model),
        *_gains(record, audit, model),
        *_forgetting(record, audit, model),
        *_seen(record, audit),
        *_lab_how_sure({kind: [it for it in pair if isinstance(it, Estimate)] for kind, pair in found.items()}),
    ]
    signs = {kind: (_sign(known), _sign(new)) for kind, (known, new) in found.items()}
    are_apart = {kind: _poles_apart(record, audit, prefix) for kind, prefix in _PREFIXES.items()}
    return _short(signs, are_apart), lead, tuple(details)


_PREFIXES = {"real": "", "made": "made_"}
"""Of the names of estimates, real text first: that is the axis; made text has a known rule."""
_KINDS = {"real": "Real text:", "made": "Made text, whose lag is longer than these memorizers reach:"}
_ON = {"real": "on real text", "made": "on made text"}
_WORDS = {1: "yes", 0: "no evidence of it", -1: "no"}
_REACH = "beyond these memorizers (rules over 7 tokens, order 5, longest suffix)"


def _short(signs: dict[str, tuple[int, int]], are_apart: dict[str, bool]) -> str:
    """Does the network beat the best memorizer: on real text first, on its own domain and on the new one."""
    if not any(are_apart.values()):
        return "Undecided: what holds the text predicts it no better than a network that never saw it."
    said = "; ".join(_of_text(kind, signs[kind], is_apart=are_apart[kind]) for kind in _PREFIXES)
    return f"{said[:1].upper()}{said[1:]}."


def _of_text(kind: str, signs: tuple[int, int], *, is_apart: bool) -> str:
    if not is_apart:
        return f"undecided {_ON[kind]}, where what holds it predicts it no better than a network that never saw it"
    known, new = signs
    reach = f" {_REACH}" if kind == "made" and 1 in signs else ""
    if known != new:
        return f"{_WORDS[known]} {_ON[kind]} of its own domain, {_WORDS[new]} on that of the new one{reach}"
    return f"{_WORDS[known]} {_ON[kind]}{reach}{' after these steps' if known == -1 else ''}"


def _over_memorizers(it: object, where: str) -> str:
    if not isinstance(it, Estimate) or it.low is None or it.high is None:
        return f"on {where} there is no number"
    match _sign(it):
        case 1:
            return f"on {where} the network beats the best memorizer by {_margin(it)}"
        case -1:
            return f"on {where} the network loses to the best memorizer by {_margin(it)}"
        case _:
            return f"on {where} the two cannot be told apart ({fmt.estimate(it)})"


def _beside_told(record: RunRecord, audit: str, model: Party) -> list[str]:
    """The declared ceiling of made text."""
    it = answer(record, audit, model, "adaptation.made_new_domain_bits_beyond_told_table_per_byte")
    if not isinstance(it, Estimate) or it.low is None or it.high is None:
        return []
    word = {
        1: f"the network needs fewer bits by {_margin(it)}",
        -1: f"the network needs more bits by {_margin(it)}",
        0: f"the two cannot be told apart ({fmt.estimate(it)})",
    }[_sign(it)]
    return [
        "Made text is beyond these memorizers, not beyond every table: beside a table of counts that is told the gap, "
        f"counted of the same tokens of the new domain, {word}."
    ]


def _gains(record: RunRecord, audit: str, model: Party) -> list[str]:
    said = []
    for text, prefix in _PREFIXES.items():
        name = f"adaptation.{prefix}new_domain_gain_bits_per_byte"
        it = answer(record, audit, model, name)
        if isinstance(it, Estimate) and it.control is not None and it.excess is not None:
            said.append(
                f"The new domain of {text} text: gradient steps bring the network {fmt.estimate(it)}; building anew "
                "with the same tokens brings the memorizer that is best after "
                f"{fmt.control(it.control, it.unit, it.confidence)}{_gains_of_poles(record, audit, name)}. A memorizer "
                "that keeps its probabilities, as the Markov chain (M3) must, gains 0; who knew least gains most."
            )
    return said


def _gains_of_poles(record: RunRecord, audit: str, name: str) -> str:
    words = {LOOKUP: "the table of the text, built anew,", BLIND: "an untrained network, by the same steps,"}
    said = ""
    for party in parties(record):
        it = answer(record, audit, party, name)
        if party.role in words and isinstance(it, Estimate):
            said += f"; {words[party.role]} gains {fmt.estimate(it)}"
    return said


def _forgetting(record: RunRecord, audit: str, model: Party) -> list[str]:
    said = []
    for text, prefix in _PREFIXES.items():
        it = answer(record, audit, model, f"adaptation.{prefix}forgetting_bits_per_byte")
        if isinstance(it, Estimate):
            said.append(f"What it costs: on the old domain of {text} text the network needs {fmt.estimate(it)} more.")
    return said


def _seen_bits(record: RunRecord, audit: str, role: str, prefix: str) -> Estimate | None:
    for party in parties(record):
        it = answer(record, audit, party, f"adaptation.{prefix}seen_bits_per_byte")
        if party.role == role and isinstance(it, Estimate):
            return it
    return None


def _seen(record: RunRecord, audit: str) -> list[str]:
    said = []
    for text, prefix in _PREFIXES.items():
        lookup, blind = (_seen_bits(record, audit, role, prefix) for role in (LOOKUP, BLIND))
        if lookup is not None and blind is not None:
            said.append(
                f"Both poles, on {text} text that was learned from: the table of it needs {fmt.estimate(lookup)}, the "
                f"untrained network {fmt.estimate(blind)}."
            )
    return said


def _poles_apart(record: RunRecord, audit: str, prefix: str) -> bool:
    """Whether what holds the text predicts the text better, by whole intervals; true where nobody asked."""
    lookup, blind = (_seen_bits(record, audit, role, prefix) for role in (LOOKUP, BLIND))
    if lookup is None or blind is None:
        return True
    highest = lookup.value if lookup.high is None else lookup.high
    return highest < (blind.value if blind.low is None else blind.low)


def _lab_how_sure(found: dict[str, list[Estimate]]) -> list[str]:
    """On what the intervals of each text rest."""
    rests = []
    is_over_seeds = False
    for kind, estimates in found.items():
        sizes = list(dict.fromkeys(fmt.number(it.n, 0) for it in estimates if it.n is not None))
        is_over_seeds |= any("Student" in it.method.rpartition(";")[2] for it in estimates)
        if sizes:
            rests.append(f"{' and '.join(sizes)} {_ON[kind]}")
    if not rests:
        return []
    if is_over_seeds:
        return [f"How sure: the intervals rest on seeds, each with weights and text of its own: {', '.join(rests)}."]
    return [
        f"How sure: the intervals rest on held-out documents ({', '.join(rests)}; two numbers: of its own domain and "
        "of the new one) and say nothing of other seeds; the table shows each seed."
    ]
