"""A shard on disk: one file for each of its arrays, and a header with the hash of each.

    header.json            format, version, number of documents and of symbols; dtype, size in bytes and BLAKE3 of each
                           file; where a builder wrote it, the BLAKE3 of the documents as they were read; last the
                           BLAKE3 of the header without that last entry
    text.bin               symbols with separators, little-endian uint8, uint16 or uint32
    suffix_array.bin       little-endian int32, one per symbol
    first_symbol.bin       little-endian int64, alphabet size + 1
    document_offsets.bin   little-endian int64, number of documents + 1
    document_digests.bin   BLAKE3 of the symbols of each document, 32 bytes each
    names.bin              UTF-8 of all names, end to end
    name_offsets.bin       little-endian int64, number of documents + 1

Other tables of `SortedText` have a file each in the same way. The folder is written under a temporary name beside its
place, every file synced, and renamed: it is there whole or not at all.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from byheart.core.codec import dumps
from byheart.core.visible import visible
from byheart.corpus.atomic_file import sync_folder
from byheart.errors import FormatError
from byheart.index.names import Names
from byheart.index.shard import DIGEST_BYTES, Shard
from byheart.index.sorted_text import SortedText

FORMAT = "byheart index shard"
FORMAT_VERSION = 2
HEADER = "header.json"
_OTHER_ARRAYS = ("document_offsets", "document_digests", "names", "name_offsets")
FILES = tuple(f"{name}.bin" for name in (*SortedText._fields, *_OTHER_ARRAYS))
_DTYPES = {
    "text": ("uint8", "uint16", "uint32"),
    "suffix_array": ("int32",),
    "first_symbol": ("int64",),
    "sampled_prefixes": ("int64",),
    "document_offsets": ("int64",),
    "document_digests": ("uint8",),
    "names": ("uint8",),
    "name_offsets": ("int64",),
}
"""Of each array: a kernel that is given another type would read something else."""
Header = dict[str, Any]


def damaged(path: Path, why: str) -> FormatError:
    """The error for a part of an index that cannot be used."""
    return FormatError(
        f"{visible(str(path))} is not a usable part of an index.",
        why=why,
        next_step="Build the index again with `byheart index`, or with the version that wrote it.",
    )


def self_hashed(content: dict[str, Any]) -> bytes:
    """A JSON file whose last entry is the BLAKE3 of the rest."""
    return dumps(content | {"blake3": self_hash(content)}).encode("ascii") + b"\n"


def read_self_hashed(path: Path, form: str) -> dict[str, Any]:
    """The content of a file that `self_hashed` made, without the hash.

    Raises:
        FormatError: missing, damaged, of another format or version.
    """
    try:
        raw = path.read_bytes()
        content = json.loads(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, f"It is no JSON file that byheart wrote ({error}).") from error
    if not isinstance(content, dict) or content.get("format") != form:
        raise damaged(path, f"It does not describe a {form}.")
    if content.get("version") != FORMAT_VERSION:
        raise damaged(path, f"It has version {content.get('version')!r}; this byheart reads {FORMAT_VERSION}.")
    if content.pop("blake3", None) != self_hash(content):
        raise damaged(path, "Its hash does not match its content.")
    if raw != self_hashed(content):
        raise damaged(path, "It is not written as byheart writes it.")
    return content


def self_hash(content: dict[str, Any]) -> str:
    """The BLAKE3 of a JSON file's content without its last entry, which is this hash."""
    return str(blake3(dumps(content).encode("ascii")).hexdigest())


def write_synced(path: Path, payload: bytes | memoryview) -> None:
    """A file that survives a power cut once its folder is synced."""
    with path.open("wb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())


def write_shard(shard: Shard, folder: Path, *, source_hash: str | None = None) -> Header:
    """Writes a shard to a folder that does not exist, whole or not at all.

    Args:
        shard: what to write.
        folder: its place.
        source_hash: of the documents as they were read, by which a builder knows them again.
    Returns:
        its header.
    Raises:
        OSError: it cannot be written.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    files = {}
    for name, array in shard.arrays().items():
        payload = array.astype(array.dtype.newbyteorder("<"), copy=False).reshape(-1).view(np.uint8).data
        write_synced(partial / f"{name}.bin", payload)
        digest = blake3(payload, max_threads=blake3.AUTO).hexdigest()
        files[f"{name}.bin"] = {"dtype": array.dtype.name, "bytes": payload.nbytes, "blake3": digest}
    header: Header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "num_documents": shard.num_documents,
        "num_symbols": shard.num_symbols,
        "files": files,
        "source_blake3": source_hash,
    }
    write_synced(partial / HEADER, self_hashed(header))
    sync_folder(partial)
    partial.rename(folder)
    sync_folder(folder.parent)
    return header


def read_header(folder: Path) -> Header:
    """The header of a shard, its own hash verified.

    Raises:
        FormatError: missing, damaged, of another version, or not of the files of this version.
    """
    header = read_self_hashed(folder / HEADER, FORMAT)
    files = header.get("files")
    if not isinstance(files, dict) or set(files) != set(FILES):
        raise damaged(folder / HEADER, f"It lists other files than {', '.join(FILES)}.")
    for name, entry in files.items():
        dtypes = _DTYPES.get(name.removesuffix(".bin"), ())
        whole = isinstance(entry, dict) and isinstance(entry.get("bytes"), int) and isinstance(entry.get("blake3"), str)
        if not whole or entry.get("dtype") not in dtypes:
            raise damaged(folder / HEADER, f"What it says of {name} cannot be.")
    return header


def map_shard(folder: Path, header: Header, *, first_document: int) -> Shard:
    """Maps a shard into memory; reads nothing but the sizes.

    Raises:
        FormatError: a file is missing, or its size is not the one in the header.
    """
    arrays = {}
    for name, entry in header["files"].items():
        check_size(folder / name, entry["bytes"])
        arrays[name.removesuffix(".bin")] = _mapped(folder / name, entry)
    return Shard(
        sorted=SortedText(**{name: arrays[name] for name in SortedText._fields}),
        document_offsets=arrays["document_offsets"],
        names=Names(arrays["names"], arrays["name_offsets"]),
        document_digests=arrays["document_digests"].reshape(-1, DIGEST_BYTES),
        first_document=first_document,
    )


def check_size(path: Path, num_bytes: int) -> None:
    """Raises FormatError when a file is missing or has another size."""
    size = path.stat().st_size if path.is_file() else None
    if size != num_bytes:
        found = "is missing" if size is None else f"has {size} bytes"
        raise damaged(path, f"It {found}; the header says {num_bytes} bytes.")


def _mapped(path: Path, entry: dict[str, Any]) -> npt.NDArray[Any]:
    if entry["bytes"] % np.dtype(entry["dtype"]).itemsize:
        raise damaged(path, f"{entry['bytes']} bytes of {entry['dtype']!r} are no array.")
    dtype = np.dtype(entry["dtype"]).newbyteorder("<")
    if not entry["bytes"]:
        return np.empty(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r").view(np.ndarray)
