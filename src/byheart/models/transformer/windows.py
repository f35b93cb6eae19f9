"""Documents as one circular stream, cut into training windows that know where documents begin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import TokenIds
from byheart.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Windows of one step; all arrays have the shape [windows, window_tokens]."""

    inputs: npt.NDArray[np.int64]
    """Token ids."""
    targets: npt.NDArray[np.int64]
    """The tokens that follow them; after the last token of a document the end token."""
    pieces: npt.NDArray[np.int64]
    """Which piece of its window a token belongs to, 0, 1, ...: no attention between pieces."""


class Stream:
    """All documents in one run: end_id, document, end_id, document, ..., read as a circle.

    Args:
        documents: token ids, each of shape [num_tokens].
        end_id: written before each document; since the stream is a circle, it also ends the last one.

    Raises:
        InputError: no document has a token.
    """

    def __init__(self, documents: Sequence[TokenIds], end_id: int) -> None:
        if not any(document.size for document in documents):
            raise InputError(
                "There is nothing to train on.", why="No document has a token.", next_step="Add documents."
            )
        start = np.array([end_id], dtype=np.int32)
        self.token_ids = np.concatenate([part.astype(np.int32) for one in documents for part in (start, one)])
        sizes = np.array([document.size + 1 for document in documents], dtype=np.int64)
        self._begins = np.zeros(self.token_ids.size, dtype=np.bool_)
        self._begins[np.cumsum(sizes) - sizes] = True

    @property
    def num_tokens(self) -> int:
        """Tokens of the documents and one end token for each."""
        return self.token_ids.size

    def windows_per_epoch(self, window_tokens: int) -> int:
        """Windows that an epoch is cut into, at least one."""
        return max(self.num_tokens // window_tokens, 1)

    def batches(
        self, window_tokens: int, batch_windows: int, *, rng: np.random.Generator, start: int = 0
    ) -> Iterator[Batch]:
        """Endless batches; within an epoch every token is a target exactly once, up to the last cut.

        Definition:
            each epoch spawns a generator, draws one offset, cuts the circle into windows_per_epoch consecutive windows
            from there and shuffles them; batches run on across epochs, so a batch depends on the seed of `rng` and on
            its own number only
        Args:
            window_tokens: targets per window.
            batch_windows: windows per batch.
            rng: fresh; spawns one child per epoch.
            start: number of the first batch.
        Yields:
            batches; windows of one piece come first.
        Source: definition.
        Differs: nothing.
        """
        per_epoch = self.windows_per_epoch(window_tokens)
        epoch_index, skipped = divmod(start * batch_windows, per_epoch)
        if epoch_index:
            rng.spawn(epoch_index)
        begins = np.empty(0, dtype=np.int64)
        while True:
            while begins.size < batch_windows:
                (child,) = rng.spawn(1)
                offset = child.integers(self.num_tokens)
                epoch = child.permutation(np.arange(per_epoch, dtype=np.int64) * window_tokens) + offset
                begins = np.concatenate((begins, epoch[skipped:]))
                skipped = 0
            chosen, begins = begins[:batch_windows], begins[batch_windows:]
            yield self._batch(chosen, window_tokens)

    def _batch(self, begins: npt.NDArray[np.int64], window_tokens: int) -> Batch:
        places = (begins[:, None] + np.arange(window_tokens + 1)) % self.num_tokens
        is_border = self._begins[places[:, :-1]]
        is_border[:, 0] = False
        pieces = is_border.cumsum(axis=1)
        order = np.argsort(pieces[:, -1] > 0, kind="stable")
        token_ids = self.token_ids[places[order]].astype(np.int64)
        return Batch(inputs=token_ids[:, :-1], targets=token_ids[:, 1:], pieces=pieces[order].astype(np.int64))
