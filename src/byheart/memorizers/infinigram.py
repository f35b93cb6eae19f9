"""M5 `infinigram`: the longest suffix of the context that the corpus holds, backed by all the shorter ones."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.compiled import compiled
from byheart.index.layout import Unit
from byheart.index.searching.search import Query
from byheart.index.sorted_text import SortedText
from byheart.memorizers.base_distribution import Base, prepare_base
from byheart.memorizers.dense_row import fill_probabilities
from byheart.memorizers.memorizer import NUM_STATISTICS, Memorizer
from byheart.memorizers.sparse_row import Row, add, empty_row, fill, statistics
from byheart.memorizers.suffix_chain import Chain, Memo, advance, empty_chain, empty_memo, recall

DISCOUNT_SCALES: Mapping[Unit, float] = {"tokens": 16.0, "bytes": 48.0}
"""Symbols; about the length from which a unique match is a copy rather than a coincidence."""
NUM_DISCOUNTS = 1024
"""Suffixes of this many symbols or more share one discount."""
_NEGLIGIBLE_WEIGHT = 1e-200
"""In long runs of one token hundreds of suffixes differ in their counts; their weights' product would underflow."""


def discount(length: int, *, unit: Unit = "tokens") -> float:
    """How much of each stored count is given to shorter suffixes: nearly all of 1 at first, next to nothing when long.

    Definition:
        d_l = 0.9 / (1 + (l / s)^4), s = DISCOUNT_SCALES[unit]
    Args:
        length: l, of the suffix in symbols of the index, >= 0.
        unit: what a symbol is.
    Returns:
        counts, in (0, 1).
    Source: chosen on held-out text of the standard library, notebook/2026-11-24-infinigram-discount.md.
    Differs: Kneser and Ney use one constant for each length, fitted to the corpus.
    """
    return 0.9 / (1.0 + (min(length, NUM_DISCOUNTS - 1) / DISCOUNT_SCALES[unit]) ** 4)


class Explanation(NamedTuple):
    """The raw M5 behind a prediction."""

    match_length_tokens: int
    """Length of the longest suffix of the context that occurs, 0 when not even its last token does."""
    num_occurrences: int
    """How often that suffix occurs."""
    token_ids: TokenIds
    """What follows it, ascending; the end of a document is the end token, shape [num_different]."""
    counts: Query
    """How often each follows, shape [num_different]."""


class Store(NamedTuple):
    """Everything that the kernels read and their working memory."""

    corpus: SortedText
    memo: Memo
    base: Base
    row: Row
    discounts: Floats
    """By suffix length in symbols, the last for all longer ones."""


@compiled
def gather(store: Store, chain: Chain, end_id: int) -> float:
    """Adds the discounted continuations of every group of suffixes to the row; returns the weight left for the base."""
    weight = 1.0
    for i in range(chain.state[0]):
        if weight < _NEGLIGIBLE_WEIGHT:
            break
        length, low, high = chain.state[1] - chain.starts[i], chain.lows[i], chain.highs[i]
        amount = store.discounts[min(length, store.discounts.size - 1)]
        offset, size = recall(store.corpus, store.memo, low, high, length, end_id)
        share = weight / (high - low)
        for j in range(offset, offset + size):
            add(store.row, store.memo.symbols[j], share * (store.memo.counts[j] - amount))
        weight *= amount * size / (high - low)
    return weight


@compiled
def read(store: Store, chain: Chain, symbols: Query) -> None:
    """Appends symbols to the context."""
    for symbol in symbols:
        advance(store.corpus, chain, symbol)


@compiled
def write(store: Store, chain: Chain, end_id: int, out: Floats) -> None:
    """Writes the distribution after the context."""
    fill(store.base, store.row, gather(store, chain, end_id), out)


@compiled
def write_rows(store: Store, chain: Chain, symbols: Query, end_id: int, out: Floats) -> None:
    """Writes the distribution before each symbol, and after the last if `out` has a row more."""
    for position in range(out.shape[0]):
        fill_probabilities(store.base, store.row, gather(store, chain, end_id), out[position])
        if position < symbols.size:
            advance(store.corpus, chain, symbols[position])


@compiled
def score_text(store: Store, chain: Chain, symbols: Query, tokens: Query, end_id: int) -> Floats:
    """Statistics of every token of a text."""
    out = np.zeros((tokens.size, NUM_STATISTICS))
    for position in range(tokens.size):
        statistics(store.base, store.row, gather(store, chain, end_id), tokens[position], out[position])
        advance(store.corpus, chain, symbols[position])
    return out


