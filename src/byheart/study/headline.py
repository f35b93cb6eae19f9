"""The few numbers that answer the question, in the order of the page."""

from typing import Any

from byheart.core.codec import evidence_to_json, result_to_json
from byheart.core.evidence import Estimate, Refusal
from byheart.core.run_record import RunRecord

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
    "adaptation.bits_per_byte",
    "adaptation.best_memorizer_bits_per_byte",
    "adaptation.bits_beyond_memorizer_per_byte",
    "attribution.beyond_right_share",
    "attribution.beyond_share",
    "attribution.member_knowledge_share",
    "novelty.ngram_8_novel_rate",
    "capacity.bits_per_parameter",
    "capacity.plateau_bits",
    "capacity.unseen_bits_per_sequence",
)


def headline(record: RunRecord) -> list[dict[str, Any]]:
    """The headline estimates (and refusals) of every subject, each with its subject's name and role."""
    roles = {subject.name: subject.role for subject in record.provenance.subjects}
    return [
        {"subject": result.subject, "role": roles.get(result.subject, "")} | evidence_to_json(evidence)
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
        "notes": list(record.notes),
        "provenance": {"seconds": origin.seconds, "seed": origin.seed, "scored_tokens_per_second": throughput},
    }
