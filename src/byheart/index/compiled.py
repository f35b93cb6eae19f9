"""The one place that says how kernels are compiled, and where the machine code is kept.

Numba's own cache knows a kernel by its own file only: a kernel that calls another file's kernel would go on running the
old one after that file changed, and a type that moved would make the old cache unreadable. So each state of the sources
has a cache of its own.
"""

import inspect
import logging
import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from blake3 import blake3
from numba.core import event

from byheart.corpus.cache_folder import cache_folder

P = ParamSpec("P")
R = TypeVar("R")
_PROJECT = Path(__file__).parents[1]
_IMPORT = re.compile(r"^from byheart\.([\w.]+) import", flags=re.MULTILINE)
_UNUSED_SECONDS = 30 * 86400
_logger = logging.getLogger(__name__)


@cache
def _source_files(path: Path) -> frozenset[Path]:
    """The file and all files of the project that it imports, directly or not."""
    found, waiting = {path}, [path]
    while waiting:
        for module in _IMPORT.findall(waiting.pop().read_text("utf-8")):
            imported = _PROJECT.joinpath(*module.split(".")).with_suffix(".py")
            if imported not in found and imported.is_file():
                found.add(imported)
                waiting.append(imported)
    return frozenset(found)


@cache
def kernel_folder(path: Path) -> Path:
    """Where the machine code of a source file is kept, as long as neither it nor what it calls changes."""
    digest = blake3(numba.__version__.encode())
    for source in sorted(_source_files(path)):
        digest.update(source.read_bytes())
    folder = cache_folder() / "kernels" / f"{path.stem}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        _remove_unused(folder.parent)
    return folder


def _remove_unused(folder: Path) -> None:
    import shutil

    for old in folder.glob("*"):
        if time.time() - old.stat().st_mtime > _UNUSED_SECONDS:
            shutil.rmtree(old, ignore_errors=True)


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The same function as machine code, compiled at its first call and kept on disk.

    Kernels do not check bounds and use no fast-math: results are the same to the last bit wherever they run. They let
    other threads run.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(kernel_folder(Path(inspect.getfile(function))))
    try:
        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))
    finally:
        settings.CACHE_DIR = before


class _Announcer(event.Listener):
    """Says once that compiling takes its time; a user who is not told believes that the program hangs."""

    def __init__(self) -> None:
        self._told = False

    def on_start(self, event: Any) -> None:
        dispatcher = event.data["dispatcher"]
        if not self._told and dispatcher.py_func.__module__.startswith("byheart."):
            self._told = True
            _logger.info("Compiling the search for this machine: once, up to a minute.")

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _Announcer())
