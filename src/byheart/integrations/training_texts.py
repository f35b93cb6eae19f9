"""The texts of a file of training text, whatever it is kept in; what is no text is refused, never called clean."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from byheart.core.visible import visible_in_line
from byheart.corpus.readers.json_lines import ENDINGS
from byheart.corpus.readers.kind import Options
from byheart.corpus.readers.lines import Line, content, numbered_lines
from byheart.errors import SourceError
from byheart.study.benchmark import all_texts

Texts = Iterator[tuple[str, int | None]]
"""Each with the line or row where all of it stands, None where its own line breaks are the file's."""
JSON_LINES = (*ENDINGS, ".ndjson", ".ndjson.gz", ".ndjson.zst")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Longer ones first: one of UTF-32 begins like one of UTF-16."""
_BINARIES = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7-zip",
    b"%PDF-": "PDF",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\x89HDF": "HDF5",
    b"SQLite format 3": "SQLite",
}
_NUL_PER_BYTE = 0.01
"""A text with so many NUL is none: it is UTF-16 without a mark, or no text."""
_ROWS = 256


def texts_of(file: str) -> Texts:
    """The texts of a file.

    JSON lines and JSON give every string, notebooks each cell as a whole, tables every string of each row. Any other
    file is one text, whatever its bytes. `.gz` and `.zst` are opened first; a byte order mark says how to decode.

    Args:
        file: as it was named.
    Raises:
        SourceError: it cannot be read to its end, or is no text: packed in another way, binary, nested too deeply.
    """
    lower = file.lower()
    plain = lower.removesuffix(".gz").removesuffix(".zst")
    try:
        if lower.endswith(".parquet"):
            yield from _rows(file)
        elif lower.endswith(JSON_LINES):
            for line in _lines(file):
                _check_binary(file, line.content)
                yield from ((text, line.number) for text in _strings(line.content))
        else:
            data = content(Path(file), Options(source=file))
            if not isinstance(data, bytes):
                raise _cut_off(file, data.what)
            text = _decoded(file, data)
            if plain.endswith((".json", ".ipynb")):
                yield from _of_json(text, is_notebook=plain.endswith(".ipynb"))
            else:
                yield text, None
    except OSError as error:
        raise SourceError(f"{visible_in_line(file)} cannot be read.", why=error.strerror or "") from error
    except RecursionError as error:
        raise _no_text(file, "It is JSON that is nested too deeply.") from error


def _lines(file: str) -> Iterator[Line]:
    for line in numbered_lines(Path(file), Options(source=file)):
        if not isinstance(line, Line):
            raise _cut_off(file, line.what)
        yield line


def _cut_off(file: str, why: str) -> SourceError:
    return SourceError(f"{visible_in_line(file)} cannot be read to its end.", why=why)


def _no_text(file: str, why: str) -> SourceError:
    return SourceError(
        f"{visible_in_line(file)} is not looked through: it is no text that byheart reads.",
        why=why,
        next_step="Give it as text in UTF-8, .jsonl, .json, .ipynb or .parquet, plain or as .gz or .zst.",
    )


def _check_binary(file: str, data: bytes) -> None:
    found = next((kind for start, kind in _BINARIES.items() if data.startswith(start)), None)
    if found is not None:
        raise _no_text(file, f"It begins like {found}.")
    if data.count(0) > _NUL_PER_BYTE * len(data):
        raise _no_text(file, f"{data.count(0):,} of {len(data):,} bytes are NUL: it is binary, or UTF-16 without mark.")


def _decoded(file: str, data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        _check_binary(file, data)
        return data.decode("utf-8", "surrogateescape")
    if encoding == "utf-8-sig":
        return data.decode(encoding, "surrogateescape")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _no_text(file, f"Its mark says {encoding.upper()}, and byte {error.start:,} is none.") from error


def _whole(text: str) -> str:
    """Without the half characters that JSON can hold, which are no text."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _strings(line: bytes) -> list[str]:
    """Every string of a line of JSON; the line as it stands where it is none."""
    try:
        return [_whole(text) for _, text in all_texts(json.loads(line), "")]
    except ValueError:
        return [line.decode("utf-8", "surrogateescape")]


def _of_json(text: str, *, is_notebook: bool) -> Texts:
    try:
        value = json.loads(text)
    except ValueError:  # Many call JSON lines .json.
        for number, line in enumerate(text.split("\n"), start=1):
            yield from ((one, number) for one in _strings(line.encode("utf-8", "surrogateescape")))
        return
    for _, one in all_texts(_joined(value) if is_notebook else value, ""):
        yield _whole(one), 1


def _joined(value: Any) -> Any:
    """A notebook with the lines of its cells, which it keeps as lists, as the texts that they are."""
    if isinstance(value, list):
        is_text = bool(value) and all(isinstance(one, str) for one in value)
        return "".join(value) if is_text else [_joined(one) for one in value]
    return {key: _joined(one) for key, one in value.items()} if isinstance(value, dict) else value


def _rows(file: str) -> Texts:
    """Every string of each row, nested ones too; bytes are text where they are UTF-8: some writers know no strings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as table:
            for batch in table.iter_batches(_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield from ((text, number) for _, text in all_texts(_with_text(row), ""))
    except (pa.ArrowException, ValueError) as error:
        raise _cut_off(file, f"After row {number:,}: {visible_in_line(str(error))[:300]}") from error


def _with_text(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    if isinstance(value, list | tuple):
        return [_with_text(one) for one in value]
    return {key: _with_text(one) for key, one in value.items()} if isinstance(value, dict) else value
