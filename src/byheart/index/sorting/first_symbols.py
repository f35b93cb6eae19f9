"""Where in the order of the suffixes each first symbol begins."""

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray


@compiled
def count_first_symbols(text: SymbolArray, alphabet_size: int) -> npt.NDArray[np.int64]:
    """The table `SortedText.first_symbol`, shape [alphabet_size + 1]."""
    table = np.zeros(alphabet_size + 1, dtype=np.int64)
    for symbol in text:
        if symbol < alphabet_size:
            table[np.int64(symbol) + 1] += 1
    for symbol in range(alphabet_size):
        table[symbol + 1] += table[symbol]
    return table
