"""Two runs near each other: where does A stand that has B within w symbols?"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from byheart.index.combination import positions
from byheart.index.layout import MAX_SYMBOLS
from byheart.index.searching.search import Query
from byheart.index.shard import Shard

Positions = npt.NDArray[np.int64]


def near(shards: Sequence[Shard], first: Query, second: Query, *, within: int) -> Iterator[tuple[Shard, Positions]]:
    """The places of one run that have a place of another run near them.

    Definition:
        every place p of `first` such that `second` has a place q in the same document with |p - q| <= within
    Args:
        first: not empty, shape [num_symbols].
        second: not empty, shape [num_symbols].
        within: symbols from start to start, >= 0, on either side.
    Returns:
        for each shard the positions in its text, in order.
    Cost: linear in the number of occurrences of both.
    Source: definition.
    Differs: nothing.
    """
    reach = min(within, MAX_SYMBOLS)
    found = zip(positions(shards, first), positions(shards, second), strict=True)
    for (shard, places), (_, others) in found:
        documents = np.searchsorted(shard.document_offsets, places, side="right") - 1
        earliest = np.maximum(places - reach, shard.document_offsets[documents])
        latest = np.minimum(places + reach, shard.document_offsets[documents + 1] - 1)
        is_near = np.searchsorted(others, earliest) < np.searchsorted(others, latest, side="right")
        yield shard, places[is_near]
