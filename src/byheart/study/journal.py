"""An append-only file of checked records: what was acknowledged survives SIGKILL.

Format: a line `byheart journal 1 <study fingerprint>`, then records of a little-endian uint32 length, a uint32 CRC-32
of the payload, a CRC-32 of these eight bytes, and the payload: JSON {"key": ..., "value": ...} in ASCII. Each record is
flushed to the disk before `put` returns. A torn tail (killed while writing) is cut off at the next opening; a wrong
checksum before the tail is damage.
"""

import fcntl
import json
import logging
import os
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from byheart.core.codec import dumps
from byheart.core.visible import visible
from byheart.errors import ConfigError, FingerprintError, FormatError

_logger = logging.getLogger(__name__)
_FRAME = struct.Struct("<III")


class Journal:
    """Records by key, each written once; held exclusively by one process.

    Args:
        path: the file; made when it does not exist.
        study: fingerprint of the plan that the records belong to.

    Raises:
        ConfigError: another process holds the journal.
        FingerprintError: the journal belongs to another study.
        FormatError: the file is damaged before its tail.
    """

    def __init__(self, path: Path, study: str) -> None:
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._file: BinaryIO = os.fdopen(descriptor, "r+b")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise ConfigError(
                f"Another process is working in {path.parent}.",
                why="Its journal is locked.",
                next_step="Wait for it to end, or choose another folder with -o.",
            ) from error
        self._replay(f"byheart journal 1 {study}\n".encode())

    def _replay(self, header: bytes) -> None:
        size = self._path.stat().st_size
        found = self._file.read(len(header))
        if found != header:
            if header.startswith(found):  # killed while the header was being written
                self._file.seek(0)
                self._file.truncate()
                self._file.write(header)
                self._flush()
                return
            self._file.close()
            if not found.startswith(b"byheart journal "):
                raise FormatError(f"{self._path} is not a journal of byheart.", next_step="Choose another folder.")
            raise FingerprintError(
                f"{self._path} belongs to another study.",
                why="Its plan, corpus or model differs from what you asked for now.",
                next_step="Choose another folder with -o, or delete this one.",
            )
        position = len(header)
        while position + _FRAME.size <= size:
            frame = self._file.read(_FRAME.size)
            length, checksum, own = _FRAME.unpack(frame)
            if not any(frame):  # a file system may extend a file with zeros before the data reach it
                break
            if own != zlib.crc32(frame[:8]):
                self._refuse(position)
            stop = position + _FRAME.size + length
            if stop > size:
                break
            payload = self._file.read(length)
            if zlib.crc32(payload) != checksum:
                if stop == size:
                    break
                self._refuse(position)
            self._places[json.loads(payload)["key"]] = (position + _FRAME.size, length)
            position = stop
        self._file.seek(position)
        self._file.truncate()
        if self._places:
            _logger.debug("%s: %d record(s) of an earlier try are kept.", visible(str(self._path)), len(self._places))

    def _refuse(self, position: int) -> NoReturn:
        self._file.close()
        raise FormatError(
            f"{self._path} is damaged.",
            why=f"The record at byte {position} does not match its checksum.",
            next_step=f"Delete {self._path.name} to start the scoring anew.",
        )

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def get(self, key: str) -> Any:
        """The value of a record, as JSON values.

        Raises:
            KeyError: there is no such record.
        """
        start, length = self._places[key]
        self._file.seek(start)
        payload = self._file.read(length)
        return json.loads(payload)["value"]

    def put(self, key: str, value: object) -> None:
        """Appends a record; when it returns, the record is on the disk."""
        payload = dumps({"key": key, "value": value}).encode("ascii")
        self._file.seek(0, os.SEEK_END)
        start = self._file.tell()
        head = struct.pack("<II", len(payload), zlib.crc32(payload))
        self._file.write(head + struct.pack("<I", zlib.crc32(head)) + payload)
        self._flush()
        self._places[key] = (start + _FRAME.size, len(payload))

    def close(self) -> None:
        """Releases the file and its lock."""
        self._file.close()
