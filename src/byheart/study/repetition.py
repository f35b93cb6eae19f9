"""What a corpus repeats, of itself or of another corpus: the runs, the documents, the longest of them to look at."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.progress import Progress, silent
from byheart.errors import ConfigError, FingerprintError
from byheart.index.corpus_index import Index
from byheart.index.duplicates import Repeats, repeated_spans
from byheart.study.lookup import Lookup

_SHOWN_SYMBOLS = 400
"""Of a passage; the rest of it is counted, not shown."""


@dataclass(frozen=True)
class Passage:
    """A run that stands in several places."""

    symbols: int
    """Its length in the index's unit."""
    count: int
    """How often it stands in the corpus that was searched."""
    document: str
    """Name of the first document that repeats it, untrusted."""
    offset: int
    """Where in that document it starts, in the index's unit."""
    places: tuple[tuple[str, int], ...]
    """Some of its places in the corpus that was searched: document name and offset."""
    beginning: str
    """Its text, untrusted, or the beginning of that."""


@dataclass(frozen=True)
class Repetition:
    """How much of a corpus stands elsewhere too."""

    unit: str
    """"bytes" or "tokens"."""
    min_symbols: int
    """Shortest run that counts."""
    num_spans: int
    """Maximal runs of at least that length."""
    num_symbols: int
    """Symbols of all documents, separators not counted."""
    covered_symbols: int
    """Symbols that lie in at least one run."""
    num_documents: int
    """Documents."""
    touched_documents: int
    """Documents with at least one run."""
    equal_documents: int
    """Documents that equal an earlier one as a whole; against another corpus, that equal one of its documents. Empty
    documents do not count."""
    longest: tuple[Passage, ...]
    """The longest different runs, longest first."""
    most_covered: tuple[tuple[str, int, int], ...]
    """Documents with the most covered symbols: name, covered symbols, all its symbols."""

    @property
    def covered_share(self) -> float:
        """Share of the symbols that lie in a run, in [0, 1]."""
        return self.covered_symbols / self.num_symbols if self.num_symbols else 0.0


def repetition(
    lookup: Lookup,
    *,
    min_symbols: int,
    against: Lookup | None = None,
    limit: int = 20,
    max_places: int = 3,
    on_progress: Progress = silent,
) -> Repetition:
    """What a corpus repeats.

    Definition:
        see `index.duplicates.repeated_spans`
    Args:
        lookup: whose documents are looked at.
        min_symbols: shortest run that counts, >= 1, in the index's unit.
        against: another corpus to look in, of the same unit and tokenizer; the corpus itself when None.
        limit: passages and documents to give.
        max_places: places to give for each passage.
        on_progress: hears of the stages of `repeated_spans` and of "count".
    Raises:
        ConfigError: min_symbols or limit is less than 1.
        FingerprintError: the two indexes differ in unit, tokenizer or normalisation.
    Cost: that of `repeated_spans`.
    Source: Lee et al. 2022, "Deduplicating Training Data Makes Language Models Better" (2107.06499): repeats of 50
        tokens.
    Differs: runs are maximal and end with their document, and overlap with itself counts as another place.
    """
    if min_symbols < 1 or limit < 1:
        raise ConfigError("--min-tokens and --limit must be at least 1.", why=f"Got {min_symbols} and {limit}.")
    index, other = lookup.index, against.index if against else None
    if other is not None and other.meaning != index.meaning:
        raise FingerprintError(
            "The two indexes cannot be compared.",
            why=f"One has {index.meaning.in_words()}, the other {other.meaning.in_words()}.",
            next_step="Make both with the same --unit and --tokenizer.",
        )
    repeats = repeated_spans(index, min_symbols=min_symbols, other=other, on_progress=on_progress)
    return Repetition(
        unit=index.unit,
        min_symbols=min_symbols,
        num_spans=repeats.lengths.size,
        num_symbols=index.num_symbols - index.num_documents - 1,
        covered_symbols=int(repeats.covered_symbols.sum()),
        num_documents=index.num_documents,
        touched_documents=np.unique(repeats.documents).size,
        equal_documents=_equal_documents(index, other),
        longest=_longest(lookup, other or index, repeats, limit, max_places, on_progress),
        most_covered=_most_covered(index, repeats, limit),
    )


def _digests(index: Index) -> npt.NDArray[np.void]:
    """The BLAKE3 of each document that is not empty, shape [num_documents that are not empty]."""
    found = [shard.document_digests[np.diff(shard.document_offsets) > 1] for shard in index.shards]
    joined = np.ascontiguousarray(np.concatenate(found))
    return joined.view(np.dtype((np.void, joined.shape[1]))).reshape(-1)


def _equal_documents(index: Index, other: Index | None) -> int:
    own = _digests(index)
    return int(np.isin(own, _digests(other)).sum()) if other is not None else own.size - np.unique(own).size


def _longest(
    lookup: Lookup, searched: Index, repeats: Repeats, limit: int, max_places: int, on_progress: Progress
) -> tuple[Passage, ...]:
    shown: dict[bytes, Passage] = {}
    for at in np.argsort(-repeats.lengths, kind="stable").tolist():
        if len(shown) == limit:
            break
        document, offset, size = (int(column[at]) for column in repeats)
        run = lookup.index.document(document)[offset : offset + size]
        if run.tobytes() in shown:
            continue
        places = searched.occurrences(run, max_places)
        shown[run.tobytes()] = Passage(
            size,
            searched.count(run),
            lookup.index.document_names[document],
            offset,
            tuple((searched.document_names[place.document_index], place.offset) for place in places),
            lookup.text(run[:_SHOWN_SYMBOLS]),
        )
        on_progress("count", len(shown), limit)
    return tuple(shown.values())


def _most_covered(index: Index, repeats: Repeats, limit: int) -> tuple[tuple[str, int, int], ...]:
    documents, which = np.unique(repeats.documents, return_inverse=True)
    covered = np.bincount(which, weights=repeats.covered_symbols, minlength=documents.size).astype(np.int64)
    order = np.argsort(-covered, kind="stable")[:limit]
    return tuple(
        (index.document_names[number], symbols, index.document(number).size)
        for number, symbols in zip(documents[order].tolist(), covered[order].tolist(), strict=True)
    )
