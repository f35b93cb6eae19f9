"""Where documents come from. A new kind of source is one file and one line in KINDS."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.readers.folder import FOLDER, files_below
from byheart.corpus.readers.json_lines import JSON_LINES
from byheart.corpus.readers.kind import Kind, Options
from byheart.corpus.readers.parquet import PARQUET
from byheart.corpus.readers.problems import Problem, UnreadableSourceError, named
from byheart.corpus.readers.standard_library import SOURCE, STANDARD_LIBRARY, library_files, library_folder
from byheart.corpus.readers.text import TEXT

__all__ = ["KINDS", "Problem", "UnreadableSourceError", "read", "stored_bytes", "stream"]

KINDS: tuple[Kind, ...] = (STANDARD_LIBRARY, FOLDER, JSON_LINES, PARQUET, TEXT)
"""Asked in this order; the last takes every file that is left."""

_logger = logging.getLogger(__name__)


def read(
    source: str,
    *,
    lines: bool = False,
    skip_bad: bool = False,
    include_tests: bool = False,
    on_progress: Progress = silent,
) -> Corpus:
    """Everything that a source holds, in a fixed order.

    Reading goes on past a file, line or row that is bad, and only then complains.

    Args:
        source: "stdlib", or the path of a folder, a .jsonl(.gz/.zst), a .parquet or any text file.
        lines: text files hold one document per line (blank lines are none) instead of one in all.
        skip_bad: log problems as warnings instead of raising, as long as anything was read.
        include_tests: of "stdlib".
        on_progress: called with stage "read".
    Returns:
        the documents, at least one.
    Raises:
        UnreadableSourceError: something could not be read; it carries the problems and the documents that could.
    """
    documents: list[Document] = []
    options = Options(source=source, lines=lines, include_tests=include_tests, on_progress=on_progress)
    try:
        documents.extend(_documents(options, skip_bad=skip_bad))
    except UnreadableSourceError as error:
        raise UnreadableSourceError(source, error.problems, Corpus(tuple(documents))) from None
    return Corpus(tuple(documents))


def stream(
    source: str,
    *,
    lines: bool = False,
    skip_bad: bool = False,
    include_tests: bool = False,
    on_progress: Progress = silent,
) -> Iterator[Document]:
    """The documents that `read` gives, one by one, so that a source may be larger than memory.

    Args:
        source: as for `read`, as is all else.
        lines: as for `read`.
        skip_bad: as for `read`.
        include_tests: as for `read`.
        on_progress: as for `read`.
    Raises:
        UnreadableSourceError: after the last document, when something could not be read; `read` raises the same.
    """
    yield from _documents(
        Options(source=source, lines=lines, include_tests=include_tests, on_progress=on_progress), skip_bad=skip_bad
    )


def _documents(options: Options, *, skip_bad: bool) -> Iterator[Document]:
    source, path, num_documents = options.source, Path(options.source), 0
    problems: list[Problem] = []
    kind = next(kind for kind in KINDS if kind.is_kind(source, path))
    if kind is not STANDARD_LIBRARY and not os.path.exists(source):
        problems.append(Problem(source, None, "no such file or folder"))
    else:
        for one in kind.read(path, options):
            if isinstance(one, Document):
                num_documents += 1
                yield one
            else:
                problems.append(one)
        if not num_documents and not problems:
            problems.append(Problem(source, None, f"no text in this {kind.name}"))
    if problems and not (skip_bad and num_documents):
        raise UnreadableSourceError(source, problems, Corpus(()), num_documents=num_documents)
    _logger.debug("Read %s: %d document(s).", visible(source), num_documents)
    if problems:
        _logger.warning("%s: %d skipped.\n%s", visible(source), len(problems), "\n".join(named(problems)))


def stored_bytes(source: str) -> int:
    """Bytes of the files of a source as they lie on disk, compressed ones as they are; 0 where there is nothing."""
    if source == SOURCE:
        return sum((library_folder() / name).stat().st_size for name in library_files()[0])
    path = Path(source)
    if path.is_dir():
        return sum((path / name).stat().st_size for name in files_below(path)[0])
    return path.stat().st_size if path.exists() else 0
