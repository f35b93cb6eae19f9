"""What a reader of one kind of source is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.corpus.documents import Document
from byheart.corpus.readers.problems import Problem


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a hostile or mistaken file may cost."""

    line_bytes: int = 64 << 20
    """Longest line that is read."""
    free_expansion_bytes: int = 256 << 20
    """Bytes that any compressed file may grow to, however small it is."""
    expansion_factor: int = 1000
    """Bytes that a compressed file may grow to per byte of its own, beyond the free ones."""

    def expanded_bytes(self, stored_bytes: int) -> int:
        """Bytes that a file of this size may grow to."""
        return self.free_expansion_bytes + self.expansion_factor * stored_bytes


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to read."""

    source: str
    """As the user typed it; becomes the documents' source."""
    lines: bool = False
    """One document per line of a text file that is not blank."""
    include_tests: bool = False
    """The standard library with its tests."""
    limits: Limits = Limits()
    """Bounds."""
    on_progress: Progress = silent
    """Called with stage "read"."""


@dataclass(frozen=True)
class Kind:
    """One kind of source."""

    name: str
    """As messages call it."""
    is_kind: Callable[[str, Path], bool]
    """Whether a source, as typed and as a path, is of this kind."""
    read: Callable[[Path, Options], Iterator[Document | Problem]]
    """Its documents in order, and its problems where they stand; goes on after a problem as far as it can."""
