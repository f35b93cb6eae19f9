"""Small corpora as indexes of several shards."""

import numpy as np

from byheart.index import Index
from byheart.index.layout import Unit

Documents = list[list[int]]
KINDS: tuple[tuple[Unit, int], ...] = (("bytes", 256), ("tokens", 65_534), ("tokens", 70_000))


def build(documents: Documents, unit: Unit, alphabet_size: int, *, num_shards: int = 1) -> Index:
    """An index of up to so many shards of about the same size, fewer where single documents are longer."""
    arrays = [np.array(document, dtype=np.int32) for document in documents]
    sizes = [array.size + 1 for array in arrays]
    capacity = max([2, 1 + -(-sum(sizes) // num_shards), *(size + 1 for size in sizes)])
    names = [str(i) for i in range(len(arrays))]
    return Index.build(arrays, names, unit=unit, alphabet_size=alphabet_size, shard_symbols=capacity)


def spread(symbols: list[int], alphabet_size: int) -> list[int]:
    """Letters 0, 1, 2 as symbols whose order differs when bytes are read in the wrong order."""
    return [(0, min(255, alphabet_size) - 1, alphabet_size // 2 + 2)[letter] for letter in symbols]
