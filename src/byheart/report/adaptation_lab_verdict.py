"""What adaptation found of the laboratory's networks, in sentences: on real text and on made text of a known rule."""

from byheart.core.evidence import Estimate
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.comparison import BLIND, LOOKUP, Party, answer, parties
from byheart.report.phrases import margin_of, sign_of

_Said = tuple[str, str, tuple[str, ...]]
_WHEN_NEW = "new_domain_bits_beyond_memorizer_per_byte"


def lab_said(record: RunRecord, audit: str, model: Party) -> _Said:
    """As `adaptation_said`, of networks that were trained for it."""
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
    signs = {kind: (sign_of(known), sign_of(new)) for kind, (known, new) in found.items()}
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
    match sign_of(it):
        case 1:
            return f"on {where} the network beats the best memorizer by {margin_of(it)}"
        case -1:
            return f"on {where} the network loses to the best memorizer by {margin_of(it)}"
        case _:
            return f"on {where} the two cannot be told apart ({fmt.estimate(it)})"


def _beside_told(record: RunRecord, audit: str, model: Party) -> list[str]:
    """The declared ceiling of made text."""
    it = answer(record, audit, model, "adaptation.made_new_domain_bits_beyond_told_table_per_byte")
    if not isinstance(it, Estimate) or it.low is None or it.high is None:
        return []
    word = {
        1: f"the network needs fewer bits by {margin_of(it)}",
        -1: f"the network needs more bits by {margin_of(it)}",
        0: f"the two cannot be told apart ({fmt.estimate(it)})",
    }[sign_of(it)]
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
