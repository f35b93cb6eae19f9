"""An index as a folder: written whole or not at all, and never answered from while a byte of it is doubtful."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from blake3 import blake3

from byheart.corpus.atomic_file import sync_folder
from byheart.errors import FingerprintError, FormatError, StorageError
from byheart.index.layout import symbol_dtype
from byheart.index.meaning import Meaning, fingerprint
from byheart.index.shard import Shard
from byheart.index.storing.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    is_ours,
    is_shard,
    manifest_of,
    read_manifest,
    shard_entry,
    shard_name,
)
from byheart.index.storing.shard_folder import (
    FILES,
    HEADER,
    Header,
    check_size,
    damaged,
    map_shard,
    read_header,
    self_hash,
    write_shard,
)
from byheart.index.storing.soundness import structural_faults
from byheart.index.storing.stamps import Stamp


def save(meaning: Meaning, shards: Sequence[Shard], folder: Path) -> None:
    """Writes an index, whole or not at all.

    Args:
        folder: must not exist, or be empty.
    Raises:
        StorageError: something stands there already, or it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(
            f"{folder} exists already.",
            why="An index is never written over something else.",
            next_step="Choose another folder, or remove this one first.",
        )
    partial = folder.parent / f".{folder.name}.{os.getpid()}.partial"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        headers = [write_shard(shard, partial / shard_name(number)) for number, shard in enumerate(shards)]
        entries = [shard_entry(number, header) for number, header in enumerate(headers)]
        manifest_of(meaning, shards, entries, files={}).write(partial)
        partial.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise StorageError(
            f"The index could not be written to {folder}.",
            why=str(error),
            next_step="Free space or choose another place.",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def open_shards(
    folder: Path, tokenizer_fingerprint: str | None = None, *, trust_stamp: bool = True
) -> tuple[Meaning, list[Shard]]:
    """Maps an index into memory after making sure that every byte of it is as it was written.

    Args:
        folder: of the index.
        tokenizer_fingerprint: that the index must have, or None for any.
        trust_stamp: do not read again what was found whole before and looks unchanged.
    Raises:
        SourceError: no such folder.
        FormatError: incomplete, damaged or of another version.
        FingerprintError: made with another tokenizer.
    """
    manifest = read_manifest(folder)
    if tokenizer_fingerprint not in (None, manifest.meaning.tokenizer_fingerprint):
        raise FingerprintError(
            f"The index {folder} was made with another tokenizer.",
            why=f"It has {manifest.meaning.tokenizer_fingerprint}, asked for was {tokenizer_fingerprint}.",
            next_step="Make an index with this tokenizer: byheart index SOURCE -o IDX --unit tokens --tokenizer MODEL.",
        )
    stamp = Stamp.of(folder, _files(manifest))
    shards = list(map_entries(folder, manifest.meaning, manifest.shards))
    for name, entry in manifest.files.items():
        check_size(folder / name, entry["bytes"])
    if not (trust_stamp and stamp.is_known()):
        for name in _damaged(folder, manifest):
            raise damaged(folder / name, "Its content does not match its hash.")
        for shard, entry in zip(shards, manifest.shards, strict=True):
            for fault in structural_faults(shard, manifest.meaning):
                raise damaged(folder / entry["folder"], fault)
        if fingerprint(manifest.meaning, shards) != manifest.fingerprint:
            raise damaged(folder / MANIFEST, "Its fingerprint is not the one of the shards.")
        stamp.remember()
    return manifest.meaning, shards


def _files(manifest: Manifest) -> list[str]:
    """All files of an index, relative to its folder."""
    shards = [f"{entry['folder']}/{name}" for entry in manifest.shards for name in (HEADER, *FILES)]
    return [MANIFEST, *manifest.files, *shards]


def checked_header(folder: Path, entry: dict[str, Any]) -> Header:
    """The header of a shard that the manifest names.

    Args:
        folder: of the index.
        entry: what the manifest says of the shard.
    Raises:
        FormatError: it is not the header that the manifest vouches for.
    """
    path = folder / entry["folder"]
    header = read_header(path)
    if self_hash(header) != entry["blake3"]:
        raise damaged(path / HEADER, "It is not the header that the manifest names.")
    return header


def map_entries(folder: Path, meaning: Meaning, entries: Sequence[dict[str, Any]]) -> Iterator[Shard]:
    """Maps the shards that a manifest names into memory; their content is not read.

    Raises:
        FormatError: a file is missing, or header, sizes and manifest contradict each other.
    """
    first_document = 0
    for entry in entries:
        path = folder / entry["folder"]
        header = checked_header(folder, entry)
        shard = map_shard(path, header, first_document=first_document)
        numbers = {"num_documents": shard.num_documents, "num_symbols": shard.num_symbols}
        if any(entry[key] != number or header[key] != number for key, number in numbers.items()):
            raise damaged(path, "The manifest, the header and the arrays give different numbers.")
        dtype = symbol_dtype(meaning.unit, meaning.alphabet_size)
        if shard.sorted.text.dtype != dtype:
            raise damaged(path, f"Its symbols are {shard.sorted.text.dtype}, not {dtype}.")
        yield shard
        first_document += shard.num_documents


def is_index(folder: Path) -> bool:
    """Whether a folder was meant to be an index, however damaged."""
    return is_ours(folder / MANIFEST, FORMAT) or any(is_shard(path) for path in folder.glob("*"))


def damaged_files(folder: Path) -> list[str]:
    """Reads every file of an index, compares it with its hash, and checks what no hash can say.

    Returns:
        names of the files that are missing or damaged, in order; empty when all is well. A damaged manifest is the only
        name then, since it vouches for the rest; it is named too where the files are as they were written but do not
        make an index. A damaged header stands for its shard.
    Raises:
        SourceError: no such folder.
        FormatError: the index is not complete.
    Cost: reads everything twice.
    """
    try:
        manifest = read_manifest(folder)
    except FormatError:
        if (folder / MANIFEST).exists():
            return [MANIFEST]
        raise
    found = _damaged(folder, manifest)
    if not found:
        try:
            open_shards(folder, trust_stamp=False)
        except FormatError:
            return [MANIFEST]
    return found


def _damaged(folder: Path, manifest: Manifest) -> list[str]:
    found = [name for name, entry in manifest.files.items() if _file_hash(folder / name) != entry["blake3"]]
    for entry in manifest.shards:
        try:
            names = differing_files(folder / entry["folder"], checked_header(folder, entry))
        except FormatError:
            names = [HEADER]
        found += [f"{entry['folder']}/{name}" for name in names]
    return sorted(found)


def differing_files(folder: Path, header: Header) -> list[str]:
    """Names of the files of a shard whose content does not match its hash."""
    return [name for name, entry in sorted(header["files"].items()) if _file_hash(folder / name) != entry["blake3"]]


def _file_hash(path: Path) -> str | None:
    try:
        # Mapped, not read: BLAKE3 then works on all cores at once.
        return str(blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest())
    except OSError:
        return None
