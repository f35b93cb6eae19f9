"""From sources to an index on disk, within a memory budget, resumable at any moment."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from blake3 import blake3

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.atomic_file import sync_folder
from byheart.corpus.documents import Document
from byheart.corpus.readers import stored_bytes, stream
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import ByheartError, ConfigError, FingerprintError
from byheart.index.corpus_index import Index
from byheart.index.layout import MAX_SYMBOLS, symbol_dtype
from byheart.index.meaning import Meaning
from byheart.index.shard import Entry, SourceHash
from byheart.index.storing.build_folder import (
    TOKENIZER_FOLDER,
    BuildFolder,
    Request,
    begun_shard_symbols,
    forget_finished,
    is_foreign,
    locked,
)
from byheart.index.storing.folder import map_entries
from byheart.index.storing.manifest import MANIFEST, Manifest, read_manifest
from byheart.index.storing.shard_folder import Header, read_header
from byheart.models import load_model
from byheart.study.index_plan import WHITESPACE, IndexPlan, forecast, memory_needed, shard_symbols
from byheart.study.subjects import open_tokenizer

_CHARACTERS_PER_BATCH = 1 << 20


def make_index(
    plan: IndexPlan,
    folder: Path,
    *,
    announce: Callable[[str], None] = lambda text: None,
    on_progress: Progress = silent,
) -> Index:
    """Reads sources and writes their index to a folder; killed at any moment, the same call goes on.

    Args:
        plan: what to index.
        folder: where to; must not exist, or hold what an earlier call of the same plan left.
        announce: told memory, disk and time before the work starts.
        on_progress: told about every stage.
    Returns:
        the index; nothing is done where it is complete already.
    Raises:
        ConfigError: the folder holds something else, or a document does not fit into memory.
        SourceError: a source cannot be read.
        FingerprintError: documents are to be added under another tokenizer.
        StorageError: it cannot be written, or another process writes it.
    """
    if folder.exists() and (not folder.is_dir() or is_foreign(folder)):
        raise ConfigError(
            f"{visible(str(folder))} exists.",
            why="An index is never written over something else.",
            next_step="Choose another -o, or delete it.",
        )
    if plan.add:
        read_manifest(folder)
    with locked(folder):
        before = read_manifest(folder) if plan.add or (folder / MANIFEST).exists() else None
        if before:
            forget_finished(folder, before)
        if before and plan.add:
            tokenizer = _own_tokenizer(plan, folder, before.meaning)
        else:
            tokenizer = chosen_tokenizer(plan.tokenizer, read_all(plan, on_progress)) if plan.tokenizer else None
        meaning = Meaning("bytes", 256)
        if tokenizer is not None:
            meaning = Meaning("tokens", tokenizer.vocabulary_size, tokenizer.fingerprint)
        if before and plan.add and before.meaning != meaning:
            raise FingerprintError(
                f"These documents cannot be added to {visible(str(folder))}.",
                why=f"It has {before.meaning.in_words()}; these would have {meaning.in_words()}.",
                next_step="Leave out --unit and --tokenizer, so that its own are used.",
            )
        request: Request = {
            "sources": list(plan.sources),
            "lines": plan.lines,
            "unit": meaning.unit,
            "tokenizer_fingerprint": meaning.tokenizer_fingerprint,
        }
        if before and _is_held(plan, folder, before, request, announce):
            return Index(meaning, list(map_entries(folder, meaning, before.shards)))
        return _build(plan, folder, before, (meaning, tokenizer), request, announce, on_progress)


def _build(
    plan: IndexPlan,
    folder: Path,
    before: Manifest | None,
    encoding: tuple[Meaning, Tokenizer | None],
    request: Request,
    announce: Callable[[str], None],
    on_progress: Progress,
) -> Index:
    meaning, tokenizer = encoding
    symbol_bytes = symbol_dtype(meaning.unit, meaning.alphabet_size).itemsize
    begun = begun_shard_symbols(folder) if plan.memory_bytes is None else None
    capacity = begun or shard_symbols(plan.memory_bytes, symbol_bytes)
    build = BuildFolder(folder, meaning, request, capacity, before)
    headers = build.resume()
    announce(forecast(plan, meaning.unit, symbol_bytes, capacity))
    try:
        files = _save_tokenizer(tokenizer, folder, keep=before is not None)
        documents = _kept(build, headers, lambda: read_all(plan, on_progress), announce)
        build.write_all(_fitting(_entries(documents, tokenizer), capacity, symbol_bytes), on_progress)
    except ByheartError:
        build.leave()
        raise
    manifest = build.finish(files)
    return Index(meaning, list(map_entries(folder, meaning, manifest.shards)))


def _is_held(
    plan: IndexPlan, folder: Path, before: Manifest, request: Request, announce: Callable[[str], None]
) -> bool:
    """Whether a complete index has exactly these documents from an earlier call with the same plan."""
    earlier = [build for build in before.builds if {key: build[key] for key in request} == request]
    for build in earlier:
        entries = before.shards[build["first_shard"] : build["stop_shard"]]
        documents = read_all(plan, silent)
        headers = (read_header(folder / entry["folder"]) for entry in entries)
        if all(_is_of(documents, header) for header in headers) and next(documents, None) is None:
            announce(f"{folder} is already complete: it holds these documents.")
            return True
    if plan.add:
        return False
    raise ConfigError(
        f"{visible(str(folder))} exists.",
        why="Its sources have changed since." if earlier else "It is an index of other sources, or of another unit.",
        next_step="Choose another -o, delete it, or add these documents to it with --add.",
    )


def _is_of(documents: Iterator[Document], header: Header) -> bool:
    """Whether the next documents are those that a shard was made of; takes them from the iterator."""
    found = SourceHash()
    num_documents = 0
    for document in islice(documents, header["num_documents"]):
        found.add(document.name, _digest(document))
        num_documents += 1
    return num_documents == header["num_documents"] and found.hexdigest() == header["source_blake3"]


def _digest(document: Document) -> bytes:
    return blake3(document.text.encode()).digest()


def _kept(
    build: BuildFolder,
    headers: list[Header],
    read: Callable[[], Iterator[Document]],
    announce: Callable[[str], None],
) -> Iterator[Document]:
    """Keeps the complete shards that are still of these documents; returns the documents after them."""
    documents = read()
    for header in headers:
        if not _is_of(documents, header):
            announce(f"The sources have changed: shard {build.num_shards + 1} and those after it are built again.")
            documents = islice(read(), build.num_documents - build.first_document, None)
            break
        build.keep(header)
    if build.num_shards > build.first_shard:
        announce(f"{build.num_shards - build.first_shard} shard(s) were complete and are kept.")
    build.discard(build.num_shards)
    return documents


def read_all(plan: IndexPlan, on_progress: Progress) -> Iterator[Document]:
    """The documents of all sources, one by one; the stage "read" goes over all of them."""
    sizes = [max(1, stored_bytes(source)) for source in plan.sources]
    for number, source in enumerate(plan.sources):

        def share(stage: str, done: float, total: float, note: str = "", *, number: int = number) -> None:
            here = sizes[number] * done / total if total else 0
            on_progress(stage, sum(sizes[:number]) + here, sum(sizes), note)

        yield from stream(source, lines=plan.lines, skip_bad=plan.skip_bad, on_progress=share)


def chosen_tokenizer(spec: str, documents: Iterable[Document]) -> Tokenizer:
    """The tokenizer that `--tokenizer` names: `whitespace`, `smollm2`, a model's folder or a tokenizer.json.

    Args:
        spec: as on the command line.
        documents: gone over once for `whitespace`, for its words.
    """
    if spec == WHITESPACE:
        return Tokenizer.words(documents)
    return load_model(spec).tokenizer if spec == "smollm2" else open_tokenizer(spec)


def _own_tokenizer(plan: IndexPlan, folder: Path, meaning: Meaning) -> Tokenizer | None:
    """For documents that are added: the tokenizer of the index, unless another is asked for."""
    if plan.tokenizer not in ("", WHITESPACE):
        return chosen_tokenizer(plan.tokenizer, ())
    is_bytes = (plan.unit or meaning.unit) == "bytes"
    return None if is_bytes and not plan.tokenizer else Tokenizer.from_folder(folder / TOKENIZER_FOLDER)


def _save_tokenizer(tokenizer: Tokenizer | None, folder: Path, *, keep: bool) -> list[str]:
    """Puts the tokenizer into the index's folder, or keeps the one that is there; returns the names of its files."""
    place = folder / TOKENIZER_FOLDER
    if tokenizer is None:
        return []
    if not keep or not place.is_dir():
        partial = folder / f".{TOKENIZER_FOLDER}.partial"
        shutil.rmtree(place, ignore_errors=True)
        tokenizer.save(partial)
        for path in partial.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(partial)
        partial.rename(place)
    return sorted(f"{TOKENIZER_FOLDER}/{path.name}" for path in place.iterdir())


