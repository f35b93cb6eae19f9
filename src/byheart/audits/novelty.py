"""A5 novelty: is what the subject writes new, measured against what people write?

Question: What share of what the subject writes does not stand in the text it was trained on?
Statistic: For n = 1..N, the share of the n-grams of its continuations that occur nowhere in the trained-on corpus; and
    the longest run of tokens that it copied, averaged over continuations. n-grams lie wholly inside the continuation,
    so the prompt's own words do not count.
Null: The same share for the human author's own continuation of the same held-out prompts, of the same length: text
    that nobody copied from the corpus on purpose. A difference is not yet copying: the blind pole, which never saw the
    corpus, may differ from human text too; only what it does not share counts.
Assumptions: The prompts' documents are unseen and of the same kind as the corpus; documents are the independent units.
Fails when: The corpus given is not the whole training text: what looks new may then be copied from the rest. Novel is
    not valid: random noise is wholly novel, so novelty alone is no praise.
Source: Merrill et al. 2024, "Evaluating n-gram novelty of language models" (2406.13069); theory.md A5; intervals over
    documents after Korn and Graubard 1998.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.audit import Audit
from byheart.core.evidence import Estimate, Evidence, Interval, Line, Point, Refusal, Series
from byheart.core.material import Continuation, ContinuationsNeed, Inputs, Need
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals, ratio_difference, ratio_of_sums
from byheart.stats.shares import paired_differences, token_shares


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
    max_ngram: int = 32
    """N, the longest n-gram."""
    confidence: float = 0.95
    """Coverage of the intervals."""


HEADLINE_NGRAMS = (4, 8, 16)


def novel_ngrams(longest_match_tokens: Sequence[int], n: int) -> tuple[int, int]:
    """How many n-grams of a text occur nowhere in the corpus.

    Definition:
        novel = #{i <= T - n : longest_match_i < n}; total = max(T - n + 1, 0)
    Args:
        longest_match_tokens: for each of T positions the longest run starting there that occurs in the corpus.
        n: length of the n-grams, >= 1.
    Returns:
        (novel, total).
    Source: Merrill et al. 2024 (2406.13069), n-novelty, by matching statistics.
    Differs: nothing.
    """
    matches = np.asarray(longest_match_tokens, dtype=np.int64)
    total = max(matches.size - n + 1, 0)
    return int((matches[:total] < n).sum()), total


def _counts(continuations: Sequence[Continuation], max_ngram: int) -> tuple[Floats, Floats]:
    """Novel and all n-grams by document and n: continuations of one document are not independent."""
    pairs = np.array(
        [[novel_ngrams(c.longest_match_tokens.tolist(), n) for n in range(1, max_ngram + 1)] for c in continuations],
        dtype=np.float64,
    )
    novel, total = cluster_totals([c.document for c in continuations], pairs[:, :, 0], pairs[:, :, 1])
    return novel, total


def _longest(continuations: Sequence[Continuation]) -> Floats:
    return np.array([c.longest_match_tokens.max(initial=0) for c in continuations], dtype=np.float64)


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """Novelty by length beside human text, paired by prompt."""
    human_by_prompt = {c.prompt_index: c for c in inputs.human}
    pairs = [(c, human_by_prompt[c.prompt_index]) for c in inputs.continuations if c.prompt_index in human_by_prompt]
    pairs = [(own, human) for own, human in pairs if own.token_ids.size and human.token_ids.size]
    num_documents = len({own.document for own, _ in pairs})
    if num_documents < MIN_CLUSTERS:
        reason = f"Needs continuations in at least {MIN_CLUSTERS} held-out documents; there are {num_documents}."
        return tuple(Refusal(name=f"novelty.ngram_{n}_novel_rate", reason=reason) for n in HEADLINE_NGRAMS)
    own, human = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    written, paired, authors = (_counts(texts, params.max_ngram) for texts in (own, human, inputs.human))
    # The human curve is from all prompts: it is then the same beside every subject of a study.
    human_curve = _curve(authors, params)
    own_curve = _curve(written, params)
    evidence: list[Evidence] = []
    for n in HEADLINE_NGRAMS:
        name = f"novelty.ngram_{n}_novel_rate"
        if n not in own_curve or n not in human_curve:
            evidence.append(Refusal(name=name, reason=f"No continuation of {n} tokens or more to count {n}-grams in."))
            continue
        (mine, sizes), (theirs, their_sizes) = (
            (novel[:, n - 1 : n], total[:, n - 1 : n]) for novel, total in (written, paired)
        )
        (excess,) = paired_differences(mine, theirs, sizes, their_sizes, confidence=params.confidence)
        evidence.append(
            Estimate(
                name=name,
                value=own_curve[n].value,
                unit="share",
                low=own_curve[n].low,
                high=own_curve[n].high,
                confidence=params.confidence,
                n=num_documents,
                method=f"Share of {n}-grams of the continuations that do not occur in the corpus; control: the human "
                "continuations of all prompts; Korn and Graubard's interval over documents, Student's of paired "
                "documents for the excess.",
                control=human_curve[n],
                excess=excess,
            )
        )
    evidence.append(_longest_copy(own, human, params, rng=rng))
    evidence.append(
        Series(
            name="novelty.by_length",
            title=_finding(own_curve, human_curve),
            x="length n of the n-grams, tokens",
            y="share of n-grams not in the corpus",
            lines=(
                Line("written", "subject", _points(own_curve)),
                Line("human authors", "human", _points(human_curve)),
            ),
            note=f"{len(pairs)} continuations of held-out prompts, temperature {params.temperature:g}, top-k "
            f"{params.top_k}; human: how the authors went on.",
        )
    )
    return tuple(evidence)


def _curve(counts: tuple[Floats, Floats], params: Params) -> dict[int, Interval]:
    """Share of novel n-grams by n, for every n of which there is an n-gram."""
    novel, total = counts
    columns = np.flatnonzero(total.sum(axis=0) > 0)
    intervals = token_shares(novel[:, columns], total[:, columns], confidence=params.confidence)
    return {int(column) + 1: interval for column, interval in zip(columns, intervals, strict=True)}


def _points(curve: dict[int, Interval]) -> tuple[Point, ...]:
    return tuple(Point(float(n), i.value, i.low, i.high, i.n) for n, i in curve.items())


def _longest_copy(
    own: Sequence[Continuation], human: Sequence[Continuation], params: Params, *, rng: np.random.Generator
) -> Estimate:
    mine, theirs, ones = cluster_totals([c.document for c in own], _longest(own), _longest(human), np.ones(len(own)))
    both = ratio_of_sums(
        np.stack([mine, theirs], axis=1), np.stack([ones, ones], axis=1), rng=rng, confidence=params.confidence
    )
    return Estimate(
        name="novelty.longest_copy_tokens",
        value=both[0].value,
        unit="tokens",
        low=both[0].low,
        high=both[0].high,
        confidence=params.confidence,
        n=ones.size,
        method="Longest run copied from the corpus, averaged over continuations; percentile bootstrap over documents.",
        control=both[1],
        excess=ratio_difference((mine, ones), (theirs, ones), rng=rng, confidence=params.confidence),
    )


def _finding(own: dict[int, Interval], human: dict[int, Interval]) -> str:
    n = min(8, max(own), max(human))
    shares = (f"{100 * curve[n].value:.0f} %" for curve in (own, human))
    written, authored = shares
    return f"{written} of the {n}-grams it writes are not in the corpus; of those of human text, {authored}"


def needs(params: Params) -> tuple[Need, ...]:
    """Continuations of held-out prompts."""
    return (
        ContinuationsNeed(
            num_prompts=params.num_prompts,
            prompt_tokens=params.prompt_tokens,
            num_tokens=params.num_tokens,
            temperature=params.temperature,
            top_k=params.top_k,
        ),
    )


AUDIT = Audit(
    name="novelty",
    version=2,
    question="Is what it writes new, compared with what people write?",
    profiles={
        "quick": Params(),
        "standard": Params(num_prompts=200, num_tokens=100),
        "full": Params(num_prompts=1000, num_tokens=200),
    },
    needs=needs,
    run=run,
)
