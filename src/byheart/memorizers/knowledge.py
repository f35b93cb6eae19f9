"""M4 `knowledge`: a lookup table of all contexts of one length."""

from typing import NamedTuple

import numpy as np

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query, pattern_interval
from byheart.index.sorted_text import SortedText
from byheart.memorizers.base_distribution import Base, uniform_base
from byheart.memorizers.memorizer import NUM_STATISTICS, Memorizer
from byheart.memorizers.sparse_row import Row, add, empty_row, fill, statistics
from byheart.memorizers.suffix_chain import Memo, empty_memo, recall

ESCAPE_PROBABILITY = 1e-4
"""Share of the uniform distribution in every answer: 50 tokens after a unique context keep 0.9999^50 > 0.995."""


class Store(NamedTuple):
    """Everything that the kernels read and their working memory."""

    corpus: SortedText
    memo: Memo
    base: Base
    row: Row


@compiled
def gather(store: Store, symbols: Query, stop: int, context_length: int, end_id: int) -> float:
    """Adds the continuations of symbols[stop - context_length : stop] to the row; returns the uniform's weight."""
    if stop < context_length:
        return 1.0
    low, high = pattern_interval(store.corpus, symbols, stop - context_length, stop)
    if low == high:
        return 1.0
    offset, size = recall(store.corpus, store.memo, low, high, context_length, end_id)
    share = (1.0 - ESCAPE_PROBABILITY) / (high - low)
    for i in range(offset, offset + size):
        add(store.row, store.memo.symbols[i], share * store.memo.counts[i])
    return ESCAPE_PROBABILITY


@compiled
def write(store: Store, symbols: Query, context_length: int, end_id: int, out: Floats) -> None:
    """Writes the distribution after all the symbols."""
    fill(store.base, store.row, gather(store, symbols, symbols.size, context_length, end_id), out)


@compiled
def score_text(store: Store, symbols: Query, tokens: Query, context_length: int, end_id: int) -> Floats:
    """Statistics of every token of a text."""
    out = np.zeros((tokens.size, NUM_STATISTICS))
    for position in range(tokens.size):
        weight = gather(store, symbols, position, context_length, end_id)
        statistics(store.base, store.row, weight, tokens[position], out[position])
    return out


class Knowledge(Memorizer):
    """The finite set K of (context, continuation): answers inside K, abstains outside.

    Definition:
        P(x) = (1 - e) c(x) / N + e / V, where c(x) counts x after the last `context_length` tokens, N is their number
        of occurrences and e = ESCAPE_PROBABILITY; 1 / V (an abstention) where N = 0 or the context is shorter
    Args:
        index: the corpus; a memorizer knows nothing else.
        vocabulary_size: V; token ids are 0..V-1.
        end_id: token for the end of a document.
        context_length: tokens, >= 1.
        name: how the report calls it.
    Raises:
        InputError: vocabulary and index do not fit, or the context length is below 1.
    Example:
        documents "abac" and "ab", context_length 2, context "ab", V = 4: "ab" is followed by a and by the end once
        each, so P(a) = 0.9999 1/2 + 0.0001 1/4.
    Source: theory.md M4.
    Differs: abstaining is the uniform distribution, and e of it is in every answer, since log 0 is not a number.
    """

    def __init__(
        self,
        index: Index,
        *,
        vocabulary_size: int,
        end_id: int,
        context_length: int = 16,
        name: str = "memorizer:knowledge",
    ) -> None:
        if context_length < 1:
            raise InputError(
                "A lookup table needs a context.",
                why=f"context_length is {context_length}.",
                next_step="Choose at least 1 token.",
            )
        self.context_length = context_length
        super().__init__(index, vocabulary_size=vocabulary_size, end_id=end_id, name=name)
        memo = empty_memo(index.alphabet_size)
        self._store = Store(index.sorted_text, memo, uniform_base(vocabulary_size), empty_row(vocabulary_size))

    def parameters(self) -> dict[str, float | list[float]]:
        """The context's length and the escape probability."""
        return {"context_length": self.context_length, "escape_probability": ESCAPE_PROBABILITY}

    def abstains(self, context: TokenIds) -> bool:
        """Whether the context's last `context_length` tokens are not in K.

        Args:
            context: token ids, shape [num_tokens].
        """
        self._check(context)
        if context.size < self.context_length:
            return True
        symbols = self.index.known_symbols(context[context.size - self.context_length :])
        low, high = pattern_interval(self.index.sorted_text, symbols, 0, symbols.size)
        return bool(low == high)

    def _walk(self, capacity_tokens: int) -> "_Walk":
        return _Walk(self)

    def _statistics(self, token_ids: TokenIds) -> Floats:
        symbols = self.index.known_symbols(token_ids)
        return score_text(self._store, symbols, token_ids.astype(np.int64), self.context_length, self.end_id)


class _Walk:
    """The last tokens of a context."""

    def __init__(self, memorizer: Knowledge) -> None:
        self._memorizer = memorizer
        self._symbols = np.empty(0, dtype=np.int64)

    def read(self, token_ids: TokenIds) -> None:
        symbols = np.concatenate([self._symbols, self._memorizer.index.known_symbols(token_ids)])
        self._symbols = symbols[max(symbols.size - self._memorizer.context_length, 0) :]

    def write(self, out: Floats) -> None:
        memorizer = self._memorizer
        write(memorizer._store, self._symbols, memorizer.context_length, memorizer.end_id, out)
