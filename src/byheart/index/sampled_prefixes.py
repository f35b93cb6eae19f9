"""The first symbols of every 32nd suffix, in the order of the suffixes: most of a search, in a table that stays near.

A probe of the suffix array reads two far places, the array and the text; a probe of this table reads one, and the table
is small (a quarter of a byte for each symbol of the text), so that it is often in the cache.
"""

import numpy as np
import numpy.typing as npt

SAMPLE_EVERY = 32
"""Suffixes; 16 doubles the table for one probe of five."""


def sample_prefixes(
    text: npt.NDArray[np.unsignedinteger], suffix_array: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """The table `SortedText.sampled_prefixes`, shape [ceil(num_symbols / SAMPLE_EVERY)], nondecreasing.

    Definition:
        the 8 bytes of the symbols text[p : p + 8 / itemsize], the first most significant, zeros after the text's end,
        for p = suffix_array[0], suffix_array[SAMPLE_EVERY], ...; as int64 of the same order (the top bit inverted)
    """
    positions = suffix_array[::SAMPLE_EVERY].astype(np.int64)
    bits = 8 * text.itemsize
    keys = np.zeros(positions.size, dtype=np.uint64)
    for i in range(64 // bits):
        inside = positions + i < text.size
        symbols = np.where(inside, text[np.minimum(positions + i, text.size - 1)], 0).astype(np.uint64)
        keys = keys << np.uint64(bits) | symbols
    return (keys ^ np.uint64(1 << 63)).view(np.int64)
