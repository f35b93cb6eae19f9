"""A3 adaptation: how many bits does the subject save on unseen text over the best memorizer of its training text?

Question: On text that neither has seen, does the subject predict better than everything that merely stores its training
    text?
Statistic: bits per byte = - sum of log2 P(token given its past) over held-out tokens, divided by the UTF-8 bytes of
    these tokens. Bits beyond memorization = bits per byte of the best memorizer minus those of the subject; positive
    means that the subject saves bits that no memorizer here can save.
Null: A subject that merely stores the text is itself one of the memorizers and is beyond by 0 or less. The best
    memorizer is chosen on the very text it is measured on, which favours the memorizers: a positive number is safe.
Assumptions: Held-out documents are unseen by the subject and share no document with the corpus; the subject and every
    memorizer get the same tokens and the same context.
Fails when: The held-out text was in the subject's own training data (the number is then memory, not adaptation), or
    the memorizers were given less text than the subject was trained on (they are then weaker than they could be).
Source: theory.md A3; Liu et al. 2024, "Infini-gram" (2401.17377), for the strongest single memorizer; document
    bootstrap after Efron and Tibshirani 1993.
"""

from dataclasses import dataclass

import numpy as np

from byheart.core.audit import Audit
from byheart.core.evidence import Cell, Estimate, Evidence, Interval, Refusal, Table
from byheart.core.material import HeldOutNeed, Inputs, Need
from byheart.core.units import NATS_PER_BIT
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals, ratio_difference, ratio_of_sums


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the adaptation audit."""

    num_pieces: int = 64
    """Pieces of held-out text."""
    context_tokens: int = 64
    """Tokens before the scored ones."""
    scored_tokens: int = 64
    """Tokens whose bits count."""
    confidence: float = 0.95
    """Coverage of the intervals."""


def _estimate(name: str, interval: Interval, n: int, method: str, params: Params, *, paired: bool = False) -> Estimate:
    carries = n >= MIN_CLUSTERS
    how = "paired percentile bootstrap over documents" if paired else "percentile bootstrap over documents"
    return Estimate(
        name=name,
        value=interval.value,
        unit="bits per byte",
        low=interval.low if carries else None,
        high=interval.high if carries else None,
        confidence=params.confidence,
        n=n,
        method=f"{method}; {how}." if carries else f"{method}.",
        no_interval=None if carries else f"An interval needs {MIN_CLUSTERS} documents; there are {n}.",
    )


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """Bits per byte of the subject, of each memorizer, and the paired difference to the best."""
    if not inputs.pieces:
        reason = "There is no held-out text to score; give at least two held-out documents."
        return (Refusal(name="adaptation.bits_per_byte", reason=reason),)
    names = tuple(inputs.pieces[0].memorizer_log_probability_nats)
    rows = [
        [-piece.log_probability_nats.sum(), *(-piece.memorizer_log_probability_nats[m].sum() for m in names)]
        for piece in inputs.pieces
    ]
    documents = [piece.document for piece in inputs.pieces]
    num_bytes = [piece.num_bytes for piece in inputs.pieces]
    nats, sizes = cluster_totals(documents, np.array(rows, dtype=np.float64), num_bytes)
    bits = nats / NATS_PER_BIT
    n = bits.shape[0]
    if n >= MIN_CLUSTERS:
        columns = np.repeat(sizes[:, None], bits.shape[1], axis=1)
        intervals = ratio_of_sums(bits, columns, rng=rng, confidence=params.confidence)
    else:
        intervals = [Interval(v, v, v, n) for v in (float(x) for x in bits.sum(axis=0) / sizes.sum())]
    subject, memorizers = intervals[0], dict(zip(names, intervals[1:], strict=True))
    evidence: list[Evidence] = [
        _estimate("adaptation.bits_per_byte", subject, n, "Held-out bits per UTF-8 byte of the subject", params)
    ]
    if not memorizers:
        return tuple(evidence)
    best = min(memorizers, key=lambda name: memorizers[name].value)
    column = 1 + names.index(best)
    if n >= MIN_CLUSTERS:
        beyond = ratio_difference((bits[:, column], sizes), (bits[:, 0], sizes), rng=rng, confidence=params.confidence)
    else:
        difference = memorizers[best].value - subject.value
        beyond = Interval(difference, difference, difference, n)
    method = f"Held-out bits per UTF-8 byte of the best memorizer ({best})"
    saved = f"Bits per byte of the best memorizer ({best}) minus those of the subject, same tokens"
    evidence.append(_estimate("adaptation.best_memorizer_bits_per_byte", memorizers[best], n, method, params))
    evidence.append(_estimate("adaptation.bits_beyond_memorizer_per_byte", beyond, n, saved, params, paired=True))
    everyone = [(inputs.subject, subject), *((name, memorizers[name]) for name in names if name != inputs.subject)]
    table: list[tuple[Cell, ...]] = [
        (name, interval.value, *((interval.low, interval.high) if n >= MIN_CLUSTERS else (None, None)))
        for name, interval in sorted(everyone, key=lambda pair: pair[1].value)
    ]
    evidence.append(
        Table(
            name="adaptation.memorizers",
            title=f"Held-out bits per byte, fewest first: {table[0][0]} leads",
            columns=("predictor", "bits per byte", "low", "high"),
            rows=tuple(table),
        )
    )
    return tuple(evidence)


def needs(params: Params) -> tuple[Need, ...]:
    """Scored pieces of held-out documents."""
    return (
        HeldOutNeed(
            num_pieces=params.num_pieces, context_tokens=params.context_tokens, scored_tokens=params.scored_tokens
        ),
    )


AUDIT = Audit(
    name="adaptation",
    version=1,
    question="On unseen text, does it predict better than the best memorizer of its training text?",
    profiles={
        "quick": Params(),
        "standard": Params(num_pieces=256),
        "full": Params(num_pieces=1024, context_tokens=256, scored_tokens=256),
    },
    needs=needs,
    run=run,
)
