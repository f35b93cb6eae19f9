"""A3 adaptation: how many bits does the subject save on unseen text over the best memorizer of its training text?

Question: On text that neither has seen, does the subject predict better than everything that merely stores its training
    text?
Statistic: bits per byte = - sum of log2 P(token given its past) over held-out tokens, divided by the UTF-8 bytes of
    these tokens. Bits beyond memorization = bits per byte of the best memorizer minus those of the subject; positive
    means that the subject saves bits that no memorizer here can save. Beside them, of the same tokens: how many are the
    predictor's most probable one (equals by the smaller id), and where a memorizer abstains, which counts as the
    uniform distribution. And both numbers once more without copies: without the tokens that stand in a run of 50
    bytes or more of the document that the trained-on corpus holds too, token by token, with the best memorizer of
    what is left. Runs are sought in tokens, so that a copy which the tokenizer cuts otherwise there counts as none.
Null: A subject that merely stores the text is itself one of the memorizers and is beyond by 0 or less. The best
    memorizer is chosen on the very text it is measured on, which favours the memorizers: a positive number is safe.
    Among them is the mixture of all the others, with weights by length of match that were fitted on other held-out
    documents: where many weak memorizers together know what none knows alone, that is still memory.
Assumptions: Held-out documents are unseen by the subject and share no document with the corpus; the subject and every
    memorizer get the same tokens and the same context.
Fails when: The held-out text was in the subject's own training data (the number is then memory, not adaptation), or
    the memorizers were given less text than the subject was trained on (they are then weaker than they could be).
    Without copies the number is refused where nothing is left, and has no interval where fewer than 5 documents are.
Source: theory.md A3 and M6; Liu et al. 2024, "Infini-gram" (2401.17377), and Chen and Goodman 1998 for the strongest
    single memorizers; document bootstrap after Efron and Tibshirani 1993.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.audits.adaptation_copies import copies_evidence, copies_table
from byheart.audits.adaptation_totals import Totals, estimate, totals
from byheart.core.audit import Audit
from byheart.core.evidence import Cell, Estimate, Evidence, Interval, Refusal, Table
from byheart.core.material import Inputs, MixtureWeights
from byheart.core.needs import HeldOutNeed, Need

MIXTURE = "memorizer:mixture"
"""Name of M6 in the results."""


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


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """Bits per byte of the subject, of each memorizer, and the paired differences, with copies and without."""
    if not inputs.pieces:
        reason = "There is no held-out text to score; give at least two held-out documents."
        return (Refusal(name="adaptation.bits_per_byte", reason=reason),)
    whole = totals(inputs.pieces)
    n = whole.num_documents
    subject, *others = whole.everyone(params.confidence, rng=rng)
    memorizers = dict(zip(whole.names, others, strict=True))
    evidence: list[Evidence] = [
        estimate(
            "adaptation.bits_per_byte", subject, n, "Held-out bits per UTF-8 byte of the subject", params.confidence
        )
    ]
    if not memorizers:
        return tuple(evidence)
    best = min(memorizers, key=lambda name: memorizers[name].value)
    beyond = whole.saved_over(best, params.confidence, rng=rng)
    method = f"Held-out bits per UTF-8 byte of the best memorizer ({best})"
    evidence += [
        estimate("adaptation.best_memorizer_bits_per_byte", memorizers[best], n, method, params.confidence),
        _saved("adaptation.bits_beyond_memorizer_per_byte", f"the best memorizer ({best})", beyond, n, params),
        *_beyond_mixture(whole, best, params, rng=rng),
        *copies_evidence(inputs.pieces, params.confidence, rng=rng),
    ]
    everyone = {inputs.subject: subject} | {name: memorizers[name] for name in whole.names if name != inputs.subject}
    evidence.append(_table(inputs, everyone, has_intervals=whole.carries_intervals))
    evidence += copies_table(inputs.pieces, inputs.subject)
    if inputs.mixture is not None:
        evidence.append(_weights_table(inputs.mixture))
    return tuple(evidence)


def _saved(name: str, over: str, saved: Interval, n: int, params: Params) -> Estimate:
    method = f"Bits per byte of {over} minus those of the subject, same tokens"
    return estimate(name, saved, n, method, params.confidence, paired=True)


def _beyond_mixture(
    whole: Totals, best: str, params: Params, *, rng: np.random.Generator
) -> tuple[Estimate, ...]:  # fmt: skip
    """Beyond M6 itself, where another memorizer does better on this very text."""
    if MIXTURE not in whole.names or best == MIXTURE:
        return ()
    saved = whole.saved_over(MIXTURE, params.confidence, rng=rng)
    name = "adaptation.bits_beyond_mixture_per_byte"
    return (_saved(name, f"the mixture of memorizers ({MIXTURE})", saved, whole.num_documents, params),)


def _table(inputs: Inputs, everyone: Mapping[str, Interval], *, has_intervals: bool) -> Table:
    """Everyone's strength on the same tokens, fewest bits first."""
    rows: list[tuple[Cell, ...]] = []
    for name, bits in sorted(everyone.items(), key=lambda pair: pair[1].value):
        said = [piece.memorizers.get(name, piece.subject) for piece in inputs.pieces]
        abstained = [prediction.abstains for prediction in said if prediction.abstains is not None]
        rows.append(
            (
                name,
                bits.value,
                bits.low if has_intervals else None,
                bits.high if has_intervals else None,
                _share([prediction.is_argmax for prediction in said]),
                _share(abstained) if abstained else None,
                inputs.sizes_bytes.get(name),
            )
        )
    return Table(
        name="adaptation.memorizers",
        title=f"Held-out bits per byte, fewest first: {rows[0][0]} leads",
        columns=(
            "predictor",
            "bits per byte",
            "low",
            "high",
            "top-1 accuracy, share",
            "abstains, share",
            "size, bytes",
        ),
        rows=tuple(rows),
    )


