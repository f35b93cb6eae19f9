"""The index of a corpus's words, kept beside the index of its bytes."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.normalisation import NORMALISATION, normalise
from byheart.errors import CapabilityError, FingerprintError
from byheart.index.corpus_index import Index

FOLDER = "normalised"
"""Inside the folder of the index of bytes; in it a folder named by the start of that index's fingerprint."""


def open_normalised(
    folder: Path,
    original: Index,
    *,
    announce: Callable[[str], None] = lambda text: None,
    on_progress: Progress = silent,
) -> Index:
    """The index of the normalised documents of a corpus: opened where it was built before, else built and kept.

    An index that grew since has another fingerprint, so that one built for what it was never answers for it.

    Args:
        folder: of the index of bytes.
        original: that index.
        announce: told the size before the work starts, and the time after it.
        on_progress: hears of the stages "normalise" and "index".
    Raises:
        CapabilityError: the index is not one of bytes as they were written.
        FormatError: the one that was kept is damaged.
        FingerprintError: it is not of this corpus.
        StorageError: it cannot be written.
    Cost: once 40 ns per byte of the corpus and the sorting; on disk 5 bytes per byte of the normalised text, and all of
        that in memory while it is built, beside what sorting one shard takes.
    """
    if original.unit != "bytes" or original.meaning.normalisation != "none":
        raise CapabilityError(
            f"{visible(str(folder))} cannot say which items are contaminated.",
            why="That is asked of an index of bytes; tokens change with wrapping and case.",
            next_step="Make one: byheart index SOURCE -o IDX",
        )
    place = folder / FOLDER / original.fingerprint[:16]
    if place.exists():
        return _kept(place, original)
    size = original.num_symbols
    announce(
        f"The first time, the {size:,} bytes of {folder} are normalised and indexed: about {5 * size / 1e6:,.1f} MB."
    )
    started = time.monotonic()
    index = _built(original, on_progress)
    shutil.rmtree(place.parent, ignore_errors=True)
    index.save(place)
    announce(f"Kept in {place}; {time.monotonic() - started:,.0f} s.")
    return index


def _kept(place: Path, original: Index) -> Index:
    index = Index.open(place)
    if index.meaning.normalisation != NORMALISATION or index.num_documents != original.num_documents:
        raise FingerprintError(
            f"{visible(str(place))} is not the normalised index of this corpus.",
            why=f"It has {index.num_documents:,} documents under the normalisation {index.meaning.normalisation!r}; "
            f"expected were {original.num_documents:,} under {NORMALISATION!r}.",
            next_step="Delete that folder: it is built again.",
        )
    return index


def _built(original: Index, on_progress: Progress) -> Index:
    documents = []
    for number in range(original.num_documents):
        text = original.document(number).tobytes().decode("utf-8", "surrogateescape")
        documents.append(np.frombuffer(normalise(text), dtype=np.uint8))
        on_progress("normalise", number + 1, original.num_documents)
    return Index.build(
        documents,
        original.document_names,
        unit="bytes",
        alphabet_size=256,
        normalisation=NORMALISATION,
        shard_symbols=2 * max(shard.num_symbols for shard in original.shards),
        on_progress=on_progress,
    )
