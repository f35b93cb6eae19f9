"""M5 `infinigram`: the longest suffix of the context that the corpus holds, backed by all the shorter ones."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.layout import Unit
from byheart.index.searching.search import Query
from byheart.memorizers.base_distribution import prepare_base
from byheart.memorizers.continuations import Memo, count_unigrams, empty_memo
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.sparse_row import empty_row
from byheart.memorizers.suffix_chain import empty_chain
from byheart.memorizers.suffix_interpolation import Store, log_probabilities, read, score_text, write, write_rows

DISCOUNT_SCALES: Mapping[Unit, float] = {"tokens": 16.0, "bytes": 48.0}
"""Symbols; about the length from which a unique match is a copy rather than a coincidence."""
NUM_DISCOUNTS = 1024
"""Suffixes of this many symbols or more share one discount."""
CLASS_FACTORS = (1.0, 1.4, 1.6)
"""Counts of 1, 2 and more lose the discount so many times, as in modified Kneser-Ney."""
Counting = Literal["neighbours", "occurrences"]
"""What weighs a continuation: how many different tokens stand before it and its suffix, or how often it occurs."""


def discount(length: int, *, unit: Unit = "tokens") -> float:
    """How much of each stored count is given to shorter suffixes: nearly all of 1 at first, next to nothing when long.

    Definition:
        d_l = 0.87 / (1 + (l / s)^4), s = DISCOUNT_SCALES[unit]
    Args:
        length: l, of the suffix in symbols of the index, >= 0.
        unit: what a symbol is.
    Returns:
        counts, in (0, 1).
    Source: chosen on held-out text of the standard library, notebook/2026-11-24-infinigram-discount.md and
        notebook/2026-11-24-infinigram-strength.md.
    Differs: Kneser and Ney use constants for each length, fitted to the corpus.
    """
    return 0.87 / (1.0 + (min(length, NUM_DISCOUNTS - 1) / DISCOUNT_SCALES[unit]) ** 4)


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


class Infinigram(Memorizer):
    """Every suffix of the context, without a bound on its length, each refining what the next shorter one says.

    Definition:
        P_l(x) = (k_l(x) - D_l(k_l(x)) + sum_y D_l(k_l(y)) P_l'(x)) / sum_y k_l(y), the first part where k_l(x) > 0
        l: length of the longest suffix of the context that occurs; k_l(x): how many different tokens stand before it
        where x follows, the start of a document counting as one; D_l(k): d_l times the first, second or third of
        CLASS_FACTORS for k = 1, 2 or more; l': the longest suffix with more occurrences, and so on down to the
        empty one, below which stands 1 / vocabulary_size
    Args:
        index: the corpus; a memorizer knows nothing else.
        vocabulary_size: token ids are 0..vocabulary_size-1.
        end_id: token for the end of a document.
        name: how the report calls it.
        discounts: d_l by length, shape [num_lengths], in (0, 1]; the last holds for all longer suffixes. By default
            `discount`.
        counting: "neighbours" for k as above; "occurrences" for how often x follows, which believes in repetitions.
    Raises:
        InputError: vocabulary and index do not fit, a discount is outside (0, 1], or an unknown way of counting.
    Example:
        documents "abac" and "ab", context "ab", vocabulary a b c end. Before "ab" stands only the start, where a and
        where the end follows: k = 1 each; "b" has as many occurrences and is the same group. Before a there are 2
        tokens (start, b), before b 1, before c 1, before the end 2 (b, c). With d_0 = 1 and d_2 = 1/3:
        P_0(a) = (2 - 1.4)/6 + (1.4 + 1 + 1 + 1.4)/6 1/4 = 3/10, and P(a) = (1 - 1/3)/2 + (1/3 + 1/3)/2 3/10 = 13/30.
    Cost: log-probabilities take 0.7 microseconds a token, 1.3 where suffixes are met for the first time: these are read
        at each of their occurrences, so that one run of n equal tokens costs the square of n. All statistics take about
        10 microseconds a token at a vocabulary of 2,048 and 35 at 49,152; a full distribution costs the vocabulary.
    Source: theory.md M5; Liu et al. 2024, "Infini-gram" (arXiv 2401.17377); Kneser and Ney 1995 and Chen and Goodman
        1998 for the counts and discounts; Wood et al. 2009, "A stochastic memoizer for sequence data", for suffixes
        without a bound.
    Differs: Liu et al. answer with the raw counts of the longest suffix alone (`explain`); discounts are a closed form
        of the length, and every suffix counts neighbours, the longest one too. In runs of hundreds of equal tokens
        suffixes below a weight of 1e-200 are left out, and those beyond `suffix_chain.MOST_LONG` where the default
        discounts leave them no more.
    """

    def __init__(
        self,
        index: Index,
        *,
        vocabulary_size: int,
        end_id: int,
        name: str = "memorizer:infinigram",
        discounts: Floats | None = None,
        counting: Counting = "neighbours",
    ) -> None:
        if discounts is None:
            discounts = np.array([discount(length, unit=index.unit) for length in range(NUM_DISCOUNTS)])
        if discounts.size == 0 or not ((discounts > 0) & (discounts <= 1)).all() or counting not in get_args(Counting):
            raise InputError(
                "There is no such infinigram.",
                why=f"A discount takes a part of one count, in (0, 1]; counted are {' or '.join(get_args(Counting))}.",
                next_step="Correct the discounts or the way of counting.",
            )
        self._discounts = discounts
        self.counting = counting
        super().__init__(index, vocabulary_size=vocabulary_size, end_id=end_id, name=name)
        memo = empty_memo(index.alphabet_size, by_neighbours=counting == "neighbours")
        by_class = np.outer(discounts, CLASS_FACTORS)
        base = prepare_base(self._unigram(memo, by_class[0]))
        self._store = Store(index.sorted_text, memo, base, empty_row(vocabulary_size), by_class)

    def parameters(self) -> dict[str, float | str | list[float]]:
        """The discounts and what is counted."""
        return {"discounts": self._discounts.tolist(), "counting": self.counting}

    def _unigram(self, memo: Memo, discounts: Floats) -> Floats:
        found = count_unigrams(self.index.sorted_text, memo)
        counts = np.zeros(self.vocabulary_size)
        counts[: found.size - 1] = found[:-1]
        counts[self.end_id] += found[-1]
        kept = np.array([0.0, *discounts])[np.minimum(counts, 3).astype(np.int64)]
        if (total := counts.sum()) == 0:
            return np.full(self.vocabulary_size, 1.0 / self.vocabulary_size)
        return (counts - kept + kept.sum() / self.vocabulary_size) / total

    def _walk(self, capacity_tokens: int) -> "_Walk":
        return _Walk(self, capacity_tokens)

    def _statistics(self, token_ids: TokenIds) -> Floats:
        chain = empty_chain(token_ids.size)
        symbols = self.index.known_symbols(token_ids)
        return score_text(self._store, chain, symbols, token_ids.astype(np.int64), self.end_id)

    def _log_probabilities(self, token_ids: TokenIds) -> Floats:
        chain = empty_chain(token_ids.size)
        symbols = self.index.known_symbols(token_ids)
        return log_probabilities(self._store, chain, symbols, token_ids.astype(np.int64), self.end_id)

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
