"""What `boolean` predicts, in plain Python over lists of documents: slow and obviously right."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from byheart.index.definition import Symbols
from byheart.memorizers.rules import Thresholds

Literals = frozenset[tuple[int, int]]
"""(offset, token) pairs: the token stands `offset` before the one to predict."""


class Conclusion(NamedTuple):
    """What a conjunction of literals says."""

    output: int
    """The most frequent continuation."""
    hits: int
    """How often it follows."""
    support: int
    """How often the literals hold."""


def literal_sets(context: Symbols, window_tokens: int) -> list[Literals]:
    """All non-empty sets of literals that hold after a context."""
    literals = [(offset, context[-offset]) for offset in range(1, min(window_tokens, len(context)) + 1)]
    return [frozenset(chosen) for size in range(1, len(literals) + 1) for chosen in combinations(literals, size)]


def confident_rules(documents: Sequence[Symbols], *, end_id: int, thresholds: Thresholds) -> dict[Literals, Conclusion]:
    """Every conjunction with enough support whose most frequent continuation has enough of it, implied or not."""
    continuations: defaultdict[Literals, Counter[int]] = defaultdict(Counter)
    for document in documents:
        for place, token in enumerate([*document, end_id]):
            for literals in literal_sets(document[:place], thresholds.window_tokens):
                continuations[literals][token] += 1
    rules = {}
    for literals, counts in continuations.items():
        ((output, hits),) = counts.most_common(1)
        support = counts.total()
        if support >= thresholds.min_support and hits / support >= thresholds.min_confidence:
            rules[literals] = Conclusion(output, hits, support)
    return rules


def unimplied(rules: dict[Literals, Conclusion]) -> dict[Literals, Conclusion]:
    """The rules of which no strict subset of literals is a rule with the same output and at least the same share."""

    def implied(literals: Literals, rule: Conclusion) -> bool:
        return any(
            other < literals
            and shorter.output == rule.output
            and Fraction(shorter.hits, shorter.support) >= Fraction(rule.hits, rule.support)
            for other, shorter in rules.items()
        )

    return {literals: rule for literals, rule in rules.items() if not implied(literals, rule)}


def strongest(rules: dict[Literals, Conclusion], context: Symbols, *, window_tokens: int) -> Conclusion | None:
    """Of the rules that fire the most confident, then the most supported, then the shortest, then the smallest mask."""
    firing = [(literals, rules[literals]) for literals in literal_sets(context, window_tokens) if literals in rules]

    def strength(item: tuple[Literals, Conclusion]) -> tuple[Fraction, int, int, int]:
        literals, (_, hits, support) = item
        mask = sum(2 ** (offset - 1) for offset, _ in literals)
        return Fraction(hits, support), support, -len(literals), -mask

    return max(firing, key=strength)[1] if firing else None


def boolean(
    rules: dict[Literals, Conclusion],
    context: Symbols,
    *,
    vocabulary_size: int,
    window_tokens: int,
    trust: Callable[[int, int, int], float],
) -> list[float]:
    """M2: what the strongest firing rule says, or the uniform distribution.

    Definition:
        P(y) = c = trust(hits, support, V) of the strongest rule that fires, y its output; every other token
        (1 - c) / (V - 1); 1 / V where none fires
    Returns:
        probabilities, shape [vocabulary_size].
    Source: theory.md M2.
    Differs: an abstention is the uniform distribution, and a rule is never wholly trusted.
    """
    rule = strongest(rules, context, window_tokens=window_tokens)
    if rule is None or vocabulary_size == 1:
        return [1 / vocabulary_size] * vocabulary_size
    confidence = trust(rule.hits, rule.support, vocabulary_size)
    return [
        confidence if token == rule.output else (1 - confidence) / (vocabulary_size - 1)
        for token in range(vocabulary_size)
    ]
