"""What of a text is new: n-grams, tokens that no long run covers, and whole continuations without a long copy."""

from collections.abc import Mapping, Sequence

import numpy as np

from byheart.core.evidence import Interval, Point
from byheart.core.material import Continuation
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import cluster_totals
from byheart.stats.shares import token_shares

CREATIVITY_LENGTHS = tuple(range(5, 12))
"""L: shortest runs that count as copied, tokens."""
COPY_TOKENS = 16
"""A continuation with a run of so many tokens of the corpus is not novel, nor one that is shorter; as the propensity
audit's copy."""
_LENGTHS = (*range(1, 17), 20, 24, 28, 32, 40, 50, 64, 80, 100)
"""n of the curve: beyond 16 tokens it hardly bends."""


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


def uncovered_tokens(longest_match_tokens: Sequence[int], shortest: int) -> int:
    """How many tokens of a text lie in no run of the corpus of that many tokens or more.

    Definition:
        #{j : no i <= j with longest_match_i >= L and i + longest_match_i > j}
    Args:
        longest_match_tokens: as for `novel_ngrams`.
        shortest: L >= 1.
    Source: Lu et al. 2024 (2410.04265), L-uniqueness.
    Differs: tokens instead of words; verbatim runs only.
    """
    matches = np.asarray(longest_match_tokens, dtype=np.int64)
    places = np.arange(matches.size)
    stops = np.maximum.accumulate(np.where(matches >= shortest, places + matches, 0))
    return int(np.count_nonzero(stops <= places))


def creativity_index(longest_match_tokens: Sequence[int]) -> float:
    """The share of a text's tokens that no run of the corpus covers, averaged over what counts as a run.

    Definition:
        mean over L in CREATIVITY_LENGTHS of uncovered_tokens(L) / T
    Args:
        longest_match_tokens: as for `novel_ngrams`, T >= 1 of them.
    Returns:
        in [0, 1]; 1 where no 5 tokens in a row stand in the corpus.
    Source: Lu et al. 2024, "AI as humanity's Salieri" (2410.04265): the area under the L-uniqueness curve.
    Differs: a mean instead of a sum, so that it is a share; tokens instead of words; no near-verbatim matches; the
        range of L is ours.
    """
    return sum(uncovered_tokens(longest_match_tokens, n) for n in CREATIVITY_LENGTHS) / (
        len(CREATIVITY_LENGTHS) * len(longest_match_tokens)
    )


def is_novel(text: Continuation) -> bool:
    """Whether a continuation has runs of COPY_TOKENS tokens and none of them stands in the corpus.

    Definition:
        T >= COPY_TOKENS and max_i longest_match_i < COPY_TOKENS; a shorter one shows nothing and is not novel, so that
        nobody becomes new by ending early
    Args:
        text: with the longest match at each token.
    Source: 2411.10242, reproduction by overlapping substrings.
    Differs: tokens instead of 50 characters.
    """
    return text.token_ids.size >= COPY_TOKENS and bool(text.longest_match_tokens.max(initial=0) < COPY_TOKENS)


def ngram_counts(texts: Sequence[Continuation], max_ngram: int) -> tuple[Floats, Floats]:
    """Novel and all n-grams by document and n: continuations of one document are not independent.

    Args:
        texts: at least one.
        max_ngram: N.
    Returns:
        two arrays of shape [num_documents, N], column n - 1 for n.
    """
    pairs = np.array(
        [[novel_ngrams(c.longest_match_tokens.tolist(), n) for n in range(1, max_ngram + 1)] for c in texts],
        dtype=np.float64,
    )
    novel, total = cluster_totals([c.document for c in texts], pairs[:, :, 0], pairs[:, :, 1])
    return novel, total


def creativity_counts(texts: Sequence[Continuation]) -> tuple[Floats, Floats]:
    """Uncovered tokens, averaged over L, and all tokens by document, shape [num_documents, 1] each."""
    own = [creativity_index(c.longest_match_tokens.tolist()) * c.token_ids.size for c in texts]
    uncovered, total = cluster_totals([c.document for c in texts], own, [c.token_ids.size for c in texts])
    return uncovered[:, None], total[:, None]


def curve(counts: tuple[Floats, Floats], *, confidence: float) -> dict[int, Interval]:
    """Share of novel n-grams by n, for every n of which there is an n-gram."""
    novel, total = counts
    columns = np.flatnonzero(total.sum(axis=0) > 0)
    intervals = token_shares(novel[:, columns], total[:, columns], confidence=confidence)
    return {int(column) + 1: interval for column, interval in zip(columns, intervals, strict=True)}


def points(found: Mapping[int, Interval]) -> tuple[Point, ...]:
    """The points of a curve that are drawn."""
    return tuple(Point(float(n), i.value, i.low, i.high, i.n) for n, i in found.items() if n in _LENGTHS)


def one_per_document(texts: Sequence[Continuation]) -> list[Continuation]:
    """The first continuation of each document, so that they are independent trials."""
    first: dict[str, Continuation] = {}
    for text in texts:
        first.setdefault(text.document, text)
    return list(first.values())
