"""Where documents come from. A new kind of source is one file and one line in KINDS."""

import logging
import os
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.core.visible import visible
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.readers.folder import FOLDER
from byheart.corpus.readers.json_lines import JSON_LINES
from byheart.corpus.readers.kind import Kind, Options
from byheart.corpus.readers.parquet import PARQUET
from byheart.corpus.readers.problems import Problem, UnreadableSourceError, named
from byheart.corpus.readers.standard_library import STANDARD_LIBRARY
from byheart.corpus.readers.text import TEXT

__all__ = ["KINDS", "Problem", "UnreadableSourceError", "read"]

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
    path = Path(source)
    options = Options(source=source, lines=lines, include_tests=include_tests, on_progress=on_progress)
    documents: list[Document] = []
    problems: list[Problem] = []
    kind = next(kind for kind in KINDS if kind.is_kind(source, path))
    if kind is not STANDARD_LIBRARY and not os.path.exists(source):
        problems.append(Problem(source, None, "no such file or folder"))
    else:
        for one in kind.read(path, options):
            if isinstance(one, Document):
                documents.append(one)
            else:
                problems.append(one)
        if not documents and not problems:
            problems.append(Problem(source, None, f"no text in this {kind.name}"))
    corpus = Corpus(tuple(documents))
    if problems and not (skip_bad and documents):
        raise UnreadableSourceError(source, problems, corpus)
    if problems:
        _logger.warning("%s: %d skipped.\n%s", visible(source), len(problems), "\n".join(named(problems)))
    return corpus
