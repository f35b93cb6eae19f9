"""Longest copies, the creativity index, and the sweep over temperatures of the novelty audit."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.novelty_shares import creativity_counts, curve, ngram_counts
from byheart.core.evidence import Estimate, Evidence, Line, Point, Series
from byheart.core.material import Continuation, Inputs
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals, ratio_difference, ratio_of_sums
from byheart.stats.shares import paired_differences, token_shares


def _longest(continuations: Sequence[Continuation]) -> Floats:
    return np.array([c.longest_match_tokens.max(initial=0) for c in continuations], dtype=np.float64)


def longest_copy(
    own: Sequence[Continuation], human: Sequence[Continuation], *, confidence: float, rng: np.random.Generator
) -> Estimate:
    """The longest run that was copied, averaged over continuations, beside that of the human authors."""
    mine, theirs, ones = cluster_totals([c.document for c in own], _longest(own), _longest(human), np.ones(len(own)))
    both = ratio_of_sums(
        np.stack([mine, theirs], axis=1), np.stack([ones, ones], axis=1), rng=rng, confidence=confidence
    )
    return Estimate(
        name="novelty.longest_copy_tokens",
        value=both[0].value,
        unit="tokens",
        low=both[0].low,
        high=both[0].high,
        confidence=confidence,
        n=ones.size,
        method="Longest run copied from the corpus, averaged over continuations; percentile bootstrap over documents.",
        control=both[1],
        excess=ratio_difference((mine, ones), (theirs, ones), rng=rng, confidence=confidence),
    )


def creativity(own: Sequence[Continuation], human: Sequence[Continuation], *, confidence: float) -> Estimate:
    """The creativity index of all continuations, beside that of the human authors."""
    (mine, sizes), (theirs, their_sizes) = creativity_counts(own), creativity_counts(human)
    (found,) = token_shares(mine, sizes, confidence=confidence)
    (control,) = token_shares(theirs, their_sizes, confidence=confidence)
    (excess,) = paired_differences(mine, theirs, sizes, their_sizes, confidence=confidence)
    return Estimate(
        name="novelty.creativity_index",
        value=found.value,
        unit="share",
        low=found.low,
        high=found.high,
        confidence=confidence,
        n=len(sizes),
        method="Share of tokens that no run of L tokens of the corpus covers, mean over L = 5..11; control: the human "
        "continuations of the same prompts; Korn and Graubard's interval over documents.",
        control=control,
        excess=excess,
    )


def sweep(inputs: Inputs, temperature: float, num_prompts: int, *, confidence: float) -> tuple[Evidence, ...]:
    """The share of new 8-grams against the temperature."""
    n, found = 8, []
    first = inputs.continuations[:num_prompts]
    for at, texts in sorted({**inputs.tempered, temperature: first}.items()):
        long = [text for text in texts if text.token_ids.size >= n]
        if inputs.tempered and len({text.document for text in long}) >= MIN_CLUSTERS:
            it = curve(ngram_counts(long, n), confidence=confidence)[n]
            found.append(Point(at, it.value, it.low, it.high, it.n))
    if len(found) < 2:
        return ()
    ends = f"{100 * found[0].y:.0f} % of its {n}-grams are new at temperature {found[0].x:g}"
    return (
        Series(
            name="novelty.by_temperature",
            title=f"{ends}, {100 * found[-1].y:.0f} % at {found[-1].x:g}",
            x="temperature of the sampling",
            y=f"share of {n}-grams not in the corpus",
            lines=(Line("written", "subject", tuple(found)),),
        ),
    )
