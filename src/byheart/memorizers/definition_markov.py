"""What `markov` predicts, in plain Python over lists of documents: slow and obviously right."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from byheart.index.definition import Symbols
from byheart.memorizers.smoothing import BACKOFF_FACTOR, FALLBACK_DISCOUNTS, Smoothing

START = -1
"""Stands before every document."""
Ngram = tuple[int, ...]


def sentences(documents: Sequence[Symbols], *, end_id: int) -> list[list[int]]:
    """The documents with their starts and ends; an end token inside a document ends it."""
    found = []
    for document in documents:
        current = [START]
        for symbol in [*document, end_id]:
            current.append(symbol)
            if symbol == end_id:
                found.append(current)
                current = [START]
    return found


def ngram_counts(documents: Sequence[Symbols], *, order: int, end_id: int) -> list[Counter[Ngram]]:
    """Occurrences of the n-grams of each order; <s> alone is none."""
    counts: list[Counter[Ngram]] = [Counter() for _ in range(order)]
    for sentence in sentences(documents, end_id=end_id):
        for length in range(1, order + 1):
            for start in range(1 if length == 1 else 0, len(sentence) - length + 1):
                counts[length - 1][tuple(sentence[start : start + length])] += 1
    return counts


def adjusted_counts(counts: Sequence[Counter[Ngram]]) -> list[Counter[Ngram]]:
    """Different left neighbours instead of occurrences, but for the highest order and what begins with <s>."""
    adjusted = []
    for these, longer in pairwise(counts):
        before = Counter(ngram[1:] for ngram in longer)
        adjusted.append(Counter({ngram: n if ngram[0] == START else before[ngram] for ngram, n in these.items()}))
    return [*adjusted, counts[-1]]


def discounts(counts: Counter[Ngram]) -> tuple[float, ...]:
    """0, D1, D2, D3+ of Chen and Goodman, or the fallback."""
    numbers = Counter(counts.values())
    if min(numbers[1], numbers[2], numbers[3]) > 0:
        y = numbers[1] / (numbers[1] + 2 * numbers[2])
        found = [j - (j + 1) * y * numbers[j + 1] / numbers[j] for j in (1, 2, 3)]
        if all(0 < d <= j for j, d in enumerate(found, start=1)):
            return (0.0, *found)
    return (0.0, *FALLBACK_DISCOUNTS)


def markov(
    documents: Sequence[Symbols],
    context: Symbols,
    *,
    vocabulary_size: int,
    end_id: int,
    order: int,
    smoothing: Smoothing = "kneser-ney",
    k: float = 0.0,
) -> list[float]:
    """M3: from the empty context to the longest, each refining the one before.

    Returns:
        probabilities, shape [vocabulary_size].
    Source: theory.md M3; `smoothing` has the formulae.
    Differs: nothing.
    """
    counts = ngram_counts(documents, order=order, end_id=end_id)
    if smoothing == "kneser-ney":
        counts = adjusted_counts(counts)
    last_end = max((i for i, symbol in enumerate(context) if symbol == end_id), default=-1)
    past = [START, *list(context)[last_end + 1 :]]
    scores = row = [1 / vocabulary_size] * vocabulary_size
    for length in range(min(order, len(past) + 1)):
        suffix = tuple(past[len(past) - length :])
        these = counts[length]
        after = [these[(*suffix, token)] for token in range(vocabulary_size)]
        total = sum(after)
        if not total:
            continue
        if smoothing == "kneser-ney":
            amounts = discounts(these)
            taken = [amounts[min(n, 3)] for n in after]
            row = [(n - d) / total + sum(taken) / total * p for n, d, p in zip(after, taken, row, strict=True)]
        elif smoothing == "add-k":
            prior = k * vocabulary_size
            row = [(n + prior * p) / (total + prior) for n, p in zip(after, row, strict=True)]
        else:
            scores = [n / total if n else BACKOFF_FACTOR * s for n, s in zip(after, scores, strict=True)]
            row = [s / sum(scores) for s in scores]
    return row
