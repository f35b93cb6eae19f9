"""A folder: every text file in it, however deep."""

import dataclasses
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from byheart.core.progress import silent
from byheart.core.visible import visible
from byheart.corpus.documents import Document
from byheart.corpus.readers.json_lines import JSON_LINES
from byheart.corpus.readers.kind import Kind, Options
from byheart.corpus.readers.parquet import PARQUET
from byheart.corpus.readers.problems import Problem
from byheart.corpus.readers.text import NotTextError, decoded, read_text

TEXT_ENDINGS = frozenset(
    (
        ".adoc .asc .bash .bat .bib .c .cc .cfg .cmake .conf .cpp .cs .css .csv .cxx .diff .el .erl .ex .go .h .hh "
        ".hpp .hs .htm .html .hxx .ini .java .jl .js .json  .kt .lisp .log .lua .m .markdown .md .ml "
        ".org .patch .php .pl .pm .po .py .pyi .r .rb .rs .rst .scala .sh .sql .srt .svg .swift .tcl .tex "
        ".toml .ts .tsv .tsx .txt .vim .xhtml .xml .yaml .yml .zig"
    ).split()
)
_SNIFFED_BYTES = 1 << 16
_logger = logging.getLogger(__name__)


def files_below(root: Path) -> tuple[list[str], list[Problem]]:
    """The regular files of a folder, hidden ones and those outside left out.

    Args:
        root: a folder.
    Returns:
        relative POSIX paths, sorted, and the problems met on the way. Names that start with a dot are left out, as are
        links to folders, links that lead out of the folder or nowhere, pipes and devices.
    """
    problems: list[Problem] = []

    def note(error: OSError) -> None:
        problems.append(Problem(str(error.filename), None, error.strerror or "cannot be read"))

    real_root = root.resolve()
    files: list[str] = []
    for folder, subfolders, names in os.walk(root, onerror=note):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            path = Path(folder) / name
            is_link = path.is_symlink()
            try:
                is_regular = stat.S_ISREG(path.stat().st_mode)
                is_inside = not is_link or path.resolve().is_relative_to(real_root)
            except OSError as error:
                if not is_link:
                    note(error)
                continue
            if is_regular and is_inside and not name.startswith("."):
                files.append(path.relative_to(root).as_posix())
    return sorted(files), problems


def _of_records(path: Path) -> Kind | None:
    """The kind whose files hold many documents each, where the name says that this is one."""
    return next((kind for kind in (JSON_LINES, PARQUET) if kind.is_kind(str(path), path)), None)


def _is_text(path: Path) -> bool:
    """Whether a file is one to read: not empty, and text by its ending or else by its content."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED_BYTES)
        if path.suffix.lower() in TEXT_ENDINGS or not head:
            return bool(head)
        if b"\x00" in head:
            return False
        try:
            decoded(head + file.read())
        except NotTextError:
            return False
    return True


def read_folder(path: Path, options: Options) -> Iterator[Document | Problem]:
    """The text files of a folder, and the records of its .jsonl(.gz/.zst) and .parquet files.

    Files whose ending says that they are text must be; of the others those are read that are UTF-8 without NUL. Files
    that are empty or no text are passed over, and their number is told.

    Args:
        path: the folder.
        options: `lines` applies to each file.
    Returns:
        documents named by relative POSIX path (records as their own reader names them), sorted by path, and problems.
    """
    files, problems = files_below(path)
    yield from problems
    # One bar for the folder, not one per file.
    quiet = dataclasses.replace(options, on_progress=silent)
    num_passed = 0
    for num_done, name in enumerate(files, start=1):
        file = path / name
        records = _of_records(file)
        try:
            is_text = records is None and _is_text(file)
        except OSError as error:
            yield Problem(str(file), None, error.strerror or "cannot be read")
        else:
            if records is not None:
                yield from records.read(file, quiet)
            elif is_text:
                yield from read_text(file, quiet, name=name)
            else:
                num_passed += 1
        options.on_progress("read", num_done, len(files))
    if num_passed:
        _logger.info("%s: %d file(s) are empty or no text and were passed over.", visible(str(path)), num_passed)


FOLDER = Kind("folder", lambda source, _path: os.path.isdir(source), read_folder)
