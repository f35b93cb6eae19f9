"""The Python standard library of the running interpreter: real text that is on every machine which runs byheart."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from byheart.corpus.documents import Document
from byheart.corpus.readers.folder import files_below
from byheart.corpus.readers.kind import Kind, Options
from byheart.corpus.readers.problems import Problem
from byheart.corpus.readers.text import NotTextError, decoded

SOURCE = "stdlib"
NEVER = frozenset(("site-packages", "dist-packages", "__pycache__"))
TESTS = frozenset(("test", "tests", "idle_test"))


def library_folder() -> Path:
    """Where the standard library of this interpreter lies."""
    return Path(sysconfig.get_path(SOURCE))


def library_files(*, include_tests: bool = False) -> tuple[list[str], list[Problem]]:
    """Its .py files, installed packages left out, as relative POSIX paths, sorted; and the problems met on the way."""
    left_out = NEVER if include_tests else NEVER | TESTS
    files, problems = files_below(library_folder())
    return [
        name for name in files if name.endswith(".py") and left_out.isdisjoint(PurePosixPath(name).parts[:-1])
    ], problems


def read_standard_library(path: Path, options: Options) -> Iterator[Document | Problem]:
    """The .py files of the standard library, installed packages left out.

    Files that are empty or, as some tests are on purpose, not UTF-8 are passed over: nobody could repair them.

    Args:
        path: not used; the folder is sysconfig's "stdlib".
        options: `include_tests` adds the folders named in TESTS.
    Returns:
        documents named by their path below the standard library, sorted.
    """
    root = library_folder()
    names, problems = library_files(include_tests=options.include_tests)
    yield from problems
    for num_done, name in enumerate(names, start=1):
        try:
            text = decoded((root / name).read_bytes())
        except OSError as error:
            yield Problem(str(root / name), None, error.strerror or "cannot be read")
        except NotTextError:
            continue
        else:
            if text:
                yield Document(name, text, options.source)
        options.on_progress("read", num_done, len(names))


STANDARD_LIBRARY = Kind("standard library", lambda source, _path: source == SOURCE, read_standard_library)
