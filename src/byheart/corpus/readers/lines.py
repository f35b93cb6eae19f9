"""A file as numbered lines, decompressed in bounded steps."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from byheart.corpus.readers.kind import Limits, Options
from byheart.corpus.readers.problems import Problem

_STEP_BYTES = 1 << 16
# A zstd block of four bytes can stand for 128 KiB, so only what a step is fed bounds what it grows to: here 16 MiB.
_ZSTD_STEP_BYTES = 512


@dataclass(frozen=True)
class Line:
    """One line of a file."""

    number: int
    """1-based."""
    content: bytes
    """Without its line feed."""
    is_whole: bool = True
    """False for what stood before the place where a damaged file ends."""


class _DamagedFileError(Exception):
    """The rest of a file cannot be had; the message says why."""


_DAMAGE = (_DamagedFileError, OSError, EOFError, zlib.error)


def numbered_lines(path: Path, options: Options) -> Iterator[Line | Problem]:
    """The lines of a file; a UTF-8 byte order mark is dropped.

    Args:
        path: plain, or compressed when its name ends in .gz or .zst.
        options: limits, and whom to report the bytes read from the file to.
    Returns:
        every line up to the end or the first damage. A line over the limit becomes a Problem and the next one follows;
        damage becomes a Problem after the lines before it, the last of them perhaps not whole.
    """
    pending, num_pending, number = bytearray(), 0, 1
    limit = options.limits.line_bytes
    damage: str | None = None

    def line(*, is_whole: bool = True) -> Line | Problem:
        if num_pending > limit:
            return Problem(str(path), number, f"the line has more than {limit:,} bytes")
        content = bytes(pending)
        return Line(number, content.removeprefix(b"\xef\xbb\xbf") if number == 1 else content, is_whole)

    try:
        for chunk in _chunks(path, options):
            start = 0
            while True:
                stop = chunk.find(b"\n", start)
                piece = chunk[start : stop if stop >= 0 else len(chunk)]
                num_pending += len(piece)
                if num_pending <= limit:
                    pending += piece
                if stop < 0:
                    break
                yield line()
                pending, num_pending, number = bytearray(), 0, number + 1
                start = stop + 1
    except _DAMAGE as error:
        damage = _said(error)
    if num_pending:
        yield line(is_whole=damage is None)
    if damage is not None:
        yield Problem(str(path), number, damage)


def content(path: Path, options: Options) -> bytes | Problem:
    """All of a file, as long as its lines may be; a Problem where it is damaged.

    Args:
        path: plain, or compressed when its name ends in .gz or .zst.
        options: as `numbered_lines` takes them.
    """
    try:
        return b"".join(_chunks(path, options))
    except _DAMAGE as error:
        return Problem(str(path), None, _said(error))


def _said(error: Exception) -> str:
    refusal = error.strerror if isinstance(error, OSError) else None
    return refusal or f"the file is damaged or cut off here ({error})"


def _chunks(path: Path, options: Options) -> Iterator[bytes]:
    """The content of a file, decompressed, in pieces of bounded size."""
    stored_bytes = path.stat().st_size
    name = path.name.lower()
    with path.open("rb") as file:
        if name.endswith(".gz"):
            pieces = _bounded(_gzip_chunks(file), stored_bytes, options.limits)
        elif name.endswith(".zst"):
            pieces = _bounded(_zstd_chunks(file), stored_bytes, options.limits)
        else:
            pieces = iter(lambda: file.read(_STEP_BYTES), b"")
        for piece in pieces:
            yield piece
            options.on_progress("read", file.tell(), max(stored_bytes, file.tell()))


def _bounded(pieces: Iterator[bytes], stored_bytes: int, limits: Limits) -> Iterator[bytes]:
    limit = limits.expanded_bytes(stored_bytes)
    expanded_bytes = 0
    for piece in pieces:
        yield piece[: limit - expanded_bytes]
        expanded_bytes += len(piece)
        if expanded_bytes > limit:
            raise _DamagedFileError(f"{stored_bytes:,} bytes expand to more than {limit:,}")


def _gzip_chunks(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as stream:
        # read() would swallow what it has when the next step fails; read1() takes one step at a time.
        yield from iter(lambda: stream.read1(_STEP_BYTES), b"")


def _zstd_chunks(file: BinaryIO) -> Iterator[bytes]:
    # decompressobj() and not stream_reader(): that one takes a file cut off in the middle for complete.
    import zstandard

    frames = zstandard.ZstdDecompressor()
    frame = frames.decompressobj()
    is_inside = False
    try:
        while stored := file.read(_ZSTD_STEP_BYTES):
            while stored:
                is_inside = True
                if piece := frame.decompress(stored):
                    yield piece
                stored = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame, is_inside = frames.decompressobj(), False
    except zstandard.ZstdError as error:
        raise _DamagedFileError(str(error)) from error
    if is_inside:
        raise _DamagedFileError("the compressed stream has no end")
