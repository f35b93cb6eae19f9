"""JSON lines, plain or compressed: one object with a field `text` per line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from byheart.corpus.documents import Document
from byheart.corpus.readers.kind import Kind, Options
from byheart.corpus.readers.lines import numbered_lines
from byheart.corpus.readers.problems import Problem
from byheart.errors import InputError

TEXT_FIELD = "text"
NAME_FIELDS = ("name", "id", "path")
ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")


def read_json_lines(path: Path, options: Options) -> Iterator[Document | Problem]:
    """The documents of a JSON lines file.

    Args:
        path: the file, its name ending in one of ENDINGS.
        options: limits and progress.
    Returns:
        one document per line that is not blank, named by the first of NAME_FIELDS that is a string, else "FILE:LINE",
        and problems.
    """
    for line in numbered_lines(path, options):
        if isinstance(line, Problem):
            yield line
            continue
        if not line.content.strip():
            continue
        try:
            fields = record(line.content)
            yield document(fields, f"{path.name}:{line.number}", options.source)
        except ValueError as error:
            # What a cut-off file ends in is reported once, as the damage that follows.
            if line.is_whole:
                yield Problem(str(path), line.number, str(error))


def document(fields: dict[str, Any], address: str, source: str) -> Document:
    """The document that a record describes.

    Args:
        fields: the record.
        address: its name when no field names it.
        source: as the user typed it.
    Raises:
        ValueError: no text, and the message says why not.
    """
    if TEXT_FIELD not in fields:
        raise ValueError(f"no field {TEXT_FIELD!r}")
    text = fields[TEXT_FIELD]
    if not isinstance(text, str):
        raise ValueError(f"the field {TEXT_FIELD!r} is not a string but {_json_type(text)}")
    if not text:
        raise ValueError(f"the field {TEXT_FIELD!r} is empty")
    names = (fields.get(field) for field in NAME_FIELDS)
    name = next((name for name in names if isinstance(name, str) and name), address)
    try:
        return Document(name, text, source)
    except InputError as error:
        raise ValueError(f"the field {TEXT_FIELD!r} holds half a character: {error.why}") from error


def record(content: bytes) -> dict[str, Any]:
    """The JSON object that a line holds.

    Raises:
        ValueError: it holds none, and the message says why not.
    """
    try:
        value = json.loads(content.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte 0x{content[error.start]:02x})") from error
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"not JSON ({error})") from error
    if not isinstance(value, dict):
        raise ValueError(f"not a JSON object but {_json_type(value)}")
    return value


def _json_type(value: object) -> str:
    names = {list: "a list", dict: "an object", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


JSON_LINES = Kind("JSON lines file", lambda _source, path: path.name.lower().endswith(ENDINGS), read_json_lines)
