"""M3 `markov`: fixed probabilities after the last few tokens, smoothed as well as the literature knows how."""

from typing import NamedTuple, get_args

import numpy as np

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.combination import span_counts
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query
from byheart.index.sorted_text import SortedText, sort_text
from byheart.memorizers.base_distribution import Base, prepare_base
from byheart.memorizers.dense_row import fill_probabilities
from byheart.memorizers.memorizer import NUM_STATISTICS, Matches, Memorizer
from byheart.memorizers.ngram_counts import count_ngrams
from byheart.memorizers.ngram_table import NgramTable, log_probabilities, read_symbols, step
from byheart.memorizers.smoothing import Smoothing, smooth_add_k, smooth_kneser_ney, smooth_stupid_backoff
from byheart.memorizers.sparse_row import Row, empty_row, fill, statistics, touch

_HIGHEST_ORDER = 255


class Store(NamedTuple):
    """Everything that the kernels read and their working memory."""

    table: NgramTable
    base: Base
    row: Row
    visits: Query
    """Number of the distribution that last met each token, and at the end how many there were, [vocabulary + 1]."""


@compiled
def gather(store: Store, context: int, end_id: int) -> float:
    """Puts the continuations of a context and its suffixes into the row; returns the weight left for the base."""
    table, base, visits = store.table, store.base, store.visits
    border = visits.size - 1
    visits[border] += 1
    weight, node = 1.0, context
    while node >= 0:
        weight *= table.backoffs[node]
        node = int(table.links[node])
    passed, node = 1.0, context
    while node >= 0:
        for child in range(table.first_children[node], table.first_children[node + 1]):
            symbol = int(table.tokens[child])
            token = end_id if symbol == border else symbol
            if visits[token] != visits[border]:
                visits[token] = visits[border]
                touch(store.row, token, passed * table.probabilities[child] - weight * base.probabilities[token])
        passed *= table.backoffs[node]
        node = int(table.links[node])
    return weight


@compiled
def write(store: Store, context: int, end_id: int, out: Floats) -> None:
    """Writes the distribution after a context."""
    fill(store.base, store.row, gather(store, context, end_id), out)


@compiled
def write_rows(store: Store, context: int, symbols: Query, end_id: int, out: Floats) -> int:
    """Writes the distribution before each symbol, and after the last if `out` has a row more; returns the context."""
    for position in range(out.shape[0]):
        fill_probabilities(store.base, store.row, gather(store, context, end_id), out[position])
        if position < symbols.size:
            context = step(store.table, context, symbols[position])[1]
    return context


@compiled
def score_text(store: Store, context: int, symbols: Query, end_id: int) -> Floats:
    """Statistics of every symbol of a text."""
    out = np.zeros((symbols.size, NUM_STATISTICS))
    border = store.visits.size - 1
    for position in range(symbols.size):
        symbol = symbols[position]
        token = end_id if symbol == border else symbol
        statistics(store.base, store.row, gather(store, context, end_id), token, out[position])
        context = step(store.table, context, symbol)[1]
    return out


class TransitionTable(NamedTuple):
    """The constants p_ij of order 1, sparse: P(j after i) = probabilities where listed, else backoffs[i] unigram[j]."""

    from_ids: TokenIds
    """i, ascending; the end token stands for the start of a document, shape [num_entries]."""
    to_ids: TokenIds
    """j, shape [num_entries]."""
    probabilities: Floats
    """p_ij, shape [num_entries]."""
    backoffs: Floats
    """By i, shape [vocabulary_size]."""
    unigram: Floats
    """By j, shape [vocabulary_size]."""


