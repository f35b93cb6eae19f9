"""Documents as tokens, in batches that fit into memory however long the text is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Document
from byheart.corpus.tokenizer import Tokenizer

Counts = npt.NDArray[np.int64]
END_OF_BYTES = 256
"""What stands for the end of a document where tokens are bytes."""
_CHARACTERS_PER_BATCH = 1 << 20


@dataclass(frozen=True)
class Batch:
    """Documents as one row of tokens, each document with its end token."""

    documents: list[Document]
    """In order, at least one."""
    token_ids: TokenIds
    """Shape [num_tokens]."""
    stops: Counts
    """One past the end token of each document, shape [num_documents]."""
    byte_ends: list[Counts] | None
    """bytes; of each document, how much of it is consumed after each of its tokens; None where nobody asks."""

    @property
    def num_bytes(self) -> int:
        """Bytes of the documents."""
        return sum(document.num_bytes for document in self.documents)

    def spans(self) -> Iterator[tuple[int, int]]:
        """Start and stop of each document in the row."""
        return pairwise([0, *self.stops.tolist()])


class Encoder:
    """Text as tokens of a tokenizer, or as bytes.

    Args:
        tokenizer: None for bytes.
    """

    def __init__(self, tokenizer: Tokenizer | None) -> None:
        self._tokenizer = tokenizer
        self.end_id = END_OF_BYTES if tokenizer is None else tokenizer.end_id
        self.vocabulary_size = END_OF_BYTES + 1 if tokenizer is None else tokenizer.vocabulary_size
        self.unknown_id = None if tokenizer is None else tokenizer.unknown_id
        """The token that stands for words outside the vocabulary, or None when every text can be written."""

    @property
    def fingerprint(self) -> str | None:
        """Of the tokenizer; None where tokens are bytes."""
        return None if self._tokenizer is None else self._tokenizer.fingerprint

    def text_of(self, token_id: int) -> str:
        """The text of one token; empty for special tokens such as the end of a document."""
        if self._tokenizer is None:
            return "" if token_id == END_OF_BYTES else bytes([token_id]).decode("utf-8", "replace")
        return self._tokenizer.decode(np.array([token_id], dtype=np.int32))

    def decode(self, token_ids: TokenIds) -> str:
        """The text of a run of tokens, ends of documents left out; U+FFFD where it starts or ends inside a character.

        Args:
            token_ids: shape [num_tokens].
        """
        if self._tokenizer is not None:
            return self._tokenizer.decode(token_ids)
        return token_ids[token_ids != END_OF_BYTES].astype(np.uint8).tobytes().decode("utf-8", "replace")

    def token_ids(self, documents: Iterable[Document]) -> list[TokenIds]:
        """Each document as tokens, without its end."""
        texts = [document.text for document in documents]
        if self._tokenizer is None:
            return [np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int32) for text in texts]
        return self._tokenizer.token_ids_many(texts)

    def batch(self, documents: list[Document], *, with_places: bool) -> Batch:
        """Documents as one row of tokens.

        Args:
            documents: at least one.
            with_places: also where each token stands, which takes as long again.
        """
        byte_ends: list[Counts] | None = None
        if with_places and self._tokenizer is not None:
            encodings = self._tokenizer.encode_many([document.text for document in documents])
            found = [encoding.token_ids for encoding in encodings]
            byte_ends = [encoding.byte_ends for encoding in encodings]
        else:
            found = self.token_ids(documents)
            if with_places:
                byte_ends = [np.arange(1, ids.size + 1, dtype=np.int64) for ids in found]
        end = np.array([self.end_id], dtype=np.int32)
        row = np.concatenate([part for ids in found for part in (ids, end)])
        stops = np.cumsum(np.fromiter((ids.size + 1 for ids in found), dtype=np.int64, count=len(found)))
        return Batch(documents, row, stops, byte_ends)


def in_batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Consecutive documents with about a million characters, at least one."""
    batch: list[Document] = []
    num_characters = 0
    for document in documents:
        if batch and num_characters + len(document.text) > _CHARACTERS_PER_BATCH:
            yield batch
            batch, num_characters = [], 0
        batch.append(document)
        num_characters += len(document.text)
    if batch:
        yield batch
