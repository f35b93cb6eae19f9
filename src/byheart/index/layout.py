"""The text of a corpus as one array.

Layout: separator, document, separator, document, ..., separator. The separator is the largest number of the dtype, so
that it sorts last, and no document contains it, so that no match crosses a border.
"""

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


def join_documents(
    documents: Sequence[npt.NDArray[Any]], unit: Unit, alphabet_size: int
) -> tuple[SymbolArray, npt.NDArray[np.int64]]:
    """The text with its separators, and where each document starts.

    Args:
        documents: integers in 0..alphabet_size-1, shape [num_symbols] each; may be empty.
    Returns:
        text, and document_offsets of shape [num_documents + 1]: document i is text[offsets[i] : offsets[i + 1] - 1].
    Raises:
        InputError: a symbol outside the alphabet, the separator in a document, or too many symbols.
    """
    dtype = symbol_dtype(unit, alphabet_size)
    separator = int(np.iinfo(dtype).max)
    lengths = np.array([document.size for document in documents], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths + 1)]) + 1
    if offsets[-1] > MAX_SYMBOLS:
        raise InputError(
            f"The corpus has {int(offsets[-1]):,} symbols with its separators.",
            why=f"Positions are 32-bit: an index holds at most {MAX_SYMBOLS:,}.",
            next_step="Index the corpus in several parts.",
        )
    text = np.full(int(offsets[-1]), separator, dtype=dtype)
    for document_index, document in enumerate(documents):
        if document.size == 0:
            continue
        low, high = int(document.min()), int(document.max())
        if low < 0 or high >= min(alphabet_size, separator):
            raise InputError(
                f"Document {document_index} has a symbol outside the alphabet.",
                why=f"Symbols are 0..{min(alphabet_size, separator) - 1}, found {low if low < 0 else high}.",
                next_step="Index with the tokenizer that made the token ids.",
            )
        text[offsets[document_index] : offsets[document_index] + document.size] = document
    return text, offsets
