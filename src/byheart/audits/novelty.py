"""A5 novelty: is what the subject writes new, and is the new part right, measured against what people write?

Question: What share of what the subject writes does not stand in the text it was trained on, and is the new part valid?
Statistic: For n = 1..100, as long as its continuations are, the share of their n-grams that occur nowhere in the
    trained-on corpus; the longest run of tokens that it copied, averaged over continuations; the creativity index, the
    share of tokens that no run of L tokens of the corpus covers, averaged over L = 5..11. n-grams lie wholly inside the
    continuation, so the prompt's own words do not count. On a corpus of Python code also validity: what was written is
    cut behind its last line break and parsed behind the code that stands before it (a class and a function of the
    document, as far as the prompt's end); prompts that end inside a string or a comment are left out, since any words
    are right there. Valid: it parses, or parses but for last lines that only begin a statement, and finished some code,
    neither comments nor bare strings alone. Novel, of a whole continuation: it has 16 tokens or more, and no run of 16
    of them stands in the corpus; a shorter one counts as not novel. P(novel), P(valid), P(valid given novel), P(valid
    and novel).
Null: The same share for the human author's own continuation of the same held-out prompts, of the same length: text
    that nobody copied from the corpus on purpose. Twice, since the sign depends on it: as it is, and without the
    documents of which a run of 32 tokens or more stands in the corpus (deduplicated). A difference is not yet copying:
    the blind pole, which never saw the corpus, may differ from human text too; only what it does not share counts.
    Valid and novel together: the best memorizer of the corpus on the same prompts, chosen on this very sample, which
    favours it; for P(valid given novel) among those that write as much that is new as the sample can tell.
Assumptions: The prompts' documents are unseen and of the same kind as the corpus; documents are the independent units.
Fails when: The corpus given is not the whole training text: what looks new may then be copied from the rest. Novel is
    not valid: random noise is wholly novel, so novelty alone is no praise. Valid is no more than grammatical. Leaving
    out documents that copy makes the rest more novel by construction, at n of 32 and more wholly.
Source: Merrill et al. 2024, "Evaluating n-gram novelty of language models" (2406.13069); Lu et al. 2024, "AI as
    humanity's Salieri" (2410.04265); theory.md A5; intervals over documents after Korn and Graubard 1998.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.audits.novelty_lengths import creativity, longest_copy, sweep
from byheart.audits.novelty_shares import curve, ngram_counts, novel_ngrams, points
from byheart.audits.novelty_tables import NGRAMS, baselines_table, difference_of, predictors_table
from byheart.audits.novelty_validity import evidence as validity_evidence
from byheart.core.audit import Audit
from byheart.core.evidence import Estimate, Evidence, Interval, Line, Refusal, Series
from byheart.core.material import Continuation, Inputs
from byheart.core.needs import ContinuationsNeed, Need, TemperatureNeed
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS

__all__ = ["AUDIT", "DEDUPLICATED_TOKENS", "Params", "needs", "novel_ngrams", "run"]

Pair = tuple[Continuation, Continuation]
"""By the subject, and by the human author of the same prompt."""
DEDUPLICATED_TOKENS = 32
"""A document with a run of so many tokens of the corpus copies; boilerplate such as a licence is as long."""
_HUMAN = "human authors"


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the novelty audit."""

    num_prompts: int = 48
    """Held-out prompts."""
    prompt_tokens: int = 32
    """Tokens given."""
    num_tokens: int = 64
    """Tokens written after each prompt."""
    temperature: float = 1.0
    """Of the sampling."""
    top_k: int | None = 40
    """Of the sampling."""
    other_temperatures: tuple[float, ...] = ()
    """Of the sweep."""
    num_swept_prompts: int = 48
    """Prompts that are continued at each of them."""
    max_ngram: int = 100
    """N, the longest n-gram."""
    confidence: float = 0.95
    """Coverage of the intervals."""


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """Novelty by length beside human text, paired by prompt; validity; every writer in one table."""
    human_by_prompt = {c.prompt_index: c for c in inputs.human}
    pairs = [(c, human_by_prompt[c.prompt_index]) for c in inputs.continuations if c.prompt_index in human_by_prompt]
    pairs = [(own, human) for own, human in pairs if own.token_ids.size and human.token_ids.size]
    num_documents = len({own.document for own, _ in pairs})
    if num_documents < MIN_CLUSTERS:
        reason = f"Needs continuations in at least {MIN_CLUSTERS} held-out documents; there are {num_documents}."
        return tuple(Refusal(name=f"novelty.ngram_{n}_novel_rate", reason=reason) for n in NGRAMS)
    own, human = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    written, paired, authors = (ngram_counts(texts, params.max_ngram) for texts in (own, human, inputs.human))
    # The human curve is from all prompts: it is then the same beside every subject of a study.
    human_curve, own_curve = (curve(counts, confidence=params.confidence) for counts in (authors, written))
    kept = _without_copies(inputs)
    said = [_ngram_estimate(n, own_curve, human_curve, written, paired, params) for n in NGRAMS]
    validity, judged = validity_evidence(inputs, params.num_tokens, confidence=params.confidence)
    writers = {inputs.subject: ("subject", inputs.continuations), _HUMAN: ("human", inputs.human)}
    if inputs.novelty is not None and inputs.novelty.writers:
        if kept:
            texts = tuple(text for text in inputs.human if text.document in kept)
            writers["human authors without long copies"] = ("human", texts)
        writers |= {name: (it.role, it.continuations) for name, it in inputs.novelty.writers.items()}
        tables: tuple[Evidence, ...] = (predictors_table(writers, judged, confidence=params.confidence),)
    else:
        tables = ()
    lines = [
        Line("written", "subject", points(own_curve)),
        Line("human authors", "human", points(human_curve)),
    ]
    if kept:
        texts = tuple(text for text in inputs.human if text.document in kept)
        found = curve(ngram_counts(texts, params.max_ngram), confidence=params.confidence) if _can_carry(texts) else {}
        lines += [Line("human, no long copies", "human", points(found))] if found else []
    by_length = Series(
        name="novelty.by_length",
        title=_finding(own_curve, human_curve),
        x="length n of the n-grams, tokens",
        y="share of n-grams not in the corpus",
        lines=tuple(lines),
        x_is_log=True,
        note=f"{len(pairs)} continuations of held-out prompts, temperature {params.temperature:g}, top-k "
        f"{params.top_k}; human: how the authors went on; no long copies: those of documents of which no run of "
        f"{DEDUPLICATED_TOKENS} tokens stands in the corpus.",
    )
    return (
        *said,
        *_beside_deduplicated(pairs, kept, params, has_places=inputs.novelty is not None),
        longest_copy(own, human, confidence=params.confidence, rng=rng),
        creativity(own, human, confidence=params.confidence),
        *validity,
        by_length,
        *sweep(inputs, params.temperature, params.num_swept_prompts, confidence=params.confidence),
        *tables,
        *((baselines_table(pairs, kept, params.max_ngram, confidence=params.confidence),) if inputs.novelty else ()),
    )


