"""The corpus index: every question of the project about 'where else' goes through this class."""

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from byheart.core.progress import Progress, silent
from byheart.errors import CapabilityError, InputError
from byheart.index.answers import (
    Cooccurrences,
    Counts,
    Matches,
    NextSymbols,
    Occurrence,
    SuffixDistributions,
    Suffixes,
)
from byheart.index.layout import MAX_SYMBOLS, SymbolArray, Unit, symbol_dtype
from byheart.index.meaning import Meaning, fingerprint
from byheart.index.names import JoinedNames
from byheart.index.shard import Entry, Shard, document_digest, full_buffers
from byheart.index.sorted_text import SortedText

if TYPE_CHECKING:
    from byheart.index.queries import Text
    from byheart.index.searching.next_symbols import Rows
from byheart.index.searching.threads import usable_cores


class Index:
    """A searchable corpus. All answers are exact, and the same however it is cut into shards.

    No match crosses a document's border. Made by `Index.build` or `Index.open`; equal corpora give equal fingerprints.

    Args:
        meaning: what its symbols are.
        shards: consecutive parts of the corpus, at least one.
    """

    def __init__(self, meaning: Meaning, shards: Sequence[Shard]) -> None:
        self.meaning = meaning
        self.shards = tuple(shards)

    @classmethod
    def build(
        cls,
        documents: Sequence[npt.NDArray[Any]],
        names: Sequence[str],
        *,
        unit: Unit,
        alphabet_size: int,
        tokenizer_fingerprint: str | None = None,
        normalisation: str = "none",
        shard_symbols: int = MAX_SYMBOLS,
        on_progress: Progress = silent,
    ) -> "Index":
        """Sorts a corpus in memory.

        Args:
            documents: integers in 0..alphabet_size-1, shape [num_symbols] each; bytes never contain 0xFF.
            names: one address per document.
            unit: "bytes" or "tokens".
            alphabet_size: number of different symbols that may occur.
            tokenizer_fingerprint: who made the token ids.
            normalisation: what was done to the text before; asked texts need the same.
            shard_symbols: most symbols of a shard, separators included, at most 2^31 - 1.
            on_progress: hears of the stage "index", shard by shard.
        Raises:
            InputError: symbols outside the alphabet, as many names as documents missing, or a document longer than a
                shard.
        Cost: that of `sort_suffixes`.
        """
        if len(documents) != len(names):
            raise InputError(
                "Each document needs a name.",
                why=f"Got {len(documents)} documents and {len(names)} names.",
                next_step="Pass one name per document.",
            )
        meaning = Meaning(unit, alphabet_size, tokenizer_fingerprint, normalisation)
        shards = []
        entries = (Entry(document, name) for document, name in zip(documents, names, strict=True))
        for buffer in full_buffers(entries, unit, alphabet_size, shard_symbols=min(shard_symbols, MAX_SYMBOLS)):
            on_progress("index", 0, buffer.num_symbols, "sorting suffixes")
            shards.append(buffer.finish(num_threads=usable_cores()))
            on_progress("index", buffer.num_symbols, buffer.num_symbols)
        return cls(meaning, shards)

    @classmethod
    def open(cls, folder: Path | str, *, tokenizer_fingerprint: str | None = None) -> "Index":
        """Maps an index from disk; what is not known to be unchanged since it was last read in full is read in full.

        Args:
            folder: that `save` or `byheart index` wrote.
            tokenizer_fingerprint: refuse an index of other tokens.
        Raises:
            SourceError: no such folder.
            FormatError: not an index, not complete, damaged, or of another version.
            FingerprintError: made with another tokenizer.
        Cost: under 50 ms where nothing changed since the last opening, else that of reading everything.
        """
        from byheart.index.storing.folder import open_shards

        return cls(*open_shards(Path(folder), tokenizer_fingerprint))

    @staticmethod
    def verify(folder: Path | str) -> list[str]:
        """Names of the damaged files of a saved index; empty when every byte is as it was written.

        Raises:
            SourceError: no such folder.
        """
        from byheart.index.storing.folder import damaged_files

        return damaged_files(Path(folder))

    def save(self, folder: Path | str) -> None:
        """Writes the index to a new folder, whole or not at all.

        Raises:
            StorageError: the folder exists with something in it, or cannot be written.
        """
        from byheart.index.storing.folder import save

        save(self.meaning, self.shards, Path(folder))

    def __repr__(self) -> str:
        symbols = self.num_symbols - self.num_documents - 1
        return f"<Index of {symbols:,} {self.unit} in {self.num_documents:,} documents, {len(self.shards)} shard(s)>"

    @property
    def unit(self) -> Unit:
        """What a symbol is: "bytes" or "tokens"."""
        return self.meaning.unit

    @property
    def alphabet_size(self) -> int:
        """Symbols are 0..alphabet_size-1."""
        return self.meaning.alphabet_size

    @cached_property
    def separator(self) -> int:
        """The symbol between documents; as a next symbol it means the end of a document."""
        return int(np.iinfo(symbol_dtype(self.unit, self.alphabet_size)).max)

    @cached_property
    def num_documents(self) -> int:
        """Number of documents, empty ones included."""
        return sum(shard.num_documents for shard in self.shards)

    @cached_property
    def num_symbols(self) -> int:
        """Symbols of all documents and num_documents + 1 separators, as if there were one shard."""
        return sum(shard.num_symbols - 1 for shard in self.shards) + 1

    @cached_property
    def document_names(self) -> Sequence[str]:
        """One address per document; untrusted text."""
        return JoinedNames([shard.names for shard in self.shards])

    @property
    def tokenizer_fingerprint(self) -> str | None:
        """Who made the token ids."""
        return self.meaning.tokenizer_fingerprint

    @property
    def size_bytes(self) -> int:
        """Bytes of its arrays, as in memory and on disk."""
        return sum(array.nbytes for shard in self.shards for array in shard.arrays().values())

    @cached_property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change whenever an answer may; the same for every sharding."""
        return fingerprint(self.meaning, self.shards)

    def holds(self, documents: Sequence[npt.NDArray[Any]]) -> bool:
        """Whether the index is of exactly these documents in this order.

        Args:
            documents: integers, shape [num_symbols] each.
        Cost: hashes the documents once.
        """
        if len(documents) != self.num_documents:
            return False
        dtype = symbol_dtype(self.unit, self.alphabet_size)
        asked = iter(documents)
        for shard in self.shards:
            for document, digest in zip(islice(asked, shard.num_documents), shard.document_digests, strict=True):
                symbols = np.asarray(document).astype(dtype)
                if not np.array_equal(symbols, document) or document_digest(symbols) != digest.tobytes():
                    return False
        return True

    @property
    def sorted_text(self) -> SortedText:
        """What the kernels of `search` take.

        Raises:
            CapabilityError: the index has several shards.
        """
        if len(self.shards) > 1:
            raise CapabilityError(
                f"This needs an index in one piece; this one has {len(self.shards)} shards.",
                why="Not every question can be answered shard by shard.",
                next_step="Build the index with more --memory, so that it needs one shard only.",
            )
        return self.shards[0].sorted

    def document(self, document_index: int) -> SymbolArray:
        """The symbols of a document, shape [num_symbols].

        Args:
            document_index: 0-based.
        Raises:
            InputError: there is no such document.
        """
        if not 0 <= document_index < self.num_documents:
            raise InputError(f"There is no document {document_index} among {self.num_documents}.")
        shard = next(s for s in reversed(self.shards) if s.first_document <= document_index)
        return shard.document(document_index - shard.first_document)

    def known_symbols(self, text: npt.NDArray[Any]) -> Counts:
        """The text as kernels take it: int64, with -1 for every symbol that no document can contain."""
        from byheart.index.queries import known_symbols

        return known_symbols(text, self.alphabet_size, self.separator)

    def _joined(self, texts: Sequence["Text"]) -> tuple[Counts, Counts, Counts]:
        from byheart.index.queries import joined_query

        return joined_query(
            texts, of_bytes=self.unit == "bytes", alphabet_size=self.alphabet_size, separator=self.separator
        )

    def _query(self, text: "Text") -> Counts:
        from byheart.index.queries import single_query

        return single_query(
            text, of_bytes=self.unit == "bytes", alphabet_size=self.alphabet_size, separator=self.separator
        )

    def _run(self, pattern: "Text") -> Counts:
        symbols = self._query(pattern)
        if symbols.size == 0:
            raise InputError("The empty pattern stands everywhere.", next_step="Give at least one symbol.")
        return symbols

    def count(self, pattern: "Text") -> int:
        """Occurrences of the pattern, overlapping ones included; the empty one stands at all offsets 0..length.

        Raises:
            InputError: the pattern contains the separator.
        """
        return int(self.counts([pattern])[0])

    def counts(self, patterns: Sequence["Text"]) -> Counts:
        """Occurrences of each pattern, shape [num_patterns]; as `count`, but faster for many."""
        from byheart.index.combination import span_counts

        query, starts, stops = self._joined(patterns)
        found = np.full(stops.size, self.num_symbols - 1, dtype=np.int64)
        given = stops > starts
        if given.any():
            found[given] = span_counts(self.shards, query, starts[given], stops[given])
        return found

    def occurrences(self, pattern: "Text", limit: int) -> list[Occurrence]:
        """The first occurrences of the pattern in corpus order, at most `limit`.

        Raises:
            InputError: the pattern is empty or contains the separator.
        Cost: linear in the number of occurrences.
        """
        from byheart.index.combination import positions

        found: list[Occurrence] = []
        for shard, places in positions(self.shards, self._run(pattern), limit=limit):
            if len(found) < limit:
                found += _occurrences(shard, places[: limit - len(found)])
        return found

    def cooccurrences(self, first: "Text", second: "Text", *, within: int, limit: int) -> Cooccurrences:
        """The places of one run that have another run near them, in the same document.

        Args:
            first: whose places are given; not empty.
            second: not empty.
            within: symbols between their starts, at most, on either side; >= 0.
            limit: places to give, >= 0; all are counted.
        Raises:
            InputError: a run is empty or contains the separator.
        Cost: linear in the number of occurrences of both.
        """
        from byheart.index.cooccurrence import near

        count, found = 0, list[Occurrence]()
        for shard, places in near(self.shards, self._run(first), self._run(second), within=within):
            count += places.size
            found += _occurrences(shard, places[: limit - len(found)])
        return Cooccurrences(count, found)

    def longest_matches(self, text: "Text") -> Matches:
        """The longest run starting at each position of the text that occurs, and how often it does.

        Args:
            text: shape [num_symbols].
        Raises:
            InputError: the text contains the separator.
        """
        from byheart.index.combination import matches

        return matches(self.shards, self._query(text))

    def longest_suffixes(self, text: "Text") -> Suffixes:
        """The longest run ending before each position of the text, and at its end, that occurs.

        Args:
            text: shape [num_symbols].
        Raises:
            InputError: the text contains the separator.
        """
        from byheart.index.combination import suffixes

        return suffixes(self.shards, self._query(text))[0]

    def suffix_distributions(self, text: "Text", *, shortest: int = 0) -> SuffixDistributions:
        """The longest suffix before each position of the text, and everything that follows it in the corpus.

        Args:
            text: shape [num_symbols].
            shortest: what follows a shorter suffix is left out, and its row is empty: few symbols may follow a long
                one, and any may follow none.
        Raises:
            InputError: the text contains the separator.
        """
        from byheart.index.combination import rows, suffixes

        found, intervals = suffixes(self.shards, self._query(text))
        if shortest:
            intervals = [(lows, np.where(found.lengths < shortest, lows, highs)) for lows, highs in intervals]
        return SuffixDistributions(found, rows(self.shards, intervals, found.lengths))

    def next_symbol_counts(self, context: "Text") -> NextSymbols:
        """What follows the context, and how often; nothing where it does not occur.

        Args:
            context: shape [num_symbols]; after the empty context stands every symbol and the end of every document.
        Raises:
            InputError: the context contains the separator.
        """
        from byheart.index.searching.next_symbols import next_symbols_of

        query = self._query(context)
        if len(self.shards) == 1 and query.size:
            return NextSymbols(*next_symbols_of(self.shards[0].sorted, query))
        row = self.next_symbol_rows([context])
        return NextSymbols(row.symbols, row.counts)

    def next_symbol_rows(self, contexts: Sequence["Text"]) -> "Rows":
        """What follows each context, as `next_symbol_counts`, but faster for many."""
        from byheart.index.combination import next_symbol_rows

        return next_symbol_rows(self.shards, *self._joined(contexts))


def _occurrences(shard: Shard, positions: Counts) -> list[Occurrence]:
    documents = np.searchsorted(shard.document_offsets, positions, side="right") - 1
    offsets = positions - shard.document_offsets[documents]
    return [
        Occurrence(shard.first_document + document, offset)
        for document, offset in zip(documents.tolist(), offsets.tolist(), strict=True)
    ]
