"""Documents as one circular stream, cut into training windows."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import TokenIds
from byheart.errors import InputError


def pack(documents: Sequence[TokenIds], end_id: int) -> TokenIds:
    """All documents in one run: end_id, document, end_id, document, ...

    Args:
        documents: token ids, each of shape [num_tokens].
        end_id: written before each document; since the stream is read as a circle, it also ends the last one.
    Returns:
        shape [sum of num_tokens + number of documents].
    Raises:
        InputError: no document has a token.
    """
    if not any(document.size for document in documents):
        raise InputError("There is nothing to train on.", why="No document has a token.", next_step="Add documents.")
    start = np.array([end_id], dtype=np.int32)
    return np.concatenate([part.astype(np.int32) for document in documents for part in (start, document)])


def batches(
    stream: TokenIds, window_tokens: int, batch_windows: int, *, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Endless batches of windows; within an epoch every token is a target exactly once, up to the last cut.

    Definition:
        each epoch draws one offset, cuts the circle into floor(N / window_tokens) consecutive windows from there (at
        least one) and shuffles them; batches run on across epochs
    Args:
        stream: shape [N].
        window_tokens: targets per window.
        batch_windows: windows per batch.
        rng: draws offsets and orders.
    Yields:
        shape [batch_windows, window_tokens + 1]: inputs are all but the last column, targets all but the first.
    Source: definition.
    Differs: nothing.
    """
    steps = np.arange(window_tokens + 1)
    starts = np.empty(0, dtype=np.int64)
    while True:
        while starts.size < batch_windows:
            cuts = np.arange(max(stream.size // window_tokens, 1), dtype=np.int64) * window_tokens
            starts = np.concatenate((starts, rng.permutation(cuts) + rng.integers(stream.size)))
        chosen, starts = starts[:batch_windows], starts[batch_windows:]
        yield stream[(chosen[:, None] + steps) % stream.size].astype(np.int64)
