"""What belongs to an index on disk, in one file that is written last: where it stands, the index is complete.

IDX/manifest.json      format, version, unit, dtype, alphabet size, tokenizer fingerprint, normalisation; number of
                       documents and of symbols; the index's fingerprint; for each shard its folder, its numbers and
                       the BLAKE3 of its header; size and BLAKE3 of each other file; the builds that made it; last
                       the BLAKE3 of the manifest without that last entry
IDX/shard-00000/ ...   see `shard_folder`
IDX/tokenizer/         for tokens, where a builder wrote the index
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from byheart.corpus.atomic_file import write_durably
from byheart.errors import SourceError
from byheart.index.layout import symbol_dtype
from byheart.index.meaning import Meaning, fingerprint
from byheart.index.shard import Shard
from byheart.index.storing.shard_folder import FORMAT_VERSION, Header, damaged, read_self_hashed, self_hash, self_hashed

FORMAT = "byheart index"
MANIFEST = "manifest.json"
OLD_HEADER = "header.json"
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
        if any(folder.glob("shard-*")) or (folder / "build.json").exists():
            raise damaged(folder, "It is not complete: the build was stopped; the same `byheart index` resumes it.")
        raise SourceError(
            f"{folder} is not an index.", why=f"It has no {MANIFEST}.", next_step="See `byheart index --help`."
        )
    content = read_self_hashed(path, FORMAT)
    try:
        meaning = Meaning(**{key: content[key] for key in _MEANING})
        shards, files, builds = (content[key] for key in ("shards", "files", "builds"))
        return Manifest(meaning, content["fingerprint"], tuple(shards), files, tuple(builds))
    except KeyError as error:
        raise damaged(path, f"It has no {error}.") from error
