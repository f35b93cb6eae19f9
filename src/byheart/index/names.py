"""The names of a corpus's documents: millions of them cost nothing until one is asked for."""

from array import array
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

ENCODING = "utf-8", "surrogatepass"
"""File names that are not UTF-8 arrive as lone surrogates."""


class Names(Sequence[str]):
    """Names as bytes with offsets, decoded on demand; untrusted text.

    Args:
        content: UTF-8 of all names, end to end, shape [num_bytes].
        offsets: name i is content[offsets[i] : offsets[i + 1]], shape [num_names + 1].
    """

    def __init__(self, content: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> None:
        self.content = content
        self.offsets = offsets

    def __len__(self) -> int:
        return self.offsets.size - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return self.content[self.offsets[place] : self.offsets[place + 1]].tobytes().decode(*ENCODING)


class NamesBuffer:
    """Names that are collected one by one."""

    def __init__(self) -> None:
        self._content = bytearray()
        self._offsets = array("q", [0])

    def append(self, name: str) -> None:
        """Adds one name."""
        self._content += name.encode(*ENCODING)
        self._offsets.append(len(self._content))

    def finish(self) -> Names:
        """All names; none can be added afterwards."""
        return Names(np.frombuffer(self._content, dtype=np.uint8), np.frombuffer(self._offsets, dtype=np.int64))


class JoinedNames(Sequence[str]):
    """The names of several shards as one sequence.

    Args:
        parts: in order.
    """

    def __init__(self, parts: Sequence[Names]) -> None:
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if self._ends.size else 0

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        part = int(np.searchsorted(self._ends, place, side="right"))
        return self._parts[part][place - int(self._ends[part]) + len(self._parts[part])]
