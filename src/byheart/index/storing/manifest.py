"""What belongs to an index on disk, in one file that is written last: where it stands, the index is complete.

IDX/manifest.json      format, version, unit, dtype, alphabet size, tokenizer fingerprint, normalisation; number of
                       documents and of symbols; the index's fingerprint; for each shard its folder, its numbers and
                       the BLAKE3 of its header; size and BLAKE3 of each other file; the builds that made it; last
                       the BLAKE3 of the manifest without that last entry
IDX/shard-00000/ ...   see `shard_folder`
IDX/tokenizer/         for tokens, where a builder wrote the index
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from byheart.core.visible import visible
from byheart.corpus.atomic_file import write_durably
from byheart.errors import FormatError, SourceError
from byheart.index.layout import symbol_dtype
from byheart.index.meaning import Meaning, fingerprint
from byheart.index.shard import Shard
from byheart.index.storing.shard_folder import FORMAT_VERSION, Header, damaged, read_self_hashed, self_hash, self_hashed

FORMAT = "byheart index"
MANIFEST = "manifest.json"
OLD_HEADER = "header.json"
_SHARD = re.compile(r"shard-[0-9]{5,}")
_MEANING = ("unit", "alphabet_size", "tokenizer_fingerprint", "normalisation")


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says."""

    meaning: Meaning
    """What the symbols are."""
    fingerprint: str
    """Of the index."""
    shards: tuple[dict[str, Any], ...]
    """"folder", "num_documents", "num_symbols" and the header's "blake3" of each."""
    files: dict[str, dict[str, Any]]
    """"bytes" and "blake3" of each other file, by its path."""
    builds: tuple[dict[str, Any], ...] = ()
    """What was asked for, one for the index and one for each addition."""

    def write(self, folder: Path) -> None:
        """Puts the manifest in place, or in the place of an older one.

        Raises:
            StorageError: it cannot be written.
        """
        meaning = asdict(self.meaning)
        content = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            **meaning,
            "dtype": symbol_dtype(self.meaning.unit, self.meaning.alphabet_size).name,
            "num_documents": sum(shard["num_documents"] for shard in self.shards),
            "num_symbols": sum(shard["num_symbols"] - 1 for shard in self.shards) + 1,
            "fingerprint": self.fingerprint,
            "shards": list(self.shards),
            "files": self.files,
            "builds": list(self.builds),
        }
        write_durably(folder / MANIFEST, self_hashed(content))


def manifest_of(
    meaning: Meaning,
    shards: Sequence[Shard],
    entries: Sequence[dict[str, Any]],
    *,
    files: dict[str, dict[str, Any]],
    builds: Sequence[dict[str, Any]] = (),
) -> Manifest:
    """The manifest of shards that are on disk.

    Args:
        meaning: of the index.
        shards: in order.
        entries: what `shard_entry` says of each.
        files: the other files.
        builds: what was asked for.
    """
    return Manifest(meaning, fingerprint(meaning, shards), tuple(entries), files, tuple(builds))


def shard_entry(number: int, header: Header) -> dict[str, Any]:
    """What the manifest says of the shard of that number, 0-based."""
    return {
        "folder": shard_name(number),
        "num_documents": header["num_documents"],
        "num_symbols": header["num_symbols"],
        "blake3": self_hash(header),
    }


def shard_name(number: int) -> str:
    """Folder of the shard of that number, 0-based."""
    return f"shard-{number:05d}"


def file_entry(content: bytes) -> dict[str, Any]:
    """What the manifest says of a small file."""
    return {"bytes": len(content), "blake3": blake3(content).hexdigest()}


def is_shard(path: Path) -> bool:
    """Whether a folder has the name of a shard; asked of folders inside an index or a build only (see `is_ours`)."""
    return bool(_SHARD.fullmatch(path.name)) and path.is_dir() and not path.is_symlink()


def is_ours(path: Path, form: str) -> bool:
    """Whether a file was written by byheart as one of that form, damaged or not."""
    return path.is_file() and f'"{form}"'.encode() in path.read_bytes()


def read_manifest(folder: Path) -> Manifest:
    """The manifest, its own hash verified.

    Raises:
        SourceError: no such folder, or nothing of an index in it.
        FormatError: the index is not complete, or the manifest is damaged or of another version.
    """
    if not folder.is_dir():
        raise SourceError(
            f"There is no index at {folder}.", why="No such folder.", next_step="Build one with `byheart index`."
        )
    path = folder / MANIFEST
    if not path.exists():
        if (folder / OLD_HEADER).exists():
            raise damaged(folder, f"It has version 1; this byheart reads {FORMAT_VERSION}.")
        if (folder / "build.json").exists():
            raise FormatError(
                f"The index {visible(str(folder))} is not complete.",
                why="Its build was stopped.",
                next_step="Type the same `byheart index` again: it goes on where it was.",
            )
        if any(is_shard(path) for path in folder.iterdir()):
            raise damaged(path, "It is missing.")
        raise SourceError(
            f"{folder} is not an index.", why=f"It has no {MANIFEST}.", next_step="See `byheart index --help`."
        )
    content = read_self_hashed(path, FORMAT)
    try:
        meaning = Meaning(**{key: content[key] for key in _MEANING})
        symbol_dtype(meaning.unit, meaning.alphabet_size)
        shards = tuple(dict(entry) for entry in content["shards"])
        files = {str(name): dict(entry) for name, entry in content["files"].items()}
        builds = tuple(dict(build) for build in content["builds"])
        places = [entry["folder"] for entry in shards] == [shard_name(number) for number in range(len(shards))]
        safe = all(not Path(name).is_absolute() and ".." not in Path(name).parts for name in files)
        total = content["num_documents"] == sum(entry["num_documents"] for entry in shards)
        if not (shards and places and safe and total):
            raise damaged(path, "Its parts contradict each other.")
        return Manifest(meaning, str(content["fingerprint"]), shards, files, builds)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise damaged(path, f"It is not as byheart writes it ({type(error).__name__}: {error}).") from error
