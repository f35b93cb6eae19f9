"""The corpus index: every question of the project about 'where else' goes through this class."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from byheart.core.progress import Progress, silent
from byheart.errors import InputError
from byheart.index import storage
from byheart.index.layout import Unit, join_documents
from byheart.index.sorted_text import SortedText, count_first_symbols
from byheart.index.suffix_array import sort_suffixes

Counts = npt.NDArray[np.int64]


class Occurrence(NamedTuple):
    """One place in the corpus."""

    document_index: int
    """0-based number of the document."""
    offset: int
    """0-based position in it, in the index's unit."""


class Matches(NamedTuple):
    """The longest run that starts at each position of a text and stands in one document of the corpus."""

    lengths: Counts
    """In the index's unit, shape [num_symbols of the text]."""
    counts: Counts
    """Occurrences of that run, 0 where the length is 0, shape [num_symbols of the text]."""


class NextSymbols(NamedTuple):
    """What follows a context in the corpus."""

    symbols: Counts
    """Ascending; the end of a document is the index's separator, shape [num_different]."""
    counts: Counts
    """How often each follows, shape [num_different]."""


Text = npt.NDArray[Any] | str | bytes
"""What an index is asked: symbols, shape [num_symbols]; an index of bytes also takes text."""


class Index:
    """A searchable corpus. All answers are exact; no match crosses a document's border.

    Made by `Index.build` or `Index.open`; equal corpora give equal fingerprints either way.
    """

    def __init__(self, contents: storage.Contents, header: dict[str, Any] | None = None) -> None:
        self._contents = contents
        self._header = header
        for array in contents.arrays.values():
            array.flags.writeable = False
        arrays = contents.arrays
        self._sorted = SortedText(arrays["text"], arrays["suffix_array"], arrays["first_symbol"])
        self._offsets = arrays["document_offsets"]

    @classmethod
    def build(
        cls,
        documents: Sequence[npt.NDArray[Any]],
        names: Sequence[str],
        *,
        unit: Unit,
        alphabet_size: int,
        tokenizer_fingerprint: str | None = None,
        on_progress: Progress = silent,
    ) -> "Index":
        """Sorts a corpus in memory.

        Args:
            documents: integers in 0..alphabet_size-1, shape [num_symbols] each; bytes never contain 0xFF.
            names: one address per document.
            unit: "bytes" or "tokens".
            alphabet_size: number of different symbols that may occur.
            tokenizer_fingerprint: who made the token ids.
            on_progress: hears of the stage "index".
        Raises:
            InputError: symbols outside the alphabet, as many names as documents missing, or over 2^31 - 1 symbols.
        Cost: about 0.3 microseconds per token on one core; memory about 20 bytes per token.
        """
        if len(documents) != len(names):
            raise InputError(
                "Each document needs a name.",
                why=f"Got {len(documents)} documents and {len(names)} names.",
                next_step="Pass one name per document.",
            )
        text, offsets = join_documents(documents, unit, alphabet_size)
        on_progress("index", 0, text.size, "sorting suffixes")
        arrays = {
            "text": text,
            "suffix_array": sort_suffixes(text),
            "first_symbol": count_first_symbols(text, alphabet_size),
            "document_offsets": offsets,
        }
        on_progress("index", text.size, text.size)
        return cls(
            storage.Contents(
                unit=unit,
                alphabet_size=alphabet_size,
                tokenizer_fingerprint=tokenizer_fingerprint,
                arrays=arrays,
                names=tuple(names),
            )
        )

    @classmethod
    def open(cls, folder: Path | str) -> "Index":
        """Maps an index from disk; checks the header's hash and the files' sizes, not yet their content.

        Raises:
            SourceError: no such folder.
            FormatError: not an index, damaged, or of another version.
        """
        return cls(*storage.load(Path(folder)))

    @staticmethod
    def verify(folder: Path) -> list[str]:
        """Names of the damaged files of a saved index; empty when every byte is as it was written.

        Raises:
            SourceError: no such folder.
        """
        return storage.damaged_files(folder)

    def save(self, folder: Path) -> None:
        """Writes the index to a new folder, whole or not at all.

        Raises:
            StorageError: the folder exists with something in it, or cannot be written.
        """
        storage.save(self._contents, folder)

    @property
    def unit(self) -> Unit:
        """What a symbol is: "bytes" or "tokens"."""
        return cast("Unit", self._contents.unit)

    @property
    def alphabet_size(self) -> int:
        """Symbols are 0..alphabet_size-1."""
        return self._contents.alphabet_size

    @property
    def separator(self) -> int:
        """The symbol between documents; as a next symbol it means the end of a document."""
        return int(np.iinfo(self._sorted.text.dtype).max)

    @property
    def num_documents(self) -> int:
        """Number of documents, empty ones included."""
        return len(self._contents.names)

    @property
    def num_symbols(self) -> int:
        """Symbols of all documents and the num_documents + 1 separators."""
        return int(self._sorted.text.size)

    @property
    def document_names(self) -> Sequence[str]:
        """One address per document; untrusted text."""
        return self._contents.names

    @property
    def tokenizer_fingerprint(self) -> str | None:
        """Who made the token ids."""
        return self._contents.tokenizer_fingerprint

    @property
    def size_bytes(self) -> int:
        """Bytes of its arrays, as in memory and on disk."""
        return sum(array.nbytes for array in self._contents.arrays.values())

    @cached_property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change whenever an answer may."""
        return storage.fingerprint(self._contents.header() if self._header is None else self._header)

    def holds(self, documents: Sequence[npt.NDArray[Any]]) -> bool:
        """Whether the index is of exactly these documents in this order.

        Args:
            documents: integers, shape [num_symbols] each.
        Cost: reads the text once; no sorting.
        """
        if sum(document.size + 1 for document in documents) + 1 != self.num_symbols:
            return False
        text, offsets = join_documents(documents, self.unit, self.alphabet_size)
        same_borders = np.array_equal(offsets, self._contents.arrays["document_offsets"])
        return same_borders and np.array_equal(text, self._sorted.text)

    @property
    def sorted_text(self) -> SortedText:
        """What the kernels of `search` take."""
        return self._sorted

    def known_symbols(self, text: npt.NDArray[Any]) -> Counts:
        """The text as kernels take it: int64, with -1 for every symbol that no document can contain."""
        symbols = np.asarray(text).astype(np.int64)
        return np.where((symbols >= 0) & (symbols < min(self.alphabet_size, self.separator)), symbols, -1)

    def _symbols(self, text: Text) -> npt.NDArray[Any]:
        if not isinstance(text, str | bytes):
            return text
        if self.unit != "bytes":
            raise InputError(
                "An index of tokens is asked with token ids, not with text.",
                next_step="Encode the text with the index's tokenizer, or make an index of bytes.",
            )
        return np.frombuffer(text.encode() if isinstance(text, str) else text, dtype=np.uint8)

    def _query(self, text: npt.NDArray[Any]) -> Counts:
        if np.any(np.asarray(text) == self.separator):
            raise InputError(
                f"A query contains the separator {self.separator}.",
                why="It stands between documents, and no match crosses their border.",
                next_step="Query each document's part by itself.",
            )
        return self.known_symbols(text)

    def _interval(self, pattern: npt.NDArray[Any]) -> tuple[int, int]:
        from byheart.index.search import pattern_interval

        low, high = pattern_interval(self._sorted, self._query(pattern), 0, pattern.size)
        return int(low), int(high)

    def count(self, pattern: Text) -> int:
        """Occurrences of the pattern, overlapping ones included; the empty one stands at all offsets 0..length.

        Raises:
            InputError: the pattern contains the separator.
        """
        return int(self.counts([pattern])[0])

    def counts(self, patterns: Sequence[Text]) -> Counts:
        """Occurrences of each pattern, shape [num_patterns]; as `count`, but faster for many."""
        from byheart.index.search import pattern_counts

        asked = [self._symbols(pattern) for pattern in patterns]
        sizes = np.array([pattern.size for pattern in asked], dtype=np.int64)
        found = np.full(sizes.size, self.num_symbols - 1, dtype=np.int64)
        if sizes.any():
            query = self._query(np.concatenate([np.asarray(pattern) for pattern in asked if pattern.size]))
            offsets = np.concatenate([[0], np.cumsum(sizes[sizes > 0])]).astype(np.int64)
            found[sizes > 0] = pattern_counts(self._sorted, query, offsets)
        return found

    def occurrences(self, pattern: Text, limit: int) -> list[Occurrence]:
        """The first occurrences of the pattern in corpus order, at most `limit`.

        Raises:
            InputError: the pattern is empty or contains the separator.
        Cost: linear in the number of occurrences.
        """
        symbols = self._symbols(pattern)
        if symbols.size == 0:
            raise InputError("The empty pattern stands everywhere.", next_step="Give at least one symbol.")
        low, high = self._interval(symbols)
        positions = np.sort(self._sorted.suffix_array[low:high])[:limit]
        documents = np.searchsorted(self._offsets, positions, side="right") - 1
        offsets = positions - self._offsets[documents]
        return [Occurrence(int(d), int(o)) for d, o in zip(documents, offsets, strict=True)]

    def longest_matches(self, text: Text) -> Matches:
        """The longest run starting at each position of the text that occurs, and how often it does.

        Args:
            text: shape [num_symbols].
        Raises:
            InputError: the text contains the separator.
        """
        from byheart.index.search import matching_statistics

        return Matches(*matching_statistics(self._sorted, self._query(self._symbols(text))))

    def next_symbol_counts(self, context: Text) -> NextSymbols:
        """What follows the context, and how often; nothing where it does not occur.

        Args:
            context: shape [num_symbols]; after the empty context stands every symbol and the end of every document.
        Raises:
            InputError: the context contains the separator.
        """
        from byheart.index.search import continuations

        asked = self._symbols(context)
        if asked.size == 0:
            counts = np.diff(self._sorted.first_symbol)[: self.separator]
            symbols = np.flatnonzero(counts)
            ends = np.array([self.separator] if self.num_documents else [], dtype=np.int64)
            return NextSymbols(
                np.concatenate([symbols, ends]),
                np.concatenate([counts[symbols], np.full(ends.size, self.num_documents)]),
            )
        low, high = self._interval(asked)
        room = min(high - low, self.alphabet_size + 1)
        out = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        size = continuations(self._sorted, low, high, asked.size, out)
        symbols = out[0][:size].astype(np.int64)
        return NextSymbols(np.where(symbols < 0, self.separator, symbols), out[1][:size].astype(np.int64))
