"""Files and folders that are either whole or absent, also after a power cut."""

import os
import tempfile
from pathlib import Path

from byheart.core.visible import visible
from byheart.errors import StorageError


def write_durably(path: Path, content: bytes) -> None:
    """Puts a file in place by writing a neighbour, syncing it and renaming it.

    Args:
        path: in a folder that exists; replaced where it exists.
        content: the whole file.
    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """
    try:
        descriptor, neighbour = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp makes files that only their owner can read; models are shared.
            os.chmod(neighbour, 0o644)
            os.replace(neighbour, path)
        except BaseException:
            Path(neighbour).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"{visible(str(path))} cannot be written.",
            why=visible(str(error)),
            next_step="Free some space, or choose a folder that you may write to.",
        ) from error


def sync_folder(folder: Path) -> None:
    """Makes renames inside a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