def _without_copies(inputs: Inputs) -> frozenset[str]:
    """Held-out documents of which no long run stands in the corpus."""
    places = inputs.novelty.places if inputs.novelty is not None else ()
    longest = {text.document: places[text.prompt_index].longest_copy_tokens for text in inputs.human if places}
    return frozenset(document for document, tokens in longest.items() if tokens < DEDUPLICATED_TOKENS)


def _can_carry(texts: Sequence[Continuation]) -> bool:
    return len({text.document for text in texts}) >= MIN_CLUSTERS


def _ngram_estimate(
    n: int,
    own_curve: dict[int, Interval],
    human_curve: dict[int, Interval],
    written: tuple[Floats, Floats],
    paired: tuple[Floats, Floats],
    params: Params,
) -> Estimate | Refusal:
    name = f"novelty.ngram_{n}_novel_rate"
    if n not in own_curve or n not in human_curve:
        return Refusal(name=name, reason=f"No continuation of {n} tokens or more to count {n}-grams in.")
    return Estimate(
        name=name,
        value=own_curve[n].value,
        unit="share",
        low=own_curve[n].low,
        high=own_curve[n].high,
        confidence=params.confidence,
        n=len(written[0]),
        method=f"Share of {n}-grams of the continuations that do not occur in the corpus; control: the human "
        "continuations of all prompts; Korn and Graubard's interval over documents, Student's of paired "
        "documents for the excess.",
        control=human_curve[n],
        excess=difference_of((written, paired), n, confidence=params.confidence),
    )


def _beside_deduplicated(
    pairs: Sequence[Pair], kept: frozenset[str], params: Params, *, has_places: bool
) -> tuple[Evidence, ...]:
    """How much more novel than human text that copies nothing long; negative: less novel."""
    name, n = "novelty.ngram_8_beyond_deduplicated", 8
    if not has_places:
        return ()
    chosen = [pair for pair in pairs if pair[0].document in kept]
    if not _can_carry([own for own, _ in chosen]):
        reason = (
            f"Needs at least {MIN_CLUSTERS} held-out documents of which no run of {DEDUPLICATED_TOKENS} tokens stands "
            f"in the corpus; there are {len({own.document for own, _ in chosen})}."
        )
        return (Refusal(name=name, reason=reason),)
    counted = [ngram_counts([pair[side] for pair in chosen], n) for side in (0, 1)]
    found = difference_of(counted, n, confidence=params.confidence)
    if found is None:
        return (Refusal(name=name, reason=f"No continuation of {n} tokens or more to count {n}-grams in."),)
    return (
        Estimate(
            name=name,
            value=found.value,
            unit="share",
            low=found.low,
            high=found.high,
            confidence=params.confidence,
            n=len(counted[0][0]),
            method=f"Share of new {n}-grams less that of the human authors, in documents of which no "
            f"run of {DEDUPLICATED_TOKENS} tokens stands in the corpus; Student's interval of paired documents.",
        ),
    )


def _finding(own: dict[int, Interval], human: dict[int, Interval]) -> str:
    n = min(8, max(own), max(human))
    shares = (f"{100 * curve[n].value:.0f} %" for curve in (own, human))
    written, authored = shares
    return f"{written} of the {n}-grams it writes are not in the corpus; of those of human text, {authored}"


def needs(params: Params) -> tuple[Need, ...]:
    """Continuations of held-out prompts."""
    rule = ContinuationsNeed(
        num_prompts=params.num_prompts,
        prompt_tokens=params.prompt_tokens,
        num_tokens=params.num_tokens,
        temperature=params.temperature,
        top_k=params.top_k,
    )
    swept = (
        TemperatureNeed(continuations=rule, temperature=temperature, num_prompts=params.num_swept_prompts)
        for temperature in params.other_temperatures
    )
    return (rule, *swept)


AUDIT = Audit(
    name="novelty",
    version=4,
    question="Is what it writes new, compared with what people write, and is the new part valid?",
    profiles={
        "quick": Params(),
        "standard": Params(num_prompts=200, num_tokens=100, other_temperatures=(0.5, 0.75, 1.25)),
        "full": Params(
            num_prompts=1000, num_tokens=200, other_temperatures=(0.25, 0.5, 0.75, 1.25, 1.5), num_swept_prompts=200
        ),
    },
    needs=needs,
    run=run,
)
