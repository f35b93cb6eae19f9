"""A memorizer without smoothing: it goes on as the corpus does after the longest suffix that occurs often enough."""

import hashlib
from collections.abc import Sequence

import numpy as np

from byheart.core.codec import dumps
from byheart.core.decoding import Decoding, draw_token
from byheart.core.predictor import Access
from byheart.core.tokens import Floats, TokenIds
from byheart.index.corpus_index import Index


class SuffixSampler:
    """The raw M5, with a bound on the suffix and on its occurrences, without which it recites.

    Definition:
        P(x given c) = count(s x) / sum_y count(s y), s the longest suffix of c of at most `most_tokens` tokens that
        occurs `fewest_occurrences` times or more; of the last token alone, once is enough
    Args:
        index: the corpus.
        vocabulary_size: token ids are 0..vocabulary_size-1.
        end_id: stands for the end of a document.
        most_tokens: longest suffix, >= 1.
        fewest_occurrences: of the suffix, >= 1.
    Source: Liu et al. 2024, "Infini-gram" (arXiv 2401.17377): counts of the longest suffix alone.
    Differs: both bounds are ours; a context whose last token does not occur ends the document.
    """

    access = Access.WEIGHTS
    context_tokens: int | None = None

    def __init__(
        self, index: Index, vocabulary_size: int, end_id: int, *, most_tokens: int, fewest_occurrences: int
    ) -> None:
        self.name = f"suffix-{most_tokens}-seen-{fewest_occurrences}"
        self.vocabulary_size = vocabulary_size
        self.end_id = end_id
        self.size_bytes = index.size_bytes
        self.fingerprint = hashlib.blake2b(
            dumps([self.name, index.fingerprint, vocabulary_size, end_id]).encode(), digest_size=16
        ).hexdigest()
        self._index = index
        self._most, self._fewest = most_tokens, fewest_occurrences
        self._known: dict[bytes, tuple[int, Floats]] = {}

    def _after(self, suffix: TokenIds) -> tuple[int, Floats]:
        """How often a suffix occurs, and the logarithm of the counts after it, shape [vocabulary_size]."""
        key = suffix.tobytes()
        if key not in self._known:
            found = self._index.next_symbol_counts(suffix)
            counts = np.zeros(self.vocabulary_size)
            tokens = np.where(found.symbols == self._index.separator, self.end_id, found.symbols)
            np.add.at(counts, tokens, found.counts)
            with np.errstate(divide="ignore"):
                self._known[key] = int(counts.sum()), np.log(counts)
        return self._known[key]

    def log_counts(self, context: TokenIds) -> Floats:
        """The logarithm of the counts that it draws from; -inf for what never follows, shape [vocabulary_size].

        Args:
            context: token ids, at least one.
        """
        occurrences, best = self._after(context[-1:])
        for length in range(2, min(self._most, context.size) + 1):
            # A longer suffix never occurs more often.
            if occurrences < self._fewest:
                break
            occurrences, found = self._after(context[context.size - length :])
            if occurrences >= self._fewest:
                best = found
        return best

    def sample(
        self, contexts: Sequence[TokenIds], decoding: Decoding, num_tokens: int, *, rng: np.random.Generator
    ) -> list[TokenIds]:
        """Continues each context by up to `num_tokens`, fewer where the document ends."""
        written = []
        for context, child in zip(contexts, rng.spawn(len(contexts)), strict=True):
            text = np.concatenate([context, np.zeros(num_tokens, dtype=np.int32)]).astype(np.int32)
            stop = context.size
            while stop < text.size:
                row = self.log_counts(text[:stop])
                token = self.end_id if np.isneginf(row).all() else draw_token(row, decoding, rng=child)
                if token == self.end_id:
                    break
                text[stop] = token
                stop += 1
            written.append(text[context.size : stop])
        return written
