"""Texts that follow a rule of their own: made of a tokenizer's ordinary tokens, the same for every subject."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from byheart.core.context_needs import ChainsNeed, ContextNeed, LabelsNeed, LanguagesNeed, RepeatedTokensNeed
from byheart.core.spans import Span
from byheart.core.tokens import Floats, TokenIds
from byheart.corpus.tokenizer import Tokenizer
from byheart.stats.chains import draw_chains, true_rows, walk
from byheart.stats.languages import draw_languages
from byheart.study.passages import Passage

LEAST_WORDS = 256
"""Fewer tokens that are a word with a blank before it, and any ordinary token is taken."""
_LONGEST_WORD = 12

Part = Literal["ruled", "control"]
"""The text with its rule, or the same without it."""


@dataclass(frozen=True, kw_only=True)
class MadePassage(Passage):
    """A text that was made, with what it was made of."""

    number: int
    """Of the prompt; its texts share it."""
    part: Part
    """With the rule, or without."""
    symbols: npt.NDArray[np.int64]
    """The rule's own numbers for the tokens, shape [num_tokens]; of labels [the right one, the one that is tried]."""
    rows: Floats
    """What each token was drawn from, shape [num_tokens, k]; of labels empty."""


def ordinary_ids(tokenizer: Tokenizer) -> TokenIds:
    """Tokens to make texts of: words with a blank before them, which every reader of text cuts at the blanks.

    Args:
        tokenizer: whose tokens.
    Returns:
        ids of all tokens that are a blank and ASCII letters; where there are fewer than LEAST_WORDS, of all that write
        something and are not special.
    """
    ids = range(tokenizer.vocabulary_size)
    texts = [tokenizer.decode(np.array([token_id], dtype=np.int32)) for token_id in ids]
    words = [i for i, text in zip(ids, texts, strict=True) if _is_word(text)]
    if len(words) < LEAST_WORDS:
        words = [i for i, text in zip(ids, texts, strict=True) if text and i != tokenizer.end_id]
    return np.array(words, dtype=np.int32)


def _is_word(text: str) -> bool:
    word = text[1:]
    return text[:1] == " " and word.isascii() and word.isalpha() and 2 <= len(word) <= _LONGEST_WORD


def made_texts(need: ContextNeed, tokenizer: Tokenizer, *, rng: np.random.Generator) -> tuple[MadePassage, ...]:
    """The texts of one need.

    Args:
        need: which, and how many.
        tokenizer: of all subjects.
        rng: draws tokens and rules.
    Returns:
        prompt by prompt, each with its rule and without; none where the tokenizer has too few tokens.
    """
    ids = ordinary_ids(tokenizer)
    if ids.size < _distinct_tokens(need):
        return ()
    match need:
        case RepeatedTokensNeed():
            made = _repeated(need, ids, rng=rng)
        case ChainsNeed():
            made = _chains(need, ids, rng=rng)
        case LanguagesNeed():
            made = _languages(need, ids, rng=rng)
        case LabelsNeed():
            made = _labelled(need, ids, tokenizer, rng=rng)
    return tuple(made)


def _distinct_tokens(need: ContextNeed) -> int:
    match need:
        case RepeatedTokensNeed():
            return 2
        case ChainsNeed() | LanguagesNeed():
            return need.num_symbols
        case LabelsNeed():
            return need.num_classes * (need.num_words + 1) + 1


def _repeated(need: RepeatedTokensNeed, ids: TokenIds, *, rng: np.random.Generator) -> Iterator[MadePassage]:
    length = need.num_tokens
    for number, (first, other) in enumerate(rng.choice(ids, size=(need.num_sequences, 2, length))):
        yield _made(need, number, "ruled", np.concatenate([first, first]))
        yield _made(need, number, "control", np.concatenate([first, other]), num_given=length)


def _chains(need: ChainsNeed, ids: TokenIds, *, rng: np.random.Generator) -> Iterator[MadePassage]:
    transitions = draw_chains(need.num_prompts, need.num_symbols, rng=rng)
    symbols = walk(transitions, need.num_tokens, rng=rng)
    yield from _beside_shuffled(need, symbols, true_rows(transitions, symbols), ids, rng=rng)


def _languages(need: LanguagesNeed, ids: TokenIds, *, rng: np.random.Generator) -> Iterator[MadePassage]:
    languages = draw_languages(need.num_prompts, need.num_states, need.num_symbols, rng=rng)
    symbols = languages.write(need.num_tokens, rng=rng)
    yield from _beside_shuffled(need, symbols, languages.rows(symbols), ids, rng=rng)


def _beside_shuffled(
    need: ChainsNeed | LanguagesNeed,
    symbols: npt.NDArray[np.int64],
    rows: Floats,
    ids: TokenIds,
    *,
    rng: np.random.Generator,
) -> Iterator[MadePassage]:
    for number, (own, row) in enumerate(zip(symbols, rows, strict=True)):
        alphabet = rng.choice(ids, size=need.num_symbols, replace=False)
        shuffled = rng.permutation(own)
        yield _made(need, number, "ruled", alphabet[own], symbols=own, rows=row)
        yield _made(need, number, "control", alphabet[shuffled], symbols=shuffled)


def _labelled(
    need: LabelsNeed, ids: TokenIds, tokenizer: Tokenizer, *, rng: np.random.Generator
) -> Iterator[MadePassage]:
    """Examples are lines: a filler, a word of a class, the label."""
    k, num_examples = need.num_classes, need.num_classes * need.num_shots
    breaks = tokenizer.encode("\n").token_ids
    ends = breaks if breaks.size == 1 else np.zeros(0, dtype=np.int32)
    for number in range(need.num_prompts):
        chosen = rng.choice(ids, size=k * (need.num_words + 1), replace=False)
        labels, words = chosen[:k], chosen[k:].reshape(k, need.num_words)
        others = np.setdiff1d(ids, chosen)
        classes = np.append(rng.permutation(np.repeat(np.arange(k), need.num_shots)), rng.integers(k))
        items = words[classes, rng.integers(need.num_words, size=classes.size)]
        fillers = rng.choice(others, size=classes.size)
        dealt: tuple[tuple[Part, Any], ...] = (("ruled", classes), ("control", rng.permutation(classes[:-1])))
        for part, shown in dealt:
            columns = [fillers[:-1], items[:-1], labels[shown[:num_examples]]]
            columns += [np.repeat(end, num_examples) for end in ends]
            examples = np.stack(columns, axis=1).reshape(-1)
            asked = np.concatenate([examples, [fillers[-1], items[-1]]])
            for candidate in range(k):
                tried = np.append(asked, labels[candidate])
                is_right = np.array([classes[-1], candidate])
                yield _made(need, number, part, tried, num_given=tried.size - 1, symbols=is_right)


def _made(
    need: ContextNeed,
    number: int,
    part: Part,
    ids: npt.NDArray[np.integer[Any]],
    *,
    num_given: int = 0,
    symbols: npt.NDArray[np.int64] | None = None,
    rows: Floats | None = None,
) -> MadePassage:
    return MadePassage(
        document=f"{type(need).__name__.removesuffix('Need')} {number + 1}, {part}",
        span=Span(0, 0),
        token_ids=np.ascontiguousarray(ids, dtype=np.int32),
        role="control",
        num_given=num_given,
        num_scored_bytes=0,
        number=number,
        part=part,
        symbols=np.zeros(0, dtype=np.int64) if symbols is None else symbols,
        rows=np.zeros((0, 0)) if rows is None else rows,
    )