class Infinigram(Memorizer):
    """Exact counts of every suffix of the context, without a bound on its length.

    Definition:
        P_l(x) = max(c_l(x) - d_l, 0) / N_l + d_l T_l / N_l P_l'(x)
        l: length of the longest suffix of the context that occurs N_l times; c_l(x): how often x follows it; T_l: how
        many different x do; l': the next shorter l with more occurrences; below the empty suffix 1 / vocabulary_size
    Args:
        index: the corpus; a memorizer knows nothing else.
        vocabulary_size: token ids are 0..vocabulary_size-1.
        end_id: token for the end of a document.
        name: how the report calls it.
        discounts: d_l by length, shape [num_lengths], in (0, 1]; the last holds for all longer suffixes. By default
            `discount`.
    Raises:
        InputError: vocabulary and index do not fit, or a discount is outside (0, 1].
    Example:
        documents "abac" and "ab", context "ab", vocabulary a b c end. "ab" occurs N = 2 times, followed by a and end,
        so T = 2; "b" has as many occurrences and is the same group. The empty suffix has N = 8, T = 4, counts 3 2 1 2.
        With d_0 = 1 and d_2 = 1/3: P_0(a) = (3 - 1)/8 + 4/8 1/4 = 3/8, and P(a) = (1 - 1/3)/2 + 1/3 2/2 3/8 = 11/24.
    Cost: scoring takes about 10 microseconds a token at a vocabulary of 2,048 and 35 at 49,152, on one core; a full
        distribution costs the vocabulary.
    Source: theory.md M5; Liu et al. 2024, "Infini-gram" (arXiv 2401.17377).
    Differs: Liu et al. answer with the longest suffix alone; the discounted interpolation makes every token possible.
    """

    def __init__(
        self,
        index: Index,
        *,
        vocabulary_size: int,
        end_id: int,
        name: str = "memorizer:infinigram",
        discounts: Floats | None = None,
    ) -> None:
        if discounts is None:
            discounts = np.array([discount(length, unit=index.unit) for length in range(NUM_DISCOUNTS)])
        if discounts.size == 0 or not ((discounts > 0) & (discounts <= 1)).all():
            raise InputError(
                "A discount takes a part of one count.",
                why="Every discount must be in (0, 1].",
                next_step="Correct the discounts.",
            )
        self._discounts = discounts
        super().__init__(index, vocabulary_size=vocabulary_size, end_id=end_id, name=name)
        self._store = Store(
            index.sorted_text,
            empty_memo(index.alphabet_size),
            prepare_base(self._unigram()),
            empty_row(vocabulary_size),
            self._discounts,
        )

    def parameters(self) -> dict[str, float | list[float]]:
        """The discounts."""
        return {"discounts": self._discounts.tolist()}

    def _unigram(self) -> Floats:
        found = self.index.next_symbol_counts(np.empty(0, dtype=np.int32))
        counts = np.zeros(self.vocabulary_size)
        np.add.at(counts, np.where(found.symbols == self.index.separator, self.end_id, found.symbols), found.counts)
        amount, total = self._discounts[0], counts.sum()
        if total == 0:
            return np.full(self.vocabulary_size, 1.0 / self.vocabulary_size)
        kept = amount * np.count_nonzero(counts) / total
        return np.maximum(counts - amount, 0.0) / total + kept / self.vocabulary_size

    def _walk(self, capacity_tokens: int) -> "_Walk":
        return _Walk(self, capacity_tokens)

    def _statistics(self, token_ids: TokenIds) -> Floats:
        chain = empty_chain(token_ids.size)
        symbols = self.index.known_symbols(token_ids)
        return score_text(self._store, chain, symbols, token_ids.astype(np.int64), self.end_id)

    def explain(self, context: TokenIds) -> Explanation:
        """The longest suffix of the context that occurs, how often, and what follows it.

        Args:
            context: token ids, shape [num_tokens].
        """
        self._check(context)
        walk = _Walk(self, context.size)
        walk.read(context)
        length = walk.match_length_tokens
        suffix = context[context.size - length :]
        found = self.index.next_symbol_counts(suffix)
        tokens = np.where(found.symbols == self.index.separator, self.end_id, found.symbols)
        token_ids, inverse = np.unique(tokens, return_inverse=True)
        counts = np.zeros(token_ids.size, dtype=np.int64)
        np.add.at(counts, inverse, found.counts)
        return Explanation(length, self.index.count(suffix), token_ids.astype(np.int32), counts)


class _Walk:
    """A context's chain of suffixes."""

    def __init__(self, memorizer: Infinigram, capacity_tokens: int) -> None:
        self._memorizer = memorizer
        self._chain = empty_chain(capacity_tokens)

    @property
    def match_length_tokens(self) -> int:
        """Length of the longest suffix that occurs."""
        num_groups, num_read = self._chain.state[:2]
        return int(num_read - self._chain.starts[0]) if num_groups else 0

    def read(self, token_ids: TokenIds) -> None:
        read(self._memorizer._store, self._chain, self._memorizer.index.known_symbols(token_ids))

    def write(self, out: Floats) -> None:
        write(self._memorizer._store, self._chain, self._memorizer.end_id, out)

    def write_rows(self, token_ids: TokenIds, out: Floats) -> None:
        symbols = self._memorizer.index.known_symbols(token_ids)
        write_rows(self._memorizer._store, self._chain, symbols, self._memorizer.end_id, out)
