"""What adaptation found, in sentences: of a model beside memorizers of its text."""

from byheart.core.evidence import Estimate, Interval, Table
from byheart.core.run_record import RunRecord
from byheart.report import format as fmt
from byheart.report.adaptation_lab_verdict import lab_said
from byheart.report.comparison import BLIND, Party, answer, evidence_of, parties
from byheart.report.phrases import beside_base, how_sure, margin_of, refused, sign_of

Said = tuple[str, str, tuple[str, ...]]
_BEYOND = "adaptation.bits_beyond_memorizer_per_byte"
_MADE_BEYOND = "adaptation.made_bits_beyond_memorizer_per_byte"


def adaptation_said(record: RunRecord, audit: str, model: Party) -> Said:
    """The answer in a few words, the number behind it, and compared with what.

    Args:
        record: of the run: an audit of a given model, or an experiment of the lab.
        audit: "adaptation".
        model: the model under test, or the trained networks.
    """
    if answer(record, audit, model, _MADE_BEYOND) is not None:
        return lab_said(record, audit, model)
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
    blind = _saved_by_blind(record, audit)
    levels += _beside_blind(blind)
    if not isinstance(saved, Estimate):
        return *refused(record, audit, model, _BEYOND), tuple(levels)
    if saved.low is None or saved.high is None:
        return "Undecided.", f"{model.label} saves {fmt.estimate(saved)} over the best memorizer.", tuple(levels)
    measured = margin_of(saved)
    match sign_of(saved):
        case 1:
            short, lead = (
                _unless_blind_gets_as_far(saved, blind),
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


def _saved_by_blind(record: RunRecord, audit: str) -> Estimate | None:
    """What the blind pole, a memorizer of other text, saves over the best memorizer of the given text."""
    found = (answer(record, audit, party, _BEYOND) for party in parties(record) if party.role == BLIND)
    return next((it for it in found if isinstance(it, Estimate)), None)


def _unless_blind_gets_as_far(saved: Estimate, blind: Estimate | None) -> str:
    """Yes, where not even a memorizer of other text, as far as the intervals tell, saves so much over those of this."""
    if blind is None or saved.low is None or saved.high is None:
        return "Yes."
    if (blind.value if blind.low is None else blind.low) > saved.high:
        return "Undecided: the blind pole, a memorizer of other text, saves more."
    if (blind.value if blind.high is None else blind.high) >= saved.low:
        return "Undecided: the blind pole, a memorizer of other text, may save as much."
    return "Yes."


def _beside_blind(blind: Estimate | None) -> tuple[str, ...]:
    """That a memorizer of other text saves too, or does not, and what the model's saving is worth beside it."""
    if blind is None:
        return ()
    return (
        f"The blind pole, a memorizer too, saves {fmt.estimate(blind)} over the best one of the given text. It holds "
        "none of that but other text of the same kind, which may be more, or nearer to what was asked: such a saving "
        "takes no more than to have read other text. Beyond the memorizers of the given text is not beyond every one.",
    )


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