def _share(flags: Sequence[npt.NDArray[np.bool_]]) -> float:
    return float(np.concatenate(flags).mean())


def bucket_label(bucket_starts: Sequence[int], number: int) -> str:
    """A bucket of match lengths in words: "0", "3-4", "16 or more".

    Args:
        bucket_starts: tokens; the shortest match of each bucket, ascending.
        number: of the bucket, 0-based.
    """
    low = bucket_starts[number]
    if number + 1 == len(bucket_starts):
        return f"{low} or more"
    high = bucket_starts[number + 1] - 1
    return str(low) if low == high else f"{low}-{high}"


def _weights_table(mixture: MixtureWeights) -> Table:
    labels = [bucket_label(mixture.bucket_starts, number) for number in range(len(mixture.bucket_starts))]
    names = [_in_words(name) for name in mixture.members]
    rows = zip(labels, mixture.calibration_tokens, mixture.weights, strict=True)
    return Table(
        name="adaptation.mixture_weights",
        title=_weights_finding(mixture, labels),
        columns=("match, tokens", "calibration tokens", *(f"{name}, share" for name in names)),
        rows=tuple((label, tokens, *weights) for label, tokens, weights in rows),
    )


def _weights_finding(mixture: MixtureWeights, labels: Sequence[str]) -> str:
    heaviest = [_in_words(mixture.members[int(np.argmax(weights))]) for weights in mixture.weights]
    if len(set(heaviest)) == 1:
        return f"Weights of the mixture: {heaviest[0]} counts most, however long the match"
    said = f"Weights of the mixture: {heaviest[0]} counts most where {labels[0]} tokens match"
    return f"{said}, {heaviest[-1]} where {labels[-1]} do"


def _in_words(name: str) -> str:
    """A memorizer's name in a heading, for example "markov" or "distinct markov"."""
    return name.removeprefix("memorizer:").replace(":", " ")


def needs(params: Params) -> tuple[Need, ...]:
    """Scored pieces of held-out documents."""
    return (
        HeldOutNeed(
            num_pieces=params.num_pieces, context_tokens=params.context_tokens, scored_tokens=params.scored_tokens
        ),
    )


AUDIT = Audit(
    name="adaptation",
    version=4,
    question="On unseen text, does it predict better than the best memorizer of its training text?",
    profiles={
        "quick": Params(),
        "standard": Params(num_pieces=256),
        "full": Params(num_pieces=1024, context_tokens=256, scored_tokens=256),
    },
    needs=needs,
    run=run,
)
