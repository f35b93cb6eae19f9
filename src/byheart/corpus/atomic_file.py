"""A file that is either the old one or the new one, never half of it."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from byheart.core.visible import visible
from byheart.errors import SourceError, StorageError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into; it takes its place when all of it is on disk, and only its owner may read it.

    Args:
        path: its place; an older file there stays until then, and stays for good when writing fails.
    Raises:
        StorageError: the place cannot be written.
    """
    with _placed(path, os.replace) as file:
        yield file


@contextmanager
def creating(path: Path) -> Iterator[BinaryIO]:
    """As `replacing`, but a file that is there already stays: what cannot be made again is never written over.

    Args:
        path: its place.
    Raises:
        StorageError: the place is taken, now or when the file is ready, or cannot be written.
        SourceError: there is no folder to put it in.
    """
    require_free(path)
    with _placed(path, _link) as file:
        yield file


def require_free(path: Path) -> None:
    """Says that a place is taken, before work is spent on what would go there.

    Raises:
        StorageError: something is there.
        SourceError: there is no folder to put it in.
    """
    if os.path.lexists(path):
        raise StorageError(
            f"{visible(str(path))} exists and is not written over.",
            next_step="Choose another name with -o, or move the file away.",
        )
    if not path.parent.is_dir():
        raise SourceError(
            f"There is no folder {visible(str(path.parent))} to write {visible(path.name)} into.",
            why="Nothing is there." if not os.path.lexists(path.parent) else "What is there is no folder.",
            next_step="Make it with mkdir, or choose another place with -o.",
        )


def _link(temporary: str, path: Path) -> None:
    """Fails where the place has been taken meanwhile, which a rename would not."""
    os.link(temporary, path)
    os.unlink(temporary)


@contextmanager
def _placed(path: Path, place: Callable[[str, Path], None]) -> Iterator[BinaryIO]:
    temporary: str | None = None
    try:
        # mkstemp creates with mode 0600, so what is secret is never readable by others, not even for a moment.
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        place(temporary, path)
        temporary = None
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"{visible(str(path))} cannot be written.",
            why=error.strerror or "The system does not say why.",
            next_step="Choose a folder that you may write to and that has room.",
        ) from error
    finally:
        if temporary is not None:
            os.unlink(temporary)


def write_durably(path: Path, content: bytes) -> None:
    """Puts a whole file in place, readable by all: runs and models are shared.

    Args:
        path: in a folder that exists; replaced where it exists.
        content: the whole file.
    Raises:
        StorageError: the place cannot be written.
    """
    with replacing(path) as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o644)


def sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
