"""The index of a corpus's words, kept beside the index of its bytes."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.normalisation import NORMALISATION, normalise
from byheart.errors import CapabilityError, FingerprintError, StorageError
from byheart.index.corpus_index import Index
from byheart.index.meaning import Meaning
from byheart.index.shard import Entry
from byheart.index.storing.build_folder import BuildFolder, Request, begun_shard_symbols, locked
from byheart.index.storing.manifest import FORMAT, MANIFEST, is_ours, read_manifest
from byheart.study.index_plan import shard_symbols

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
        on_progress: hears of the stages "normalise" and "sort".
    Raises:
        CapabilityError: the index is not one of bytes as they were written.
        FormatError: the one that was kept is damaged.
        FingerprintError: it is not of this corpus.
        StorageError: it cannot be written.
    Cost: once 40 ns per byte of the corpus and the sorting, within the memory that an index takes; on disk about 5
        bytes per byte of the normalised text. Killed, it goes on at the first missing shard.
    """
    if original.unit != "bytes" or original.meaning.normalisation != "none":
        raise CapabilityError(
            f"{visible(str(folder))} cannot say which items are contaminated.",
            why="That is asked of an index of bytes; tokens change with wrapping and case.",
            next_step="Make one: byheart index SOURCE -o IDX",
        )
    place = folder / FOLDER / original.fingerprint[:16]
    if place.parent.is_symlink() or place.is_symlink():
        raise StorageError(
            f"{visible(str(place.parent))} is a link.",
            why="What it leads to may be somebody's own; byheart keeps and removes folders there.",
            next_step="Remove the link.",
        )
    if (place / MANIFEST).exists():
        return _kept(place, original)
    size = original.num_symbols
    announce(
        f"The first time, the {size:,} bytes of {folder} are normalised and indexed: about {5 * size / 1e6:,.1f} MB."
    )
    started = time.monotonic()
    _build(place, original, on_progress)
    for older in place.parent.iterdir():
        if older != place and is_ours(older / MANIFEST, FORMAT) and not older.is_symlink():
            shutil.rmtree(older, ignore_errors=True)
    announce(f"Kept in {place}; {time.monotonic() - started:,.0f} s.")
    return _kept(place, original)


def _kept(place: Path, original: Index) -> Index:
    index = Index.open(place)
    made_of = [build.get("normalised") for build in read_manifest(place).builds]
    if index.meaning.normalisation != NORMALISATION or made_of != [original.fingerprint]:
        raise FingerprintError(
            f"{visible(str(place))} is not the normalised index of this corpus.",
            why="It was made of another index, or by another rule.",
            next_step="Delete that folder: it is built again.",
        )
    return index


def _build(place: Path, original: Index, on_progress: Progress) -> None:
    meaning = Meaning("bytes", 256, normalisation=NORMALISATION)
    request: Request = {"normalised": original.fingerprint}
    with locked(place):
        build = BuildFolder(place, meaning, request, begun_shard_symbols(place) or shard_symbols(None, 1), before=None)
        for header in build.resume():
            build.keep(header)
        build.write_all(_entries(original, build.num_documents, on_progress), on_progress)
        build.finish([])


def _entries(original: Index, first: int, on_progress: Progress) -> Iterator[Entry]:
    for number in range(first, original.num_documents):
        text = original.document(number).tobytes().decode("utf-8", "surrogateescape")
        yield Entry(np.frombuffer(normalise(text), dtype=np.uint8), original.document_names[number])
        on_progress("normalise", number + 1, original.num_documents)
