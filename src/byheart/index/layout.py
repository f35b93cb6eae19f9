"""The text of a corpus as one array.

Layout: separator, document, separator, document, ..., separator. The separator is the largest number of the dtype, so
that it sorts last, and no document contains it, so that no match crosses a border.
"""

from array import array
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from byheart.errors import InputError

Unit = Literal["bytes", "tokens"]
SymbolArray = npt.NDArray[Any]
"""uint8, uint16 or uint32."""
MAX_SYMBOLS = 2**31 - 1
"""Positions are int32."""
_BYTE_SEPARATOR = 0xFF
_LARGEST_UINT16_ALPHABET = 65_534


def symbol_dtype(unit: Unit, alphabet_size: int) -> np.dtype[Any]:
    """The smallest dtype that holds the alphabet and a separator.

    Args:
        unit: "bytes" or "tokens".
        alphabet_size: symbols are 0..alphabet_size-1; at most 256 for bytes, where 0xFF is the separator.
    Returns:
        uint8 for bytes; for tokens uint16 when alphabet_size < 65,535, else uint32.
    Raises:
        InputError: an unknown unit or an alphabet that does not fit.
    """
    largest = {"bytes": 256, "tokens": 2**31}.get(unit, 0)
    if not 1 <= alphabet_size <= largest:
        raise InputError(
            f"An index over {unit!r} cannot have an alphabet of {alphabet_size} symbols.",
            why='The unit is "bytes" (at most 256) or "tokens" (at most 2^31).',
            next_step="Correct the unit or the alphabet size.",
        )
    if unit == "bytes":
        return np.dtype(np.uint8)
    return np.dtype(np.uint16 if alphabet_size <= _LARGEST_UINT16_ALPHABET else np.uint32)


def checked_symbols(document: npt.NDArray[Any], unit: Unit, alphabet_size: int, *, document_index: int) -> SymbolArray:
    """A document in the dtype of its index.

    Args:
        document: integers, shape [num_symbols].
        document_index: its number, for the message.
    Raises:
        InputError: a symbol outside the alphabet, or the separator.
    """
    dtype = symbol_dtype(unit, alphabet_size)
    size = min(alphabet_size, int(np.iinfo(dtype).max))
    if document.size:
        low, high = int(document.min()), int(document.max())
        if low < 0 or high >= size:
            raise InputError(
                f"Document {document_index} has a symbol outside the alphabet.",
                why=f"Symbols are 0..{size - 1}, found {low if low < 0 else high}.",
                next_step="Index with the tokenizer that made the token ids.",
            )
    return np.ascontiguousarray(document, dtype=dtype)


class TextBuffer:
    """A text that grows document by document, in the memory that it will be sorted in."""

    def __init__(self, unit: Unit, alphabet_size: int) -> None:
        self._dtype = symbol_dtype(unit, alphabet_size)
        self._separator = np.array(np.iinfo(self._dtype).max, dtype=self._dtype).tobytes()
        self._content = bytearray(self._separator)
        self._offsets = array("q", [1])

    @property
    def num_documents(self) -> int:
        """Documents so far."""
        return len(self._offsets) - 1

    @property
    def num_symbols(self) -> int:
        """Symbols so far, separators included."""
        return self._offsets[-1]

    def append(self, symbols: SymbolArray) -> None:
        """Adds one document that `checked_symbols` gave, shape [num_symbols]."""
        self._content += symbols.view(np.uint8).data
        self._content += self._separator
        self._offsets.append(self._offsets[-1] + symbols.size + 1)

    def finish(self) -> tuple[SymbolArray, npt.NDArray[np.int64]]:
        """The text, and document_offsets of shape [num_documents + 1].

        Document i is text[offsets[i] : offsets[i + 1] - 1]. Nothing can be appended afterwards.
        """
        return np.frombuffer(self._content, dtype=self._dtype), np.frombuffer(self._offsets, dtype=np.int64)


def join_documents(
    documents: Sequence[npt.NDArray[Any]], unit: Unit, alphabet_size: int
) -> tuple[SymbolArray, npt.NDArray[np.int64]]:
    """The text with its separators, and where each document starts.

    Args:
        documents: integers in 0..alphabet_size-1, shape [num_symbols] each; may be empty.
    Returns:
        text, and document_offsets of shape [num_documents + 1]: document i is text[offsets[i] : offsets[i + 1] - 1].
    Raises:
        InputError: a symbol outside the alphabet, or the separator in a document.
    """
    buffer = TextBuffer(unit, alphabet_size)
    for document_index, document in enumerate(documents):
        buffer.append(checked_symbols(document, unit, alphabet_size, document_index=document_index))
    return buffer.finish()
