"""An index that grows in its folder, shard by shard: killed at any moment, it goes on at the first missing shard.

IDX/build.json         while a build is under way: what was asked for, and how many symbols a shard takes
IDX/shard-00000/ ...   complete shards
IDX/manifest.json      written when all is there; until an addition is complete, the one of the index before it
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from byheart.core.progress import Progress
from byheart.core.visible import visible
from byheart.corpus.atomic_file import sync_folder, write_durably
from byheart.errors import ConfigError, FormatError, StorageError
from byheart.index.meaning import Meaning
from byheart.index.searching.threads import usable_cores
from byheart.index.shard import Entry, ShardBuffer, full_buffers
from byheart.index.storing.folder import differing_files, map_entries
from byheart.index.storing.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    file_entry,
    is_ours,
    is_shard,
    manifest_of,
    shard_entry,
    shard_name,
)
from byheart.index.storing.shard_folder import (
    FORMAT_VERSION,
    Header,
    read_header,
    read_self_hashed,
    self_hashed,
    write_shard,
)

BUILD = "build.json"
TOKENIZER_FOLDER = "tokenizer"
_FORMAT = "byheart index build"
_OURS = ((BUILD, _FORMAT), (MANIFEST, FORMAT))
Request = dict[str, Any]
"""What was asked for: everything that the index's content depends on, as JSON values."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps every other builder out of a folder, which is made where it does not exist.

    Raises:
        StorageError: another process builds there, or the folder cannot be made.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StorageError(
            f"The index could not be written to {visible(str(folder))}.",
            why=str(error),
            next_step="Choose another place.",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError(
                f"Another byheart is building {visible(str(folder))}.",
                why="Two builders would overwrite each other.",
                next_step="Wait until it is done.",
            ) from error
        yield
    finally:
        if is_new and not any(folder.iterdir()):
            folder.rmdir()
        os.close(descriptor)


def is_foreign(folder: Path) -> bool:
    """Whether a folder has something in it and no builder has been at work there.

    Names alone say nothing: other programs' data comes in files called shard-00000 too.
    """
    names = {path.name for path in folder.iterdir() if not path.name.startswith(f".{BUILD}.")}
    return bool(names) and not any(is_ours(folder / name, form) for name, form in _OURS)


class BuildFolder:
    """A build under way in a locked folder.

    Args:
        folder: of the index.
        meaning: of the index.
        request: what was asked for.
        shard_symbols: most symbols of a shard.
        before: the index that documents are added to.
    """

    def __init__(
        self, folder: Path, meaning: Meaning, request: Request, shard_symbols: int, before: Manifest | None
    ) -> None:
        self.folder = folder
        self.meaning = meaning
        self.request = request
        self.shard_symbols = shard_symbols
        self.first_shard = len(before.shards) if before else 0
        self.first_document = sum(entry["num_documents"] for entry in before.shards) if before else 0
        self._before = before
        self._entries: list[dict[str, Any]] = list(before.shards) if before else []

    @property
    def num_documents(self) -> int:
        """Documents of all complete shards, those of the index before it included."""
        return sum(entry["num_documents"] for entry in self._entries)

    @property
    def num_shards(self) -> int:
        """Complete shards, those of the index before it included."""
        return len(self._entries)

    def resume(self) -> list[Header]:
        """Takes up what a killed build left, or starts anew.

        Returns:
            headers of the complete and sound shards of this build, in order.
        Raises:
            ConfigError: another build is under way here.
        """
        for pattern in (".shard-*.partial", f".{TOKENIZER_FOLDER}.partial", f".{BUILD}.*", f".{MANIFEST}.*"):
            for path in self.folder.glob(pattern):
                _remove(path)
        state = self._state()
        if (self.folder / BUILD).exists():
            begun = read_self_hashed(self.folder / BUILD, _FORMAT)
            self._refuse_other(begun, state)
        else:
            begun = None
            self.discard(self.first_shard)
        # Another amount of memory changes only how much the shards hold that are still to come.
        if begun != state:
            write_durably(self.folder / BUILD, self_hashed(state))
        headers: list[Header] = []
        while (path := self.folder / shard_name(self.first_shard + len(headers))).is_dir():
            try:
                header = read_header(path)
            except FormatError:
                break
            if differing_files(path, header):
                break
            headers.append(header)
        return headers

    def _state(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "version": FORMAT_VERSION,
            "first_shard": self.first_shard,
            "shard_symbols": self.shard_symbols,
            "request": self.request,
        }

    def _refuse_other(self, begun: dict[str, Any], asked: dict[str, Any]) -> None:
        there, here = ({"first_shard": state["first_shard"], **state["request"]} for state in (begun, asked))
        differences = [
            f"{key}: {there.get(key)!r} there, {here[key]!r} here" for key in here if there.get(key) != here[key]
        ]
        if differences:
            raise ConfigError(
                f"Another build is under way in {visible(str(self.folder))}.",
                why="; ".join(differences) + ".",
                next_step=f"Finish it with the command that began it, or give it up: delete {self.folder / BUILD}.",
            )

    def keep(self, header: Header) -> None:
        """Counts a shard that `resume` gave as built."""
        self._entries.append(shard_entry(len(self._entries), header))

    def discard(self, first: int) -> None:
        """Removes the shards from that number on."""
        for path in sorted(self.folder.iterdir(), reverse=True):
            if is_shard(path) and path.name >= shard_name(first):
                _remove(path)

    def write(self, buffer: ShardBuffer, *, num_threads: int) -> None:
        """Sorts the next shard and writes it.

        Raises:
            StorageError: it cannot be written.
        """
        source_hash = buffer.source_hash
        shard = buffer.finish(num_threads=num_threads)
        path = self.folder / shard_name(len(self._entries))
        try:
            header = write_shard(shard, path, source_hash=source_hash)
        except OSError as error:
            raise StorageError(
                f"The shard could not be written to {visible(str(path))}.",
                why=str(error),
                next_step="Free space; the same command goes on from there.",
            ) from error
        self._entries.append(shard_entry(len(self._entries), header))

    def write_all(self, entries: Iterable[Entry], on_progress: Progress) -> None:
        """Collects documents into shards, and sorts and writes each as soon as it is full.

        Args:
            entries: the documents after those of the complete shards.
            on_progress: hears of the stage "sort".
        Raises:
            InputError: a symbol outside the alphabet, or a document that no shard can hold.
            StorageError: a shard cannot be written.
        """
        for buffer in full_buffers(
            entries,
            self.meaning.unit,
            self.meaning.alphabet_size,
            shard_symbols=self.shard_symbols,
            first_document=self.num_documents,
        ):
            # Where all documents stand in shards already, the last buffer is empty.
            if buffer.num_documents or not self.num_documents:
                size = buffer.num_symbols
                on_progress("sort", 0, size, f"shard {self.num_shards + 1}")
                self.write(buffer, num_threads=usable_cores())
                on_progress("sort", size, size, f"shard {self.num_shards}")

    def leave(self) -> None:
        """Removes the traces of a build that failed before its first shard was complete."""
        if self.num_shards == self.first_shard:
            (self.folder / BUILD).unlink(missing_ok=True)
            if self._before is None:
                _remove(self.folder / TOKENIZER_FOLDER)

    def finish(self, files: Sequence[str]) -> Manifest:
        """Puts the manifest in place: from then on the index is complete.

        Args:
            files: other files that belong to the index, relative to the folder.
        """
        self.discard(len(self._entries))
        shards = list(map_entries(self.folder, self.meaning, self._entries))
        builds = [] if self._before is None else list(self._before.builds)
        builds.append({**self.request, "first_shard": self.first_shard, "stop_shard": len(self._entries)})
        manifest = manifest_of(
            self.meaning,
            shards,
            self._entries,
            files={name: file_entry((self.folder / name).read_bytes()) for name in files},
            builds=builds,
        )
        manifest.write(self.folder)
        (self.folder / BUILD).unlink()
        sync_folder(self.folder)
        return manifest


def forget_finished(folder: Path, complete: Manifest) -> None:
    """Removes the plan of a build that was killed after its manifest was in place: it has nothing more to do."""
    if (folder / BUILD).exists() and read_self_hashed(folder / BUILD, _FORMAT)["first_shard"] < len(complete.shards):
        (folder / BUILD).unlink()
        sync_folder(folder)


def begun_shard_symbols(folder: Path) -> int | None:
    """Symbols of a shard of the build that is under way in a folder; None where there is none."""
    if not (folder / BUILD).exists():
        return None
    return int(read_self_hashed(folder / BUILD, _FORMAT)["shard_symbols"])


def _remove(path: Path) -> None:
    if path.is_dir():
        # Renamed first, so that a kill leaves no shard that lacks some of its files.
        doomed = path.with_name(f".{path.name.lstrip('.').removesuffix('.partial')}.partial")
        if doomed != path:
            shutil.rmtree(doomed, ignore_errors=True)
            path.rename(doomed)
        shutil.rmtree(doomed)
    else:
        path.unlink(missing_ok=True)
