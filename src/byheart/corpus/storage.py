"""A corpus on disk.

A folder with two files. `documents.jsonl.zst`: one JSON object {"name", "text", "source"} per document, compressed with
zstandard with a content checksum, readable by any tool and by byheart's own JSON lines reader. `corpus.json`: format,
version, fingerprint and counts; it goes first and comes back last, so that a folder with a header is complete.
"""

import json
from pathlib import Path
from typing import Any

from byheart.core.codec import dumps
from byheart.core.visible import visible
from byheart.corpus.atomic_file import replacing
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.readers.kind import Limits, Options
from byheart.corpus.readers.lines import numbered_lines
from byheart.corpus.readers.problems import Problem
from byheart.errors import FormatError, StorageError

FORMAT = "byheart corpus"
VERSION = 1
HEADER = "corpus.json"
DOCUMENTS = "documents.jsonl.zst"
# byheart wrote the file: it may be as large as what was in memory then.
_LIMITS = Limits(line_bytes=1 << 34, free_expansion_bytes=1 << 42)


def save(corpus: Corpus, folder: Path) -> None:
    """Writes a corpus into a folder, over an older one.

    Raises:
        StorageError: the folder cannot be written.
    """
    import zstandard

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / HEADER).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{visible(str(folder))} cannot be written.",
            why=str(error),
            next_step="Choose a folder that you may write to.",
        ) from error
    with (
        replacing(folder / DOCUMENTS) as file,
        zstandard.ZstdCompressor(write_checksum=True).stream_writer(file, closefd=False) as stream,
    ):
        for document in corpus:
            stream.write(dumps({"name": document.name, "text": document.text, "source": document.source}).encode())
            stream.write(b"\n")
    header = {
        "format": FORMAT,
        "version": VERSION,
        "fingerprint": corpus.fingerprint,
        "num_documents": len(corpus),
        "num_bytes": corpus.num_bytes,
    }
    with replacing(folder / HEADER) as file:
        file.write(dumps(header).encode() + b"\n")


def load(folder: Path) -> Corpus:
    """The corpus of a folder, checked against its fingerprint.

    Raises:
        FormatError: not a corpus of byheart, of a newer version, incomplete or damaged.
    """
    header = _header(folder)
    documents: list[Document] = []
    for line in numbered_lines(folder / DOCUMENTS, Options(source=str(folder), limits=_LIMITS)):
        if isinstance(line, Problem):
            raise _unusable(folder, str(line))
        try:
            documents.append(Document(**json.loads(line.content)))
        except (TypeError, ValueError, RecursionError) as error:
            raise _unusable(folder, f"Document {line.number:,} is not in the form that byheart writes.") from error
    corpus = Corpus(tuple(documents))
    if corpus.fingerprint != header.get("fingerprint"):
        raise _unusable(folder, "The documents do not have the fingerprint that the header states.")
    return corpus


def _header(folder: Path) -> dict[str, Any]:
    try:
        header = json.loads((folder / HEADER).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unusable(folder, f"No readable {HEADER}: writing it was cut off, or it is something else.") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise _unusable(folder, f"{HEADER} does not name the format {FORMAT!r}.")
    if header.get("version") != VERSION:
        raise _unusable(folder, f"It has version {header.get('version')!r}, this program reads version {VERSION}.")
    return header


def _unusable(folder: Path, why: str) -> FormatError:
    return FormatError(
        f"{visible(str(folder))} cannot be used as a corpus.", why=visible(why), next_step="Build the corpus again."
    )
