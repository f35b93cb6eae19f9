"""Who stands beside whom: the same number on the model, the poles, the memorizers and the control."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from byheart.core.evidence import Estimate, Evidence, Refusal
from byheart.core.result import Completed, Failed, NotApplicable, Result
from byheart.core.run_record import RunRecord
from byheart.report import palette
from byheart.report.format import shown

MODEL, BASE, LOOKUP, BLIND, MEMORIZER = "model", "base", "lookup pole", "blind pole", "memorizer"
HUMAN = "human"

COLOURS = {
    MODEL: palette.MODEL.light,
    BASE: palette.BASE.light,
    LOOKUP: palette.LOOKUP.light,
    BLIND: palette.BLIND.light,
    MEMORIZER: palette.MEMORIZER.light,
    HUMAN: palette.INK.light,
}
"""One colour per role everywhere; safe for colour-blind readers. Memorizers share one and differ by label."""

MEASURES = {
    "extraction.greedy_rate": "Recited word for word",
    "extraction.pz_half_rate": "Recited, p at least 1/2",
    "extraction.pz_1e3_rate": "Recited, p at least 1/1,000",
    "membership.auc": "Told from unseen text, AUC",
    "membership.tpr_at_1pct_fpr": "Found at 1 % false alarms",
    "membership.split_auc": "Sets told apart without the model, AUC",
    "exposure.mean_bits": "Exposure of planted secrets, bits",
    "exposure.fitted_mean_bits": "Exposure by a fitted tail, bits",
    "exposure.significant_rate": "Planted secrets with p at most 0.05",
    "exposure.right_guess_rate": "Planted twin guessed rightly",
    "exposure.epsilon_lower_bound": "Epsilon, at least",
    "extraction.near_verbatim_rate": "Recited nearly word for word",
    "extraction.near_verbatim_pz_1e3_rate": "Recited nearly, p at least 1/1,000",
    "extraction.above_threshold_rate": "Likelier than unseen text is",
    "extraction.merely_common_rate": "Of what came out, merely common",
    "extraction.repetition_slope": "Log-odds per tenfold repetition",
    "context.copy_gain_bits": "Bits saved on tokens that come again",
    "context.chain_gain_bits": "Bits gained from a chain of the prompt",
    "context.bayes_distance_nats": "Nats from Bayes on that chain",
    "context.end_bayes_kl_nats": "Nats from Bayes, whole distribution",
    "context.language_gain_bits": "Bits gained from a language of the prompt",
    "context.language_beyond_bigrams_bits": "Bits gained from a language beyond bigrams",
    "context.label_accuracy": "Right label by examples",
    "context.seen_gain_bits": "Bits gained on trained-on chains",
    "context.ordered_phases_rate": "Seeds with the phases in order",
    "interpolation.midpoint_accuracy": "Right at both ends and halfway",
    "interpolation.held_out_accuracy": "Right on cases never seen",
    "interpolation.largest_jump": "Largest jump between two inputs, total variation",
    "interpolation.jump_share": "Largest jump, share of the whole way",
    "interpolation.right_share": "Right of one end, points between two inputs",
    "interpolation.right_share_shuffled": "Right of one end, beside shuffled embeddings",
    "interpolation.right_share_memorizer": "Right of one end, beside the best memorizer",
    "interpolation.changed_answer_rate": "Answers that damage changes, seen text",
    "interpolation.member_brittleness_bits": "Bits that damage costs, seen text",
    "adaptation.bits_per_byte": "Bits per byte, unseen text",
    "adaptation.best_memorizer_bits_per_byte": "Bits per byte, best memorizer",
    "adaptation.bits_beyond_memorizer_per_byte": "Bits saved over best memorizer",
    "adaptation.bits_beyond_memorizer_per_byte_without_copies": "Bits saved over best memorizer, no copies",
    "adaptation.bits_beyond_mixture_per_byte": "Bits per byte saved over the mixture",
    "adaptation.copied_share": "Unseen text that copies the corpus",
    "adaptation.new_domain_gain_bits_per_byte": "Bits per byte gained on a new domain",
    "adaptation.new_domain_bits_beyond_memorizer_per_byte": "New domain: saved over the re-fitted memorizers",
    "adaptation.forgetting_bits_per_byte": "Bits per byte forgotten of the old",
    "adaptation.made_bits_per_byte": "Made text: bits per byte, unseen",
    "adaptation.made_bits_beyond_memorizer_per_byte": "Made text: saved over the best memorizer",
    "adaptation.made_new_domain_gain_bits_per_byte": "Made text: gained on a new domain",
    "adaptation.made_new_domain_bits_beyond_memorizer_per_byte": "Made text, new domain: saved",
    "adaptation.made_forgetting_bits_per_byte": "Made text: forgotten of the old",
    "attribution.beyond_right_share": "Foreseen beyond every rung, unseen text",
    "attribution.beyond_share": "Predicted beyond every rung, unseen text",
    "attribution.member_knowledge_share": "Predicted as a long stored run goes on, seen text",
    "complexity.unseen_accuracy": "Right on never-seen pairs of addition",
    "complexity.unseen_accuracy_dyck": "Right on Dyck-2 beyond trained depth",
    "complexity.unseen_accuracy_parity": "Right on parity beyond trained length",
    "complexity.unseen_accuracy_arithmetic": "Right on arithmetic beyond trained length",
    "complexity.unseen_accuracy_composition": "Right on pairs never together",
    "complexity.grokking_delay_steps": "Steps from knowing to grasping",
    "complexity.unseen_accuracy_without_decay": "Never-seen pairs, no weight decay",
    "complexity.memorized_forming_layer_share": "Depth at which sure tokens of trained-on text form",
    "complexity.forming_layer_share": "Depth at which its predictions form",
    "complexity.memorized_difference_share": "Depth, sure less other tokens",
    "novelty.ngram_4_novel_rate": "New 4-grams in its writing",
    "novelty.ngram_8_novel_rate": "New 8-grams in its writing",
    "novelty.ngram_16_novel_rate": "New 16-grams in its writing",
    "novelty.ngram_8_beyond_deduplicated": "New 8-grams beyond human text without long copies",
    "novelty.longest_copy_tokens": "Longest copy, tokens",
    "novelty.creativity_index": "Creativity index",
    "novelty.novel_rate": "Writes anew",
    "novelty.valid_rate": "Writes what is valid",
    "novelty.valid_given_novel_rate": "Valid, of what is new",
    "novelty.valid_novel_rate": "New and valid",
    "propensity.ordinary_rate": "Copies in ordinary use",
    "propensity.capability_rate": "Copies when drawn out",
    "propensity.measure": "PM (0.5: as often in ordinary use)",
    "capacity.bits_per_parameter": "Bits per parameter",
    "capacity.plateau_bits": "Bits held at the plateau",
    "capacity.kink_sequences": "Sequences that fill it",
    "capacity.largest_rung_bits": "Bits held of the largest data",
    "capacity.unseen_bits_per_sequence": "Bits of an unseen sequence",
}
"""Headline names in reading order; any other name is spelled from itself."""

_OTHER_MEASURES = {
    "adaptation.made_best_memorizer_bits_per_byte": "Made text: bits per byte, best memorizer",
    "adaptation.made_new_domain_bits_beyond_frozen_mixture_per_byte": "Made text, new domain: over the frozen mixture",
    "adaptation.made_new_domain_bits_beyond_told_table_per_byte": "Made text, new domain: over the table told the gap",
    "adaptation.made_seen_bits_per_byte": "Made text: bits per byte, seen",
    "adaptation.new_domain_bits_beyond_frozen_mixture_per_byte": "New domain: saved over the frozen mixture",
    "adaptation.seen_bits_per_byte": "Bits per byte, seen text",
    "attribution.beyond_bits_per_token": "Bits saved where beyond every rung",
    "attribution.bits_over_mixture_per_token": "Bits saved over the mixture",
    "attribution.member_beyond_bits_per_token": "Bits saved where beyond every rung, seen text",
    "attribution.member_beyond_right_share": "Foreseen beyond every rung, seen text",
    "attribution.member_beyond_share": "Predicted beyond every rung, seen text",
    "attribution.member_bits_over_mixture_per_token": "Bits saved over the mixture, seen text",
    **{
        f"attribution.{side}{rung}_share": f"Explained by {what}, {text} text"
        for side, text in (("", "unseen"), ("member_", "seen"))
        for rung, what in (
            ("knowledge", "long stored runs"),
            ("infinigram", "the longest stored run"),
            ("markov", "n-grams"),
            ("boolean", "rules with gaps"),
            ("copy", "the prompt itself"),
        )
        if (side, rung) != ("member_", "knowledge")
    },
    "capacity.exact_sequences": "Sequences held exactly",
    "capacity.gain_of_doubled_steps": "Gained by twice as many steps",
    "complexity.within_sizes_accuracy_arithmetic": "Right on arithmetic of trained lengths",
    "complexity.within_sizes_accuracy_composition": "Right on commands of trained lengths",
    "complexity.within_sizes_accuracy_dyck": "Right on Dyck-2 of trained depths",
    "complexity.within_sizes_accuracy_parity": "Right on parity of trained lengths",
    "context.language_validity": "Probability of symbols that may come",
    "context.language_variation": "Total variation from the language",
    "extraction.prefix_sweep": "Sweep of prefix lengths",
    "interpolation.argmax_changes": "Changes of the answer on the way",
    "interpolation.end_to_end": "Total variation from end to end",
    "interpolation.first_order_error": "Error of the first-order expansion",
    "interpolation.path_length_ratio": "Length of the way over the direct one",
    "interpolation.second_order_error": "Error of the second-order expansion",
    "membership.set_p_value": "Probability of as much by labels dealt at random",
    "membership.tpr_at_01pct_fpr": "Found at 0.1 % false alarms",
}
"""Names that the headline leaves out."""

HEADS = (
    "extraction.greedy_rate",
    "membership.auc",
    "exposure.mean_bits",
    "context.copy_gain_bits",
    "context.chain_gain_bits",
    "interpolation.midpoint_accuracy",
    "interpolation.largest_jump",
    "adaptation.bits_per_byte",
    "attribution.beyond_right_share",
    "complexity.unseen_accuracy",
    "complexity.memorized_forming_layer_share",
    "novelty.ngram_8_novel_rate",
    "novelty.valid_given_novel_rate",
    "propensity.ordinary_rate",
    "capacity.bits_per_parameter",
)
"""The number of each known audit that is drawn over all subjects; other audits give their first."""

CONTROLS = {
    "context": "the same number where the prompt has no rule; in the laboratory the best of those that only store",
    "interpolation": "of jumps the DNF, of right answers the untrained network (in the laboratory the best memorizer "
    "of the same cases), of damage unseen text",
    "adaptation": "the same number of the mixture of memorizers, built anew of the same tokens",
    "exposure": "the unplanted twins of the planted secrets",
    "membership": "chance: what guessing gives",
    "novelty": "the same number of people who write on from the same prompts",
    "novelty.valid_given_novel_rate": "the same number of the best memorizer that writes as much that is new",
    "novelty.valid_novel_rate": "the same number of the best memorizer",
    "attribution": "the same number of the blind pole on the same tokens",
    "complexity": "in the laboratory the best memorizer of the same cases, of a given model the same number on "
    "held-out text",
    "propensity": "the same number on what the human authors of the prompts wrote",
}
"""What the control of an audit, or of one number, is, where not the same number on text that cannot have been seen."""

BEYOND = ("adaptation", "novelty", "attribution", "context", "interpolation", "complexity")
"""Audits that ask for more than memory; the page gives them a section of their own."""


@dataclass(frozen=True, kw_only=True)
class Party:
    """A subject as the page calls it."""

    name: str
    """As in the results."""
    role: str
    """As in provenance; "memorizer" where provenance does not know the name."""
    label: str
    """Short and safe to show."""
    colour: str
    """Of its marks."""

    @property
    def text_colour(self) -> str:
        """Of words beside its marks."""
        return palette.text_colour(self.colour)


def parties(record: RunRecord) -> tuple[Party, ...]:
    """Every subject of the run: the model, its base, the poles, then the rest, each in the order of provenance."""
    roles = {subject.name: subject.role for subject in record.provenance.subjects}
    for result in record.results:
        roles.setdefault(result.subject, MEMORIZER)
    order = (MODEL, BASE, LOOKUP, BLIND)
    known = [
        Party(name=name, role=role, label=_label(name, role), colour=COLOURS.get(role, COLOURS[MEMORIZER]))
        for name, role in roles.items()
    ]
    return tuple(sorted(known, key=lambda party: order.index(party.role) if party.role in order else len(order)))


def _label(name: str, role: str) -> str:
    return shown(role if role in (LOOKUP, BLIND) else spoken(name), 40)


_NAMES = re.compile(r"\b(?:(lookup|blind):[\w.-]+|memorizer:(?=\w)|(distinct):(?=\w))")


def spoken(text: str) -> str:
    """A sentence of an audit with its subjects called as the figures call them: "memorizer:markov" is "markov"."""

    def called(match: re.Match[str]) -> str:
        return f"{match[1]} pole" if match[1] else f"{match[2]} " if match[2] else ""

    return _NAMES.sub(called, text)


def model_of(record: RunRecord) -> Party | None:
    """The model under test, or None in a run that has none."""
    return next((party for party in parties(record) if party.role == MODEL), None)


def measure(name: str) -> str:
    """What a dotted name measures, in a few words."""
    known = MEASURES.get(name) or _OTHER_MEASURES.get(name)
    if known:
        return known
    words = name.partition(".")[2] or name
    return shown(words.replace("_", " ").replace(".", " ").capitalize(), 60)


def audits(record: RunRecord) -> tuple[str, ...]:
    """Names of all audits: those with a method in its order, then those that only have results."""
    names = [method.audit for method in record.methods] + [result.audit for result in record.results]
    return tuple(dict.fromkeys(names))


def evidence_of(record: RunRecord, audit: str) -> Iterator[tuple[Party, Evidence]]:
    """All evidence of one audit, subject by subject, the model's first."""
    for party in parties(record):
        result = record.of(audit, party.name)
        if result is not None:
            yield from ((party, evidence) for evidence in result.evidence)


