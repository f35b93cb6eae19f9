"""From what a caller asks to what the kernels take: int64 symbols, with -1 for those that no document can have."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from byheart.errors import InputError
from byheart.index.compiled import compiled

Text = npt.NDArray[Any] | str | bytes
"""What an index is asked: symbols, shape [num_symbols]; an index of bytes also takes text."""
Symbols = npt.NDArray[np.int64]


@compiled
def _known(symbols: Symbols, bound: int, separator: int) -> tuple[Symbols, bool]:
    """The symbols below the bound, -1 for all others; and whether the separator was among them."""
    known = np.empty(symbols.size, dtype=np.int64)
    has_separator = False
    for i in range(symbols.size):
        symbol = symbols[i]
        known[i] = symbol if 0 <= symbol < bound else -1
        has_separator |= symbol == separator
    return known, has_separator


def known_symbols(symbols: npt.NDArray[Any], alphabet_size: int, separator: int) -> Symbols:
    """A text as kernels take it, shape [num_symbols]; the separator is not known either."""
    return _known(np.asarray(symbols, dtype=np.int64), min(alphabet_size, separator), separator)[0]


def _symbols(text: Text, *, of_bytes: bool) -> npt.NDArray[Any]:
    if not isinstance(text, str | bytes):
        return np.asarray(text)
    if not of_bytes:
        raise InputError(
            "An index of tokens is asked with token ids, not with text.",
            next_step="Encode the text with the tokenizer that lies in the index's folder, or make an index of bytes.",
        )
    return np.frombuffer(text.encode() if isinstance(text, str) else text, dtype=np.uint8)


def single_query(text: Text, *, of_bytes: bool, alphabet_size: int, separator: int) -> Symbols:
    """One text as a query, shape [num_symbols]; see `joined_query`."""
    symbols = _symbols(text, of_bytes=of_bytes)
    if symbols.ndim != 1:
        raise InputError(
            "An index is asked with a sequence of symbols.",
            why=f"Got {symbols.ndim} dimensions.",
            next_step="Pass an array of shape [num_symbols], or text to an index of bytes.",
        )
    if symbols.dtype.kind not in "iu" and symbols.size:
        raise InputError(
            f"An index is asked with whole numbers, not with {symbols.dtype}.", next_step="Convert the symbols first."
        )
    query, has_separator = _known(symbols.astype(np.int64, copy=False), min(alphabet_size, separator), separator)
    if has_separator:
        raise InputError(
            f"A query contains the separator {separator}.",
            why="It stands between documents, and no match crosses their border.",
            next_step="Query each document's part by itself.",
        )
    return query


def joined_query(
    texts: Sequence[Text], *, of_bytes: bool, alphabet_size: int, separator: int
) -> tuple[Symbols, Symbols, Symbols]:
    """All texts as one query, and where each stands in it.

    Args:
        texts: what is asked.
        of_bytes: whether text may be given as such.
        alphabet_size: of the index.
        separator: of the index.
    Returns:
        query, and starts and stops of shape [num_texts].
    Raises:
        InputError: a text contains the separator, or is no sequence of symbols of this index.
    """
    if isinstance(texts, str | bytes):
        raise InputError("Several texts were expected, and one was given.", next_step="Put it into a list: [text].")
    parts = [_symbols(text, of_bytes=of_bytes) for text in texts]
    sizes = np.fromiter((part.size for part in parts), dtype=np.int64, count=len(parts))
    stops = np.cumsum(sizes)
    given = [part for part in parts if part.size]
    joined = np.concatenate(given) if given else np.empty(0, dtype=np.int64)
    query = single_query(joined, of_bytes=of_bytes, alphabet_size=alphabet_size, separator=separator)
    return query, stops - sizes, stops
