"""The first symbols of every 32nd suffix, in the order of the suffixes: most of a search, in a table that stays near.

A probe of the suffix array reads two far places, the array and the text; a probe of this table reads one, and the table
is small (a quarter of a byte for each symbol of the text), so that it is often in the cache.
"""

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray
from byheart.index.searching.prefetch import prefetch
from byheart.index.sorted_text import SAMPLE_EVERY

_AHEAD = 16


@compiled
def sample_prefixes(text: SymbolArray, suffix_array: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """The table `SortedText.sampled_prefixes`, shape [ceil(num_symbols / SAMPLE_EVERY)], nondecreasing.

    Definition:
        the 8 bytes of the symbols text[p : p + 8 / itemsize], the first most significant, zeros after the text's end,
        for p = suffix_array[0], suffix_array[SAMPLE_EVERY], ...; as int64 of the same order (the top bit inverted)
    """
    bits = 8 * text.itemsize
    keys = np.empty((suffix_array.size + SAMPLE_EVERY - 1) // SAMPLE_EVERY, dtype=np.int64)
    for i in range(keys.size):
        later = (i + _AHEAD) * SAMPLE_EVERY
        if later < suffix_array.size:
            prefetch(text, suffix_array[later])
        start, key = suffix_array[i * SAMPLE_EVERY], np.uint64(0)
        for place in range(start, start + 64 // bits):
            key <<= np.uint64(bits)
            if place < text.size:
                key |= np.uint64(text[place])
        keys[i] = np.int64(key ^ np.uint64(1 << 63))
    return keys
