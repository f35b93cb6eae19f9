"""What was found whole and has not been touched since need not be read again.

Reading a large index in full takes long, so a full check is remembered with size, times and inode of every file. As
Git does with its index, a file that changed shortly before it was looked at is not trusted: another change within the
clock's resolution would leave no trace.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from byheart.core.codec import dumps
from byheart.corpus.atomic_file import write_durably
from byheart.corpus.cache_folder import cache_folder
from byheart.errors import StorageError

SETTLED_SECONDS = 2.0
"""Age at which a file's times are trusted: coarser than the clock of any file system in use."""
_FOLDER = "whole"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stamp:
    """How the files of a folder looked at one moment."""

    path: Path
    """Where it is remembered."""
    content: bytes
    """Size, times and inode of every file."""
    is_settled: bool
    """Whether all files were old enough to be trusted."""

    @classmethod
    def of(cls, folder: Path, names: list[str]) -> "Stamp":
        """How the files look now; must be taken before they are read.

        Args:
            folder: of the index.
            names: of its files, relative to the folder; one that is missing is noted as such.
        """
        now = time.time()
        looks: dict[str, list[int]] = {}
        changed = 0.0
        for name in names:
            try:
                seen = (folder / name).stat()
            except OSError:
                looks[name] = []
                continue
            looks[name] = [seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino, seen.st_dev]
            changed = max(changed, seen.st_mtime, seen.st_ctime)
        key = blake3(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return cls(cache_folder() / _FOLDER / f"{key}.json", dumps(looks).encode(), now - changed >= SETTLED_SECONDS)

    def is_known(self) -> bool:
        """Whether these very files, as they look, were found whole before."""
        try:
            is_known = self.is_settled and self.path.read_bytes() == self.content
        except OSError:
            return False
        if is_known:
            _logger.debug("The index was found whole before, and its files look as they did: not hashed again.")
        return is_known

    def remember(self) -> None:
        """Notes that these files were found whole; without a cache folder they are read again next time."""
        if not self.is_settled:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self.path, self.content)
        except (OSError, StorageError) as error:
            _logger.info("The check cannot be remembered: %s", error)