class Markov(Memorizer):
    """Interpolated modified Kneser-Ney over n-grams of 1..order tokens, as KenLM's lmplz.

    Definition:
        `smoothing.smooth_kneser_ney`; `smooth_add_k` and `smooth_stupid_backoff` for the other smoothings. <s> stands
        before a document and is never predicted, the end token behind it; no n-gram crosses it, and after the end token
        a text begins anew. V = vocabulary_size, so that a token that the corpus lacks has a probability, too.
    Args:
        index: the corpus; a memorizer knows nothing else.
        vocabulary_size: V; token ids are 0..V-1.
        end_id: token for the end of a document; inside a document it ends it.
        order: tokens of the longest n-grams, the predicted one included, 1..255.
        smoothing: "kneser-ney", "add-k" or "stupid-backoff".
        k: pseudo-counts per token for "add-k", > 0.
        name: how the report calls it.
    Raises:
        InputError: vocabulary and index do not fit, an unknown smoothing, or order or k outside its range.
        CapabilityError: the index has several shards, or more than 2^31 n-grams.
    Example:
        documents "ab" and "ac", order 2, V = 4 (a b c end). Different symbols stand before a: 1 (<s>), b: 1, c: 1, and
        the end: 2, so A = 5; counts of counts are 3 1 0, so D = 1/2 1 3/2, g = (3 1/2 + 1)/5 = 1/2 and
        P(b) = (1 - 1/2)/5 + 1/2 1/4 = 9/40. After a: b and c once each, g = (1/2 + 1/2)/2 = 1/2, so
        P(b after a) = (1 - 1/2)/2 + 1/2 9/40 = 29/80.
    Cost: memory 28 bytes an n-gram (16 for the highest order) to keep, 17 more to build, and 2 bytes a symbol of the
        text; where the end token stands inside documents also a second sorting of the text. A full distribution costs
        the vocabulary, statistics the tokens that follow the last one.
    Source: theory.md M3; Chen and Goodman 1998; Heafield et al. 2013.
    Differs: see `smoothing`; vocabulary_size counts every token id, lmplz the words of the corpus and <unk>.
    """

    def __init__(
        self,
        index: Index,
        *,
        vocabulary_size: int,
        end_id: int,
        order: int = 5,
        smoothing: Smoothing = "kneser-ney",
        k: float = 0.01,
        name: str = "memorizer:markov",
    ) -> None:
        if not 1 <= order <= _HIGHEST_ORDER or smoothing not in get_args(Smoothing) or not 0 < k < np.inf:
            raise InputError(
                "There is no such Markov chain.",
                why=f"Got order {order}, smoothing {smoothing!r} and k {k}.",
                next_step=f"Orders are 1..{_HIGHEST_ORDER}, smoothings {', '.join(get_args(Smoothing))}; k > 0.",
            )
        self.order = order
        self.smoothing = smoothing
        self._k = k
        super().__init__(index, vocabulary_size=vocabulary_size, end_id=end_id, name=name)
        found = count_ngrams(self._sorted_text(), order=order, vocabulary_size=vocabulary_size)
        self.discounts: list[tuple[float, float, float]] = []
        """Counts; D1, D2, D3+ of each order from 1; empty for other smoothings."""
        match smoothing:
            case "kneser-ney":
                self.discounts = smooth_kneser_ney(found)
            case "add-k":
                smooth_add_k(found, k)
            case "stupid-backoff":
                smooth_stupid_backoff(found)
        starts = found.table.order_starts
        num_unigrams = int(np.count_nonzero(found.counts[: starts[1]]))
        self.num_ngrams = [num_unigrams, *np.diff(starts)[1:].tolist()]
        """Different n-grams of each order from 1, without <s> and tokens that the corpus lacks."""
        self.table = found.table
        self.size_bytes, self.index_bytes = self.table.size_bytes, 0
        visits = np.zeros(vocabulary_size + 1, np.int64)
        self._store = Store(self.table, prepare_base(self._unigram()), empty_row(vocabulary_size), visits)

    def parameters(self) -> dict[str, float | str | list[float]]:
        """Order and smoothing."""
        found: dict[str, float | str | list[float]] = {"order": self.order, "smoothing": self.smoothing}
        return {**found, "k": self._k} if self.smoothing == "add-k" else found

    def _sorted_text(self) -> SortedText:
        corpus = self.index.sorted_text
        alphabet_size = corpus.first_symbol.size - 1
        end_inside = self.end_id < alphabet_size and (
            corpus.first_symbol[self.end_id + 1] > corpus.first_symbol[self.end_id]
        )
        if not end_inside:
            return corpus
        text = corpus.text.copy()
        text[text == self.end_id] = text[-1]
        return sort_text(text, alphabet_size)

    def _unigram(self) -> Floats:
        found = self.table.probabilities[: self.vocabulary_size].copy()
        found[self.end_id] = self.table.probabilities[self.vocabulary_size]
        return found

    def _walk(self, capacity_tokens: int) -> "_Walk":
        return _Walk(self)

    def _statistics(self, token_ids: TokenIds) -> Floats:
        return score_text(self._store, self.table.start, self.table.symbols(token_ids, end_id=self.end_id), self.end_id)

    def _log_probabilities(self, token_ids: TokenIds) -> Floats:
        return np.minimum(
            log_probabilities(self.table, self.table.start, self.table.symbols(token_ids, end_id=self.end_id)), 0.0
        )

    def matches(self, token_ids: TokenIds) -> Matches:
        """The longest suffix of the context that occurs, of order - 1 tokens at most and within its document.

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        found = super().matches(token_ids)
        places = np.arange(token_ids.size)
        is_end = np.append(-1, np.where(token_ids == self.end_id, places, -1))
        since_end = places - 1 - np.maximum.accumulate(is_end)[:-1]
        lengths = np.minimum(np.minimum(found.lengths_tokens, since_end), self.order - 1)
        counts = np.where(lengths > 0, found.num_occurrences, 0)
        is_shorter = (lengths > 0) & (lengths < found.lengths_tokens)
        stops = places[is_shorter]
        counts[is_shorter] = span_counts(
            self.index.shards, self.index.known_symbols(token_ids), stops - lengths[is_shorter], stops
        )
        return Matches(lengths, counts)

    def transition_table(self) -> TransitionTable:
        """The fixed p_ij: what it says of j by one token i of context alone; with order 2 all that it ever says.

        Raises:
            InputError: the chain has order 1, so no context.
        """
        if self.order == 1:
            raise InputError("A chain of order 1 has no transitions.", next_step="Build one of order 2 or more.")
        table, size = self.table, self.vocabulary_size
        first, stop = table.order_starts[1:3]
        sources = np.repeat(np.arange(size + 1), np.diff(table.first_children[: size + 2]))
        from_ids, to_ids = sources.astype(np.int32), table.tokens[first:stop].copy()
        from_ids[from_ids == size] = self.end_id
        to_ids[to_ids == size] = self.end_id
        backoffs = table.backoffs[:size].copy()
        backoffs[self.end_id] = table.backoffs[size]
        place = np.lexsort((to_ids, from_ids))
        probabilities = table.probabilities[first:stop][place]
        return TransitionTable(from_ids[place], to_ids[place], probabilities, backoffs, self._unigram())


class _Walk:
    """The longest suffix of a context that the table has."""

    def __init__(self, memorizer: Markov) -> None:
        self._memorizer = memorizer
        self._context = memorizer.table.start

    def read(self, token_ids: TokenIds) -> None:
        table = self._memorizer.table
        symbols = table.symbols(token_ids, end_id=self._memorizer.end_id)
        self._context = read_symbols(table, self._context, symbols)

    def write(self, out: Floats) -> None:
        write(self._memorizer._store, self._context, self._memorizer.end_id, out)

    def write_rows(self, token_ids: TokenIds, out: Floats) -> None:
        end_id = self._memorizer.end_id
        symbols = self._memorizer.table.symbols(token_ids, end_id=end_id)
        self._context = write_rows(self._memorizer._store, self._context, symbols, end_id, out)
