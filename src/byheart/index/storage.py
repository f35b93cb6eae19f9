"""An index as a folder: five data files and a header with the hash of each, so that damage is noticed.

    header.json             format, version, unit, dtype, alphabet size, counts, tokenizer fingerprint, size in bytes
                            and BLAKE3 of each file; last the BLAKE3 of the header without that last entry
    text.bin                symbols with separators, little-endian uint8, uint16 or uint32
    suffix_array.bin        little-endian int32, one per symbol
    first_symbol.bin        little-endian int64, alphabet size + 1
    document_offsets.bin    little-endian int64, number of documents + 1
    document_names.jsonl    one JSON string per line, ASCII

The folder is written under a temporary name beside its place, synced, and renamed: it is there whole or not at all.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from byheart.core.codec import dumps
from byheart.corpus.atomic_file import sync_folder
from byheart.errors import FormatError, SourceError, StorageError

FORMAT = "byheart index"
FORMAT_VERSION = 1
HEADER = "header.json"
NAMES = "document_names.jsonl"
ARRAYS = ("text", "suffix_array", "first_symbol", "document_offsets")
_DTYPES = {"suffix_array": "<i4", "first_symbol": "<i8", "document_offsets": "<i8"}
_TEXT_DTYPES = frozenset(("uint8", "uint16", "uint32"))
_CHUNK_BYTES = 1 << 24


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything that an index holds, in memory or mapped from disk."""

    unit: str
    """"bytes" or "tokens"."""
    alphabet_size: int
    """Symbols are 0..alphabet_size-1."""
    tokenizer_fingerprint: str | None
    """Who made the token ids."""
    arrays: dict[str, npt.NDArray[Any]]
    """By the names in ARRAYS."""
    names: Sequence[str]
    """One per document."""

    def payloads(self) -> dict[str, memoryview]:
        """The bytes of each data file, by file name."""
        little = {
            f"{name}.bin": np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).view(np.uint8).data
            for name, array in self.arrays.items()
        }
        lines = "".join(dumps(name) + "\n" for name in self.names).encode("ascii")
        return little | {NAMES: memoryview(lines)}

    def header(self) -> dict[str, Any]:
        """The header without its own hash."""
        files = {
            name: {"bytes": payload.nbytes, "blake3": blake3(payload).hexdigest()}
            for name, payload in self.payloads().items()
        }
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "unit": self.unit,
            "dtype": self.arrays["text"].dtype.name,
            "alphabet_size": self.alphabet_size,
            "num_documents": len(self.names),
            "num_symbols": int(self.arrays["text"].size),
            "tokenizer_fingerprint": self.tokenizer_fingerprint,
            "files": files,
        }


def fingerprint(header: dict[str, Any]) -> str:
    """What identifies an index: the BLAKE3 of the data files' hashes and of what gives their symbols a meaning.

    Returns:
        64 hexadecimal digits.
    Source: definition.
    Differs: nothing.
    """
    meaning = [header[key] for key in ("unit", "dtype", "alphabet_size", "tokenizer_fingerprint")]
    hashes = [[name, entry["blake3"]] for name, entry in sorted(header["files"].items())]
    return str(blake3(dumps([meaning, hashes]).encode()).hexdigest())


def _write(path: Path, payload: bytes | memoryview) -> None:
    with path.open("wb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())


def save(contents: Contents, folder: Path) -> None:
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
        for name, payload in contents.payloads().items():
            _write(partial / name, payload)
        header = contents.header()
        _write(partial / HEADER, dumps(header | {"blake3": _header_hash(header)}).encode("ascii") + b"\n")
        sync_folder(partial)
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


def _header_hash(header: dict[str, Any]) -> str:
    return str(blake3(dumps(header).encode("ascii")).hexdigest())


def _damaged(path: Path, why: str) -> FormatError:
    return FormatError(
        f"{path} is not a usable part of an index.",
        why=why,
        next_step="Build the index again with `byheart index`, or with the version that wrote it.",
    )


def read_header(folder: Path) -> dict[str, Any]:
    """The header, its own hash verified.

    Raises:
        SourceError: no such folder.
        FormatError: the header is missing, damaged or of another version.
    """
    if not folder.is_dir():
        raise SourceError(
            f"There is no index at {folder}.", why="No such folder.", next_step="Build one with `byheart index`."
        )
    path = folder / HEADER
    try:
        header = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise _damaged(path, "It is not the header of an index.")
    if header.get("version") != FORMAT_VERSION:
        raise _damaged(path, f"It has version {header.get('version')!r}; this byheart reads {FORMAT_VERSION}.")
    if header.pop("blake3", None) != _header_hash(header):
        raise _damaged(path, "Its hash does not match its content.")
    return header


def load(folder: Path) -> tuple[Contents, dict[str, Any]]:
    """Maps an index into memory; reads nothing but the header and the names.

    Raises:
        SourceError: no such folder.
        FormatError: the header is unusable, or a file is missing or has another size than the header says.
    """
    header = read_header(folder)
    if header["dtype"] not in _TEXT_DTYPES:
        raise _damaged(folder / HEADER, f"Unknown dtype {header['dtype']!r}.")
    for name, entry in header["files"].items():
        size = (folder / name).stat().st_size if (folder / name).is_file() else None
        if size != entry["bytes"]:
            found = "is missing" if size is None else f"has {size} bytes"
            raise _damaged(folder / name, f"It {found}; the header says {entry['bytes']} bytes.")
    dtypes = _DTYPES | {"text": np.dtype(header["dtype"]).newbyteorder("<")}
    arrays = {name: np.memmap(folder / f"{name}.bin", dtype=dtypes[name], mode="r").view(np.ndarray) for name in ARRAYS}
    try:
        names = [json.loads(line) for line in (folder / NAMES).read_bytes().splitlines()]
    except ValueError as error:
        raise _damaged(folder / NAMES, str(error)) from error
    if len(names) != header["num_documents"]:
        raise _damaged(folder / NAMES, f"It has {len(names)} names for {header['num_documents']} documents.")
    contents = Contents(
        unit=header["unit"],
        alphabet_size=header["alphabet_size"],
        tokenizer_fingerprint=header["tokenizer_fingerprint"],
        arrays=arrays,
        names=names,
    )
    return contents, header


def damaged_files(folder: Path) -> list[str]:
    """Rehashes every file of an index.

    Returns:
        names of the files that are missing or differ from the header, in order; empty when all is well. A damaged
        header is the only name then, since it vouches for the rest.
    Raises:
        SourceError: no such folder.
    Cost: reads everything once.
    """
    try:
        header = read_header(folder)
    except FormatError:
        return [HEADER]
    return [name for name, entry in sorted(header["files"].items()) if _file_hash(folder / name) != entry["blake3"]]


def _file_hash(path: Path) -> str | None:
    if not path.is_file():
        return None
    digest = blake3()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return str(digest.hexdigest())
