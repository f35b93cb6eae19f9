"""What the search needs of a text: the text, the order of its suffixes, and tables that shorten the search."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.index.layout import SymbolArray

NO_SAMPLES = np.empty(0, dtype=np.int64)
"""For a text without the table of sampled prefixes; all answers are the same, later."""
NO_SAMPLES.flags.writeable = False
SAMPLE_EVERY = 32
"""Suffixes; 16 doubles the table of sampled prefixes for one probe of five."""


class SortedText(NamedTuple):
    """What the kernels search. All arrays are read-only, so that one compiled version serves memory and disk."""

    text: SymbolArray
    """Symbols, shape [num_symbols]."""
    suffix_array: npt.NDArray[np.int32]
    """Starts of the suffixes in their order, shape [num_symbols]."""
    first_symbol: npt.NDArray[np.int64]
    """Number of suffixes whose first symbol is smaller than s, for s = 0..alphabet_size, shape [alphabet_size + 1]."""
    sampled_prefixes: npt.NDArray[np.int64] = NO_SAMPLES
    """The first 8 bytes of every 32nd suffix as one number each, shape [ceil(num_symbols / 32)] or [0]."""


def sort_text(text: SymbolArray, alphabet_size: int, *, num_threads: int = 1) -> SortedText:
    """A text made searchable.

    Args:
        text: as `layout.join_documents` makes it, shape [num_symbols].
        alphabet_size: symbols of documents are 0..alphabet_size-1.
        num_threads: for the sorting.
    """
    from byheart.index.searching.sampled_prefixes import sample_prefixes
    from byheart.index.sorting.first_symbols import count_first_symbols
    from byheart.index.sorting.suffix_array import sort_suffixes

    text = text.view()
    text.flags.writeable = False
    suffix_array = sort_suffixes(text, num_threads=num_threads)
    suffix_array.flags.writeable = False
    first_symbol, prefixes = count_first_symbols(text, alphabet_size), sample_prefixes(text, suffix_array)
    first_symbol.flags.writeable = prefixes.flags.writeable = False
    return SortedText(text, suffix_array, first_symbol, prefixes)
