"""A part of a corpus that fits into memory while it is sorted: whole documents, at most 2^31 - 1 symbols."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from byheart.errors import InputError
from byheart.index.layout import SymbolArray, TextBuffer, Unit, checked_symbols
from byheart.index.names import ENCODING, Names, NamesBuffer
from byheart.index.sorted_text import SortedText, sort_text

DIGEST_BYTES = 32


@dataclass(frozen=True, eq=False)
class Shard:
    """Consecutive documents of a corpus, searchable. Its arrays are made read-only."""

    sorted: SortedText
    """What the kernels search."""
    document_offsets: npt.NDArray[np.int64]
    """Document i is text[offsets[i] : offsets[i + 1] - 1], shape [num_documents + 1]."""
    names: Names
    """One per document; untrusted text."""
    document_digests: npt.NDArray[np.uint8]
    """BLAKE3 of the symbols of each document as they stand in the text, shape [num_documents, 32]."""
    first_document: int
    """Number of its first document in the whole corpus, 0-based."""

    def __post_init__(self) -> None:
        for array in self.arrays().values():
            array.flags.writeable = False

    @property
    def num_documents(self) -> int:
        """Documents, empty ones included."""
        return self.document_offsets.size - 1

    @property
    def num_symbols(self) -> int:
        """Symbols of its text: those of the documents and num_documents + 1 separators."""
        return int(self.sorted.text.size)

    def document(self, number: int) -> SymbolArray:
        """Symbols of its document of that number, 0-based within the shard; shape [num_symbols]."""
        return self.sorted.text[self.document_offsets[number] : self.document_offsets[number + 1] - 1]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that it consists of, by name."""
        return {
            **self.sorted._asdict(),
            "document_offsets": self.document_offsets,
            "document_digests": self.document_digests,
            "names": self.names.content,
            "name_offsets": self.names.offsets,
        }


class Entry(NamedTuple):
    """A document on its way into an index."""

    symbols: npt.NDArray[Any]
    """Integers, shape [num_symbols]."""
    name: str
    """Its address; untrusted text."""
    source_digest: bytes = b""
    """BLAKE3 of the document as it was read, where that is kept."""


class SourceHash:
    """By which documents are known again without encoding or sorting them: names and digests of what was read."""

    def __init__(self) -> None:
        self._hash = blake3()

    def add(self, name: str, source_digest: bytes) -> None:
        """Takes in the next document."""
        raw = name.encode(*ENCODING)
        self._hash.update(len(raw).to_bytes(8, "little") + raw + source_digest)

    def hexdigest(self) -> str:
        """Of all documents so far."""
        return str(self._hash.hexdigest())


class ShardBuffer:
    """Documents that are collected until they are sorted.

    Args:
        unit: of the index.
        alphabet_size: of the index.
        first_document: number of the first document in the corpus.
    """

    def __init__(self, unit: Unit, alphabet_size: int, first_document: int) -> None:
        self._unit = unit
        self._alphabet_size = alphabet_size
        self._first_document = first_document
        self._text = TextBuffer(unit, alphabet_size)
        self._names = NamesBuffer()
        self._digests = bytearray()
        self._source = SourceHash()

    @property
    def source_hash(self) -> str:
        """Of the documents so far, as they were read."""
        return self._source.hexdigest()

    @property
    def num_documents(self) -> int:
        """Documents so far."""
        return self._text.num_documents

    @property
    def num_symbols(self) -> int:
        """Symbols so far, separators included."""
        return self._text.num_symbols

    def append(self, entry: Entry) -> None:
        """Adds a document.

        Raises:
            InputError: a symbol outside the alphabet, or the separator.
        """
        number = self._first_document + self._text.num_documents
        symbols = checked_symbols(entry.symbols, self._unit, self._alphabet_size, document_index=number)
        self._text.append(symbols)
        self._names.append(entry.name)
        self._source.add(entry.name, entry.source_digest)
        self._digests += document_digest(symbols)

    def finish(self, *, num_threads: int = 1) -> Shard:
        """Sorts what was collected; nothing can be added afterwards."""
        text, offsets = self._text.finish()
        text.flags.writeable = False
        return Shard(
            sorted=sort_text(text, self._alphabet_size, num_threads=num_threads),
            document_offsets=offsets,
            names=self._names.finish(),
            document_digests=np.frombuffer(self._digests, dtype=np.uint8).reshape(-1, DIGEST_BYTES),
            first_document=self._first_document,
        )


def document_digest(symbols: SymbolArray) -> bytes:
    """The BLAKE3 of a document in the dtype of its index, 32 bytes."""
    return blake3(symbols.astype(symbols.dtype.newbyteorder("<"), copy=False).view(np.uint8).data).digest()


def full_buffers(
    entries: Iterable[Entry],
    unit: Unit,
    alphabet_size: int,
    *,
    shard_symbols: int,
    first_document: int = 0,
) -> Iterator[ShardBuffer]:
    """Documents with their names, collected into shards in order: each takes as many as it can hold.

    Args:
        entries: the documents in order.
        shard_symbols: most symbols of a shard, separators included.
        first_document: number of the first document in the corpus.
    Returns:
        at least one buffer, the last with what was left. Where there are no documents it is empty.
    Raises:
        InputError: a symbol outside the alphabet, or a document that no shard can hold.
    """
    buffer = ShardBuffer(unit, alphabet_size, first_document)
    for entry in entries:
        if entry.symbols.size + 2 > shard_symbols:
            raise InputError(
                f"Document {first_document + buffer.num_documents} has {entry.symbols.size:,} symbols.",
                why=f"A document stands in one shard, and a shard has room for {shard_symbols - 2:,}.",
                next_step="Split the document, or give the index more memory.",
            )
        if buffer.num_symbols + entry.symbols.size + 1 > shard_symbols:
            yield buffer
            first_document += buffer.num_documents
            # Dropped before the next one grows: two would need twice the memory.
            buffer = ShardBuffer(unit, alphabet_size, first_document)
        buffer.append(entry)
    yield buffer
