"""A small language with recursion and agreement at a distance, of which membership can be decided exactly.

    S    -> NP(n) VP(n)
    NP(n) -> det(n) noun(n) [ "that" NP(m) transitive(m) ]
    VP(n) -> intransitive(n) | transitive(n) NP(m) | saying(n) open_b S close_b

n and m are singular or plural, b one of three kinds of brackets. The verb of a sentence agrees with its first noun,
however many relative clauses stand between them, and a bracket closes as it was opened, however many are open: to
write a sentence one must keep a stack, which no bounded window of tokens is.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from byheart.core.tokens import TokenIds

NOUNS, TRANSITIVES, INTRANSITIVES, SAYINGS, BRACKETS = 8, 5, 5, 3, 3
"""Words of each kind, of each number; kinds of brackets."""
MOST_DEPTH = 6
"""Sentences and clauses inside one another when sentences are drawn; the language itself knows no bound."""


def _words() -> tuple[str, ...]:
    numbered = (("noun", NOUNS), ("transitive", TRANSITIVES), ("intransitive", INTRANSITIVES), ("saying", SAYINGS))
    words = ["end", "begin", "that", "the", "a", "some"]
    words += [
        f"{kind}{number}{'s' if plural else ''}" for kind, n in numbered for plural in (0, 1) for number in range(n)
    ]
    return (*words, *(f"{side}{kind}" for side in ("open", "close") for kind in range(BRACKETS)))


WORDS: Final = _words()
"""By token id; the first two are no words of a sentence but its end and what stands before it."""
END_ID: Final = 0
BEGIN_ID: Final = 1
"""Without it, what reads suffixes alone could not know that a sentence begins."""
_ID = {word: number for number, word in enumerate(WORDS)}
_THAT, _THE, _DETERMINERS = _ID["that"], _ID["the"], (_ID["a"], _ID["some"])


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How often sentences are long. Each probability is of one place where the grammar may recurse."""

    relative: float = 0.3
    """Of a noun to have a relative clause."""
    saying: float = 0.25
    """Of a verb phrase to hold a sentence in brackets."""
    transitive: float = 0.35
    """Of a verb phrase to have an object."""


def _word(kind: str, num_words: int, plural: int, rng: np.random.Generator) -> int:
    return _ID[f"{kind}0{'s' if plural else ''}"] + int(rng.integers(num_words))


def draw_sentence(shape: Shape, *, rng: np.random.Generator) -> TokenIds:
    """One sentence, without its end."""
    written: list[int] = []
    _draw_sentence(written, shape, 0, rng)
    return np.array(written, dtype=np.int32)


def _draw_sentence(written: list[int], shape: Shape, depth: int, rng: np.random.Generator) -> None:
    plural = _draw_noun_phrase(written, shape, depth, rng)
    chance = rng.random()
    if chance < shape.saying and depth < MOST_DEPTH:
        bracket = int(rng.integers(BRACKETS))
        written += [_word("saying", SAYINGS, plural, rng), _ID["open0"] + bracket]
        _draw_sentence(written, shape, depth + 1, rng)
        written.append(_ID["close0"] + bracket)
    elif chance < shape.saying + shape.transitive:
        written.append(_word("transitive", TRANSITIVES, plural, rng))
        _draw_noun_phrase(written, shape, depth, rng)
    else:
        written.append(_word("intransitive", INTRANSITIVES, plural, rng))


def _draw_noun_phrase(written: list[int], shape: Shape, depth: int, rng: np.random.Generator) -> int:
    plural = int(rng.integers(2))
    written.append(_THE if rng.random() < 0.5 else _DETERMINERS[plural])
    written.append(_word("noun", NOUNS, plural, rng))
    if rng.random() < shape.relative and depth < MOST_DEPTH:
        written.append(_THAT)
        subject = _draw_noun_phrase(written, shape, depth + 1, rng)
        written.append(_word("transitive", TRANSITIVES, subject, rng))
    return plural


def is_sentence(token_ids: TokenIds) -> bool:
    """Whether the words, all of them and nothing more, are a sentence of the language.

    Definition:
        S =>* token_ids by the rules of this module, of any depth
    Args:
        token_ids: without the end.
    Cost: linear: the next word always says which rule applies.
    Source: definition; predictive parsing, Aho et al. 2006, "Compilers", section 4.4.
    Differs: nothing.
    """
    return _Reading([WORDS[token] for token in token_ids.tolist()]).is_whole()


class _Reading:
    """A predictive parser with a stack of its own, so that no depth is too deep for it."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0

    def is_whole(self) -> bool:
        # What is still to come, last first: "NP", "VP", the number that a word must agree with, or a closing bracket.
        expected = ["VP", "NP"]
        numbers: list[bool] = []
        while expected:
            what = expected.pop()
            if what == "NP":
                plural = self._noun()
                if plural is None:
                    return False
                numbers.append(plural)
                if self._peek() == "that":
                    self._at += 1
                    expected += ["clause verb", "NP"]
            elif what == "clause verb":
                if self._verb("transitive") != numbers.pop():
                    return False
            elif what == "object read":
                numbers.pop()
            elif what == "VP":
                kind = self._peek().rstrip("s0123456789")
                if self._verb(kind) != numbers.pop():
                    return False
                if kind == "transitive":
                    expected += ["object read", "NP"]
                elif kind == "saying":
                    bracket = self._next()
                    if not bracket.startswith("open"):
                        return False
                    expected += [bracket.replace("open", "close"), "VP", "NP"]
                elif kind != "intransitive":
                    return False
            elif self._next() != what:
                return False
        return self._at == len(self._words)

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def _noun(self) -> bool | None:
        """Reads a determiner and a noun that agree: whether they are plural, or None where they are not there."""
        determiner, noun = self._next(), self._next()
        if determiner not in ("the", "a", "some") or not noun.startswith("noun"):
            return None
        plural = noun.endswith("s")
        return None if determiner == ("a" if plural else "some") else plural

    def _verb(self, kind: str) -> bool | None:
        """Reads a verb of that kind: whether it is plural, or None where there is none."""
        word = self._next()
        return word.endswith("s") if kind and word.startswith(kind) else None
