"""The few numbers that answer the question, in the order of the page."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from byheart.core.codec import evidence_to_json, result_to_json
from byheart.core.evidence import Estimate, Refusal
from byheart.core.result import Result
from byheart.core.run_record import Claim, RunRecord
from byheart.stats.claims import excess_p_value
from byheart.stats.multiplicity import holm

NAMES = (
    "extraction.greedy_rate",
    "extraction.pz_half_rate",
    "extraction.pz_1e3_rate",
    "exposure.mean_bits",
    "exposure.epsilon_lower_bound",
    "membership.auc",
    "membership.tpr_at_1pct_fpr",
    "membership.split_auc",
    "extraction.near_verbatim_rate",
    "context.copy_gain_bits",
    "context.chain_gain_bits",
    "context.language_gain_bits",
    "context.label_accuracy",
    "context.bayes_distance_nats",
    "context.ordered_phases_rate",
    "interpolation.midpoint_accuracy",
    "interpolation.largest_jump",
    "interpolation.right_share",
    "interpolation.changed_answer_rate",
    "interpolation.member_brittleness_bits",
    "adaptation.bits_per_byte",
    "adaptation.best_memorizer_bits_per_byte",
    "adaptation.bits_beyond_memorizer_per_byte",
    "adaptation.bits_beyond_memorizer_per_byte_without_copies",
    "adaptation.new_domain_bits_beyond_memorizer_per_byte",
    "adaptation.made_bits_beyond_memorizer_per_byte",
    "adaptation.made_new_domain_bits_beyond_memorizer_per_byte",
    "adaptation.new_domain_gain_bits_per_byte",
    "adaptation.forgetting_bits_per_byte",
    "adaptation.made_new_domain_gain_bits_per_byte",
    "attribution.beyond_right_share",
    "attribution.beyond_share",
    "attribution.member_knowledge_share",
    "complexity.unseen_accuracy",
    "complexity.grokking_delay_steps",
    "complexity.memorized_forming_layer_share",
    "complexity.forming_layer_share",
    "novelty.ngram_8_novel_rate",
    "novelty.valid_given_novel_rate",
    "novelty.valid_novel_rate",
    "propensity.ordinary_rate",
    "propensity.measure",
    "capacity.bits_per_parameter",
    "capacity.plateau_bits",
    "capacity.unseen_bits_per_sequence",
)

CLAIMED = (
    "extraction.greedy_rate",
    "exposure.mean_bits",
    "membership.auc",
    "context.copy_gain_bits",
    "context.chain_gain_bits",
    "interpolation.largest_jump",
    "adaptation.bits_beyond_memorizer_per_byte",
    "attribution.beyond_right_share",
    "complexity.unseen_accuracy",
    "novelty.ngram_8_novel_rate",
    "novelty.valid_novel_rate",
    "propensity.ordinary_rate",
)
"""Estimates of which the verdict says whether they are more than chance, fixed in advance: one for each audit, and a
second one of context, which networks trained for it have alone, and of novelty, where what is new can be wrong."""


def claims(results: Iterable[Result]) -> tuple[Claim, ...]:
    """The claims of a study about one subject, with their p-values corrected for being several.

    Args:
        results: of that subject.
    Returns:
        a claim for each estimate of `CLAIMED` that has an interval; what was refused is not claimed and not counted.
    Source: protocols.md, rule 3: Holm over the headline claims of one study.
    Differs: nothing.
    """
    found = {e.name: e for result in results for e in result.evidence if isinstance(e, Estimate)}
    levels = {n: p for n in CLAIMED if n in found and (p := excess_p_value(found[n])) is not None}
    adjusted = holm(list(levels.values()))
    return tuple(
        Claim(name=name, p_value=p_value, adjusted_p_value=corrected)
        for (name, p_value), corrected in zip(levels.items(), adjusted, strict=True)
    )


def headline(record: RunRecord) -> list[dict[str, Any]]:
    """The headline estimates (and refusals) of every subject, each with its subject's name and role."""
    roles = {subject.name: subject.role for subject in record.provenance.subjects}
    model = next((name for name, role in roles.items() if role == "model"), None)
    claimed = {
        (model, claim.name): {"p_value": claim.p_value, "adjusted_p_value": claim.adjusted_p_value}
        for claim in record.claims
    }
    return [
        {"subject": result.subject, "role": roles.get(result.subject, "")}
        | evidence_to_json(evidence)
        | claimed.get((result.subject, name), {})
        for name in NAMES
        for result in record.results
        for evidence in result.evidence
        if isinstance(evidence, Estimate | Refusal) and evidence.name == name
    ]


def run_to_json(record: RunRecord, run: str) -> dict[str, Any]:
    """What `byheart audit --json` prints: contract.md, 'JSON'."""
    origin = record.provenance
    throughput = {s.name: s.scored_tokens_per_second for s in origin.subjects}
    return {
        "schema": 1,
        "run": run,
        "headline": headline(record),
        "results": [result_to_json(result) for result in record.results],
        "sensitivity": [asdict(row) for row in record.sensitivity],
        "notes": list(record.notes),
        "provenance": {"seconds": origin.seconds, "seed": origin.seed, "scored_tokens_per_second": throughput},
    }