def _entries(documents: Iterator[Document], tokenizer: Tokenizer | None) -> Iterator[Entry]:
    """Documents as symbols, encoded in batches that fit into memory."""
    if tokenizer is None:
        for document in documents:
            raw = document.text.encode()
            yield Entry(np.frombuffer(raw, dtype=np.uint8), document.name, blake3(raw).digest())
        return
    for batch in _batches(documents):
        encodings = tokenizer.encode_many([document.text for document in batch])
        for document, encoding in zip(batch, encodings, strict=True):
            yield Entry(encoding.token_ids, document.name, _digest(document))


def _batches(documents: Iterator[Document]) -> Iterator[list[Document]]:
    for first in documents:
        batch, num_characters = [first], len(first.text)
        while num_characters < _CHARACTERS_PER_BATCH and (following := next(documents, None)) is not None:
            batch.append(following)
            num_characters += len(following.text)
        yield batch


def _fitting(entries: Iterable[Entry], capacity: int, symbol_bytes: int) -> Iterator[Entry]:
    """The same documents.

    Raises:
        ConfigError: one of them does not fit into a shard.
    """
    for entry in entries:
        size = entry.symbols.size + 2
        if size > capacity:
            needed = -(-memory_needed(size, symbol_bytes) // 10**6)
            raise ConfigError(
                f"The document {visible(entry.name)} has {size - 2:,} symbols; a shard has room for {capacity - 2:,}.",
                why="A document stands in one shard, which is sorted in memory.",
                next_step=f"Give it --memory {needed}M, or split the document."
                if size <= MAX_SYMBOLS
                else "Split the document.",
            )
        yield entry
