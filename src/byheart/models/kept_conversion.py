"""A converted model in the cache: believed only while every file of it is the one that was written.

One flipped bit moves a score by many nats, and neither safetensors nor the name of the folder would tell: that name is
the hash of the file that was converted.
"""

import json
import shutil
from pathlib import Path

from byheart.corpus.atomic_file import write_durably
from byheart.errors import ByheartError
from byheart.models.fingerprint import hash_files
from byheart.models.folders import read_json_object

CHECKSUMS = "checksums.json"
_SCHEMA = 1


def seal(folder: Path) -> None:
    """Notes the BLAKE3 of every file, last of all: a folder without the note is not whole.

    Raises:
        StorageError: the folder cannot be written.
    """
    noted = {"schema": _SCHEMA, "blake3": hash_files(sorted(folder.iterdir()))}
    write_durably(folder / CHECKSUMS, (json.dumps(noted, indent=2) + "\n").encode())


def is_whole(folder: Path) -> bool:
    """Whether a folder holds the files that were noted, to the last bit, and no others.

    Cost: as `hash_files`.
    """
    try:
        noted = read_json_object(folder / CHECKSUMS) or {}
        files = [path for path in sorted(folder.iterdir()) if path.name != CHECKSUMS]
        return noted.get("schema") == _SCHEMA and noted.get("blake3") == hash_files(files)
    except (OSError, ByheartError):
        return False


def move_into_place(workshop: Path, folder: Path) -> None:
    """Renames a sealed folder; one that is there and not whole goes, one that is whole stays.

    Args:
        workshop: in the same folder as the place.
        folder: the place.
    Raises:
        OSError: it cannot be renamed.
    """
    if folder.exists():
        if is_whole(folder):
            # Another process was faster; its folder is as good as ours.
            return
        # Aside first: nobody may meet a folder that is half removed.
        aside = workshop.with_name(f"{workshop.name}.old")
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
    try:
        workshop.rename(folder)
    except OSError:
        if not is_whole(folder):
            raise
