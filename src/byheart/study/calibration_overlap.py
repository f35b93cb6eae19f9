"""Whether a text that is scored is the very text that the mixture's weights were fitted on."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from byheart.corpus.documents import Document
from byheart.errors import InputError

MOST_SHARED = 0.5
"""Of the scored bytes may be in documents that are calibration text, too: lines of one kind repeat one another."""


class CalibrationOverlap:
    """Watches the documents that pass to be scored.

    Args:
        calibration: what the weights were fitted on.
    """

    def __init__(self, calibration: Iterable[Document]) -> None:
        self._known = {_digest(document) for document in calibration}
        self._shared_bytes = self._num_bytes = 0

    def watched(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The same documents, counted.

        Raises:
            InputError: at their end, when most of them are calibration text.
        """
        for document in documents:
            self._num_bytes += document.num_bytes
            self._shared_bytes += document.num_bytes if self._known and _digest(document) in self._known else 0
            yield document
        if self._shared_bytes > MOST_SHARED * self._num_bytes:
            raise InputError(
                "The text that is scored cannot be its own calibration.",
                why=f"{self._shared_bytes:,} of its {self._num_bytes:,} bytes are in documents that the mixture's "
                "weights were fitted on.",
                next_step="Give --calibration another text of the same kind.",
            )

    def notes(self) -> tuple[str, ...]:
        """What a reader of the score should know, after all have passed."""
        if not self._shared_bytes:
            return ()
        share = 100 * self._shared_bytes / self._num_bytes
        return (f"{share:.1f} % of the scored bytes are in documents that also stand in the calibration text.",)


def _digest(document: Document) -> bytes:
    return blake2b(document.text.encode(), digest_size=16).digest()
