"""What all memorizers share: the capabilities of core's Predictor over one walk along a context."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from byheart.core.codec import dumps
from byheart.core.decoding import Decoding, draw_token
from byheart.core.predictor import Access, given_lengths
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.searching.search import Query

NUM_STATISTICS = 7


class Matches(NamedTuple):
    """What the prediction of each token of a text rests on."""

    lengths_tokens: Query
    """Tokens of the context, 0 for none, shape [num_tokens]."""
    num_occurrences: Query
    """How often they stand in the corpus, 0 where the prediction rests on none of them, shape [num_tokens]."""


class Walk(Protocol):
    """A context that grows, and the distribution after it."""

    def read(self, token_ids: TokenIds) -> None:
        """Appends tokens to the context."""

    def write(self, out: Floats) -> None:
        """Writes the distribution of the next token in nats, shape [vocabulary_size]."""

    def write_rows(self, token_ids: TokenIds, out: Floats) -> None:
        """Appends tokens to the context and writes the distribution before each of them as probabilities.

        Args:
            token_ids: shape [num_tokens].
            out: shape [num_tokens, vocabulary_size]; or one row more, for the distribution after the last token.
        """


class Memorizer(ABC):
    """A predictor that answers from a corpus index: Scores, Distributes and Samples.

    Args:
        index: the corpus; its separator becomes `end_id`, as the end of a document.
        vocabulary_size: token ids are 0..vocabulary_size-1.
        end_id: the token that stands for the end of a document.
        name: how the report calls it.
    Raises:
        InputError: the index has symbols outside the vocabulary, or `end_id` is outside it.
    """

    access = Access.WEIGHTS
    context_tokens: int | None = None

    def __init__(self, index: Index, *, vocabulary_size: int, end_id: int, name: str) -> None:
        if index.alphabet_size > vocabulary_size or not 0 <= end_id < vocabulary_size:
            raise InputError(
                f"A memorizer with {vocabulary_size} tokens cannot answer from this index.",
                why=f"The index has {index.alphabet_size} symbols and the end token is {end_id}.",
                next_step="Pass the vocabulary of the tokenizer that the index was built with.",
            )
        self.index = index
        self.name = name
        self.vocabulary_size = vocabulary_size
        self.end_id = end_id
        self.size_bytes = index.size_bytes
        self.index_bytes = index.size_bytes
        """Bytes of `size_bytes` that are the index's, so that memorizers of one index can share them."""
        self.fingerprint = self._fingerprint()

    @abstractmethod
    def parameters(self) -> Mapping[str, float | str | list[float] | list[str] | list[list[float]]]:
        """What its predictions depend on beside the index and the vocabulary."""

    @abstractmethod
    def _walk(self, capacity_tokens: int) -> Walk:
        """A walk from the start of a document, for contexts of up to that many tokens."""

    @abstractmethod
    def _statistics(self, token_ids: TokenIds) -> Floats:
        """Statistics of each token in the order of `sparse_row.statistics`, shape [num_tokens, NUM_STATISTICS]."""

    def _statistics_after(self, token_ids: TokenIds, num_given: int) -> Floats:
        """The same without the first tokens; for overriding where each token costs a row of the whole vocabulary."""
        return self._statistics(token_ids)[num_given:]

    def _fingerprint(self) -> str:
        identity = [type(self).__name__, self.index.fingerprint, self.vocabulary_size, self.end_id, self.parameters()]
        return hashlib.blake2b(dumps(identity).encode(), digest_size=16).hexdigest()

    def _check(self, token_ids: TokenIds) -> None:
        if token_ids.size and not 0 <= int(token_ids.min()) <= int(token_ids.max()) < self.vocabulary_size:
            raise InputError(
                f"{self.name} was given a token outside its vocabulary.",
                why=f"Ids are 0..{self.vocabulary_size - 1}, got {int(token_ids.min())}..{int(token_ids.max())}.",
                next_step="Encode the text with the tokenizer that the index was built with.",
            )

    def log_probabilities_nats(self, token_ids: TokenIds) -> Floats:
        """What `score` gives as log_probability_nats, by a faster road where there is one.

        Args:
            token_ids: shape [num_tokens].
        Returns:
            nats, <= 0, shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        self._check(token_ids)
        return self._log_probabilities(token_ids)

    def _log_probabilities(self, token_ids: TokenIds) -> Floats:
        """For overriding: tokens are checked."""
        return self._statistics(token_ids)[:, 0].copy()

    def matches(self, token_ids: TokenIds) -> Matches:
        """The part of the context that the prediction of each token rests on: its longest suffix that occurs.

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        self._check(token_ids)
        found = self.index.longest_suffixes(self.index.known_symbols(token_ids))
        lengths = found.lengths[:-1]
        return Matches(lengths, np.where(lengths > 0, found.counts[:-1], 0))

    def abstentions(self, token_ids: TokenIds) -> npt.NDArray[np.bool_]:
        """Where it has no answer of its own, shape [num_tokens].

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        self._check(token_ids)
        return np.zeros(token_ids.size, dtype=np.bool_)

    def score(self, texts: Sequence[TokenIds], num_given: Sequence[int] = ()) -> list[TokenScores]:
        """What it says about each token of each text that is not given, from all tokens before it in that text.

        Raises:
            InputError: a token outside the vocabulary, or a text without a token to score.
        """
        results = []
        for text, given in zip(texts, given_lengths(texts, num_given), strict=True):
            self._check(text)
            columns = self._statistics_after(text, given).T
            results.append(
                TokenScores(
                    token_ids=text[given:].astype(np.int32),
                    log_probability_nats=columns[0].copy(),
                    rank=columns[1].astype(np.int32),
                    argmax_id=columns[2].astype(np.int32),
                    argmax_log_probability_nats=columns[3].copy(),
                    entropy_nats=columns[4].copy(),
                    log_probability_variance_nats2=columns[5].copy(),
                    log_top_k_mass_nats=columns[6].copy(),
                )
            )
        return results

    def next_log_probabilities_nats(self, contexts: Sequence[TokenIds]) -> Floats:
        """The distribution after each context, nats, shape [num_contexts, vocabulary_size]."""
        rows = np.empty((len(contexts), self.vocabulary_size))
        for context, row in zip(contexts, rows, strict=True):
            self._check(context)
            walk = self._walk(context.size)
            walk.read(context)
            walk.write(row)
        return rows

    def sample(
        self, contexts: Sequence[TokenIds], decoding: Decoding, num_tokens: int, *, rng: np.random.Generator
    ) -> list[TokenIds]:
        """Continues each context by up to `num_tokens`, fewer where the document ends."""
        row = np.empty(self.vocabulary_size)
        continuations = []
        for context, child in zip(contexts, rng.spawn(len(contexts)), strict=True):
            self._check(context)
            walk = self._walk(context.size + num_tokens)
            walk.read(context)
            written: list[int] = []
            while len(written) < num_tokens:
                walk.write(row)
                token = draw_token(row, decoding, rng=child)
                if token == self.end_id:
                    break
                written.append(token)
                walk.read(np.array([token], dtype=np.int32))
            continuations.append(np.array(written, dtype=np.int32))
        return continuations
