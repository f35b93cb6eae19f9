"""An index on disk as people ask it: with text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import FingerprintError, SourceError
from byheart.index.corpus_index import Index

TOKENIZER_FOLDER = "tokenizer"


@dataclass(frozen=True)
class Lookup:
    """An index from disk with the tokenizer that its queries need."""

    index: Index
    """The index."""
    tokenizer: Tokenizer | None
    """Its tokenizer, when its unit is tokens."""

    @staticmethod
    def open(folder: Path) -> "Lookup":
        """Opens an index that `make_index` wrote.

        Raises:
            SourceError, FormatError, FingerprintError: it is missing, damaged, or its tokenizer is another's.
        """
        if not folder.is_dir():
            raise SourceError(
                f"There is no index at {folder}.", next_step=f"Make one: byheart index SOURCE -o {folder}"
            )
        index = Index.open(folder)
        if index.unit == "bytes":
            return Lookup(index, None)
        tokenizer = Tokenizer.from_folder(folder / TOKENIZER_FOLDER)
        if tokenizer.fingerprint != index.tokenizer_fingerprint:
            raise FingerprintError(
                f"The tokenizer inside {folder} is not the one that the index was made with.",
                next_step="Make the index again.",
            )
        return Lookup(index, tokenizer)

    def symbols(self, text: str) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.int64]]:
        """The text in the index's unit, and the bytes of the text consumed after each symbol."""
        if self.tokenizer is None:
            data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
            return data, np.arange(1, data.size + 1, dtype=np.int64)
        encoding = self.tokenizer.encode(text)
        return encoding.token_ids, encoding.byte_ends

    def text(self, symbols: npt.NDArray[np.generic]) -> str:
        """The text of a run of symbols; U+FFFD where it starts or ends inside a character."""
        if self.tokenizer is None:
            return symbols.astype(np.uint8).tobytes().decode("utf-8", "replace")
        return self.tokenizer.decode(symbols.astype(np.int32))

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How often each text stands in the corpus, overlapping occurrences counted, never across documents."""
        return [int(number) for number in self.index.counts([self.symbols(text)[0] for text in texts])]

    def count_near(self, text: str, near: str, *, within: int) -> int:
        """How many places of a text have another text near them: in the same document, starts at most so far apart.

        Args:
            text: whose places are counted.
            near: the other text.
            within: symbols between the two starts, on either side.
        Raises:
            InputError: one of the texts is empty.
        """
        first, second = self.symbols(text)[0], self.symbols(near)[0]
        return self.index.cooccurrences(first, second, within=within, limit=0).num_places
