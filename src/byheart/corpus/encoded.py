"""A corpus as token ids, each document still under its name."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus
from byheart.corpus.tokenizer import Tokenizer


@dataclass(frozen=True)
class EncodedDocument:
    """One document as tokens, without end tokens."""

    name: str
    """Of the document, untrusted."""
    token_ids: TokenIds
    """Shape [num_tokens]."""
    byte_ends: npt.NDArray[np.int64]
    """bytes, shape [num_tokens]; how much of the document is consumed after each token."""

    @property
    def num_tokens(self) -> int:
        """Tokens of the document."""
        return int(self.token_ids.size)

    @property
    def num_bytes(self) -> int:
        """Bytes of the document that its tokens stand for."""
        return int(self.byte_ends[-1]) if self.byte_ends.size else 0


@dataclass(frozen=True)
class EncodedCorpus:
    """The documents of one corpus under one tokenizer."""

    documents: tuple[EncodedDocument, ...]
    """In the order of the corpus."""
    tokenizer_fingerprint: str
    """Of the tokenizer; ids of different tokenizers must not meet."""

    @property
    def num_tokens(self) -> int:
        """Tokens of all documents, end tokens not counted."""
        return sum(document.num_tokens for document in self.documents)

    @property
    def num_bytes(self) -> int:
        """Bytes of all documents that have tokens."""
        return sum(document.num_bytes for document in self.documents)

    def __len__(self) -> int:
        return len(self.documents)

    def __iter__(self) -> Iterator[EncodedDocument]:
        return iter(self.documents)


def encode_corpus(corpus: Corpus, tokenizer: Tokenizer, *, on_progress: Progress = silent) -> EncodedCorpus:
    """Every document as tokens.

    Args:
        corpus: the documents.
        tokenizer: of the model or of the index that the ids are for.
        on_progress: called with documents encoded.
    Returns:
        as many documents, in the same order.
    """
    encodings = tokenizer.encode_many([document.text for document in corpus], on_progress=on_progress)
    pairs = zip(corpus, encodings, strict=True)
    documents = (EncodedDocument(document.name, one.token_ids, one.byte_ends) for document, one in pairs)
    return EncodedCorpus(tuple(documents), tokenizer.fingerprint)
