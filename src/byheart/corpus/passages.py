"""Passages of a fixed number of tokens, cut out of real documents."""

import re
from collections.abc import Iterator

import numpy as np

from byheart.core.spans import Span
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import InputError, SourceError

# Few tokens are longer than this on average over a passage; a passage of longer ones is passed over.
_CHARACTERS_PER_TOKEN = 24


def passages(
    documents: Corpus, tokenizer: Tokenizer, *, num_tokens: int, num: int, rng: np.random.Generator
) -> list[str]:
    """Different passages of exactly so many tokens, each from a line start.

    Documents are visited in random order, one passage per visit, and visited again only when all have been.

    Args:
        documents: to cut from.
        tokenizer: decides the length; a passage has num_tokens tokens when it is encoded by itself.
        num_tokens: tokens per passage, >= 1.
        num: passages, >= 0.
        rng: consumed by the order of documents and of their lines.
    Returns:
        num texts, no two equal, none blank, no two of one document overlapping.
    Raises:
        InputError: a count outside its range.
        SourceError: the documents do not have so many.
    Cost: about two encodings of a passage per passage.
    """
    if num_tokens < 1 or num < 0:
        raise InputError(
            "Passages need a positive length and a non-negative number.",
            why=f"Got num_tokens={num_tokens}, num={num}.",
            next_step="Correct the counts.",
        )
    found: dict[str, None] = {}
    visits = [_cuts(documents.documents[i], tokenizer, num_tokens, rng) for i in rng.permutation(len(documents))]
    while visits and len(found) < num:
        still_open = []
        for cuts in visits:
            if len(found) == num:
                break
            cut = next((cut for cut in cuts if cut not in found), None)
            if cut is not None:
                found[cut] = None
                still_open.append(cuts)
        visits = still_open
    if len(found) < num:
        raise SourceError(
            f"The documents hold {len(found)} of the {num} passages of {num_tokens} tokens asked for.",
            why=f"{len(documents)} documents with {documents.num_bytes:,} bytes in all were searched.",
            next_step="Ask for fewer or shorter passages, or give more text.",
        )
    return list(found)


def _cuts(document: Document, tokenizer: Tokenizer, num_tokens: int, rng: np.random.Generator) -> Iterator[str]:
    """Passages of one document in random order."""
    text = document.text
    starts = np.array([0, *(match.end() for match in re.finditer("\n", text))], dtype=np.int64)
    taken: list[Span] = []
    for start in rng.permutation(starts).tolist():
        tail = text[start : start + _CHARACTERS_PER_TOKEN * num_tokens]
        encoding = tokenizer.encode(tail)
        if len(encoding) >= num_tokens:
            cut = tail.encode()[: encoding.byte_ends[num_tokens - 1]].decode()
            span = Span(start, start + len(cut))
            is_free = all(span.stop <= other.start or other.stop <= span.start for other in taken)
            if is_free and cut.strip() and len(tokenizer.encode(cut)) == num_tokens:
                taken.append(span)
                yield cut