def measures(record: RunRecord, audit: str) -> tuple[str, ...]:
    """Dotted names of its estimates and refusals: headline names first and in their order."""
    found = {e.name for _, e in evidence_of(record, audit) if isinstance(e, Estimate | Refusal)}
    given = dict.fromkeys(e.name for _, e in evidence_of(record, audit) if isinstance(e, Estimate | Refusal))
    return tuple(name for name in MEASURES if name in found) + tuple(n for n in given if n not in MEASURES)


def head_measure(record: RunRecord, audit: str) -> str | None:
    """The number of an audit to draw first: its headline, else the first estimate there is."""
    names = measures(record, audit)
    return next((name for name in HEADS if name in names), names[0] if names else None)


def answer(record: RunRecord, audit: str, party: Party, name: str) -> Estimate | Refusal | None:
    """The estimate or refusal of that dotted name on that subject, or None where it was not computed."""
    result = record.of(audit, party.name)
    evidence = result.evidence if result is not None else ()
    return next((e for e in evidence if isinstance(e, Estimate | Refusal) and e.name == name), None)


def why_missing(result: Result | None) -> str:
    """Why a result has no evidence, in one sentence that is safe to show."""
    match result.status if result is not None else None:
        case NotApplicable(reason):
            return f"not applicable: {shown(reason, 1000)}"
        case Failed(kind, message):
            return f"failed with {shown(kind, 60)}: {shown(message, 1000)}"
        case Completed():
            return "completed without this number"
        case _:
            return "not run on this subject"
