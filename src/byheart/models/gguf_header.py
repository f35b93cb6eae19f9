"""The header of a GGUF file, walked within bounds before a library reads it.

The library makes an object of every element that a header announces, so that 65 bytes can keep it busy for years.
Here every length is held against the bytes that are left, and every tensor against the file.
"""

import math
import mmap
import struct
from pathlib import Path

_HEAD_BYTES = 24
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
"""GGUF's number of each type of fixed size, as `struct` calls it."""
_STRING, _ARRAY, _UINT32 = 8, 9, 4
_MOST_ENTRIES = 1 << 16
"""Keys, and tensors; the largest models have a few thousand."""
_MOST_ELEMENTS = 1 << 22
"""Of all arrays together; vocabularies of 262,144 tokens with their merges have 1.3 million."""
_MOST_DIMENSIONS = 4
_LENGTH = struct.Struct("<Q")


def header_fault(file: Path) -> str:
    """What is wrong with a header, as a sentence; "" where it announces nothing that the file does not hold.

    Args:
        file: begins with the magic, the version and the two counts.
    Raises:
        OSError: it cannot be read.
    Cost: under a second for the largest vocabularies.
    Source: the GGUF specification of ggml, docs/gguf.md, versions 2 and 3.
    Differs: arrays of arrays are refused, as llama.cpp does; counts have bounds.
    """
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _Walk(data).check()
        except _FaultError as error:
            return str(error)
    return ""


class _FaultError(Exception):
    """What is wrong, as a sentence."""


class _Walk:
    def __init__(self, data: mmap.mmap) -> None:
        # Only a conversion needs the library; the sizes of its types are the ones that it will read with.
        from gguf import GGML_QUANT_SIZES

        self._blocks = {int(kind): size for kind, size in GGML_QUANT_SIZES.items()}
        self._data = data
        self._at = _HEAD_BYTES
        self._num_elements = 0
        self._alignment = 32

    def check(self) -> None:
        num_tensors, num_keys = struct.unpack_from("<QQ", self._data, _HEAD_BYTES - 16)
        if max(num_tensors, num_keys) > _MOST_ENTRIES:
            raise _FaultError(f"{num_tensors:,} tensors and {num_keys:,} keys; {_MOST_ENTRIES:,} of each are read.")
        for _ in range(num_keys):
            self._key()
        tensors = [self._tensor() for _ in range(num_tensors)]
        start = -(-self._at // self._alignment) * self._alignment
        room = len(self._data) - start
        for offset, num_bytes in tensors:
            if offset % self._alignment or offset + num_bytes > room:
                raise _FaultError(f"A tensor of {num_bytes:,} bytes at {offset:,}; the data have {max(room, 0):,}.")
        # Tensors that share their bytes would let a small file announce a large model.
        if sum(num_bytes for _, num_bytes in tensors) > max(room, 0):
            raise _FaultError("Its tensors take more bytes than the file has.")

    def _key(self) -> None:
        name = self._string()
        kind = self._number("I")
        if name == b"general.alignment":
            if kind != _UINT32:
                raise _FaultError(f"The alignment is of type {kind}.")
            self._alignment = self._number("I")
            if self._alignment.bit_count() != 1:
                raise _FaultError(f"The alignment is {self._alignment:,}, which is no power of two.")
        elif kind == _ARRAY:
            self._array()
        elif kind == _STRING:
            self._skip(self._number("Q"))
        else:
            self._skip(self._size(kind))

    def _array(self) -> None:
        kind, length = self._number("I"), self._number("Q")
        self._num_elements += length
        if self._num_elements > _MOST_ELEMENTS:
            raise _FaultError(f"An array of {length:,} elements; {_MOST_ELEMENTS:,} are read in all.")
        if kind != _STRING:
            self._skip(length * self._size(kind))
            return
        # Vocabularies: written out, since a call for each of a million strings takes seconds.
        at, size, read = self._at, len(self._data), _LENGTH.unpack_from
        for _ in range(length):
            if at > size - 8:
                raise _FaultError(f"{length:,} strings reach beyond the end of the file.")
            at += 8 + read(self._data, at)[0]
        self._at = at
        self._skip(0)

    def _tensor(self) -> tuple[int, int]:
        """Its offset into the data, and how many bytes it takes."""
        self._string()
        num_dimensions = self._number("I")
        if num_dimensions > _MOST_DIMENSIONS:
            raise _FaultError(f"A tensor of {num_dimensions:,} dimensions; at most {_MOST_DIMENSIONS} are read.")
        shape = [self._number("Q") for _ in range(num_dimensions)]
        kind, offset = self._number("I"), self._number("Q")
        if kind not in self._blocks:
            raise _FaultError(f"A tensor of the unknown type {kind}.")
        block_elements, block_bytes = self._blocks[kind]
        if not shape or min(shape) < 1 or shape[0] % block_elements:
            raise _FaultError(f"A tensor of shape {shape} in blocks of {block_elements}.")
        return offset, math.prod(shape) // block_elements * block_bytes

    def _string(self) -> bytes:
        length = self._number("Q")
        self._skip(length)
        return self._data[self._at - length : self._at]

    def _number(self, code: str) -> int:
        one = struct.Struct(f"<{code}")
        self._skip(one.size)
        number: int = one.unpack_from(self._data, self._at - one.size)[0]
        return number

    def _size(self, kind: int) -> int:
        if kind not in _SCALARS:
            raise _FaultError(f"A value of type {kind}, which has no place there.")
        return struct.calcsize(_SCALARS[kind])

    def _skip(self, num_bytes: int) -> None:
        left = len(self._data) - self._at
        if num_bytes > left:
            raise _FaultError(f"It announces {num_bytes:,} bytes where {max(left, 0):,} are left.")
        self._at += num_bytes
