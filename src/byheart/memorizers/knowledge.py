"""M4 `knowledge`: a lookup table of all contexts of a few lengths."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.layout import Unit
from byheart.index.searching.search import Query
from byheart.memorizers.base_distribution import uniform_base
from byheart.memorizers.continuations import empty_memo
from byheart.memorizers.memorizer import Matches, Memorizer
from byheart.memorizers.sparse_row import empty_row
from byheart.memorizers.stored_contexts import Store, find_answers, log_probabilities, score_text, write, write_rows

CONTEXT_LENGTHS: Mapping[Unit, Sequence[int]] = {"tokens": (16, 8, 2), "bytes": (48, 24, 4)}
"""Symbols; chosen on held-out text of the standard library, notebook/2026-11-24-infinigram-strength.md."""
_SYMBOLS_PER_TOKEN: Mapping[Unit, int] = {"tokens": 1, "bytes": 3}
_COPIED_TOKENS = 16


def pseudo_count(length: int, *, unit: Unit = "tokens") -> float:
    """How many occurrences of a context the uniform distribution counts for: many after a short one.

    Definition:
        120 t^-2.4 below 16 tokens t, 0.0001 from 16 on, where a match is a copy: 50 tokens keep 0.9999^50 > 0.995
    Args:
        length: of the context in symbols of the index, >= 1.
        unit: what a symbol is; three bytes count for a token.
    Returns:
        occurrences, > 0.
    Source: chosen on held-out text of the standard library, notebook/2026-11-24-infinigram-strength.md.
    Differs: nothing.
    """
    num_tokens = length / _SYMBOLS_PER_TOKEN[unit]
    return 1e-4 if num_tokens >= _COPIED_TOKENS else 120.0 * num_tokens**-2.4


class Knowledge(Memorizer):
    """The finite set K of (context, continuation): answers inside K, abstains outside.

    Definition:
        P(x) = (c(x) + a / V) / (N + a), where c(x) counts x after the last n tokens, N is how often these occur,
        a = `pseudo_count(n)`, and n the largest of `context_lengths` with N > 0; 1 / V (an abstention) without one
    Args:
        index: the corpus; a memorizer knows nothing else.
        vocabulary_size: V; token ids are 0..V-1.
        end_id: token for the end of a document.
        context_lengths: symbols, >= 1 each, in any order; CONTEXT_LENGTHS of the index's unit by default.
        name: how the report calls it.
    Raises:
        InputError: vocabulary and index do not fit, or there is no context length or one below 1.
    Example:
        documents "abac" and "ab", context_lengths (2, 1), V = 4. Context "ab": it is followed by a and by the end once
        each and a = 120 2^-2.4, so P(a) = (1 + a/4)/(2 + a). Context "bb" does not occur, but "b" does, with the same
        continuations, and a = 120. After "d" it abstains.
    Cost: one search for each length until one is found, and one for the count: about 1 microsecond a token.
    Source: theory.md M4; Cestnik 1990, "Estimating probabilities: a crucial task in machine learning".
    Differs: abstaining is the uniform distribution, and a part of it is in every answer, since log 0 is not a number.
    """

    def __init__(
        self,
        index: Index,
        *,
        vocabulary_size: int,
        end_id: int,
        context_lengths: Sequence[int] | None = None,
        name: str = "memorizer:knowledge",
    ) -> None:
        lengths = sorted(set(CONTEXT_LENGTHS[index.unit] if context_lengths is None else context_lengths), reverse=True)
        if not lengths or lengths[-1] < 1:
            raise InputError(
                "A lookup table needs a context.",
                why=f"context_lengths are {lengths}.",
                next_step="Choose one length or more, each of at least 1 symbol.",
            )
        self.context_lengths = tuple(lengths)
        """Symbols, descending."""
        super().__init__(index, vocabulary_size=vocabulary_size, end_id=end_id, name=name)
        pseudo_counts = np.zeros(lengths[0] + 1)
        pseudo_counts[lengths] = [pseudo_count(length, unit=index.unit) for length in lengths]
        self._store = Store(
            index.sorted_text,
            empty_memo(index.alphabet_size),
            uniform_base(vocabulary_size),
            empty_row(vocabulary_size),
            np.array(lengths, dtype=np.int64),
            pseudo_counts,
        )

    def parameters(self) -> dict[str, float | list[float]]:
        """The context lengths and their pseudo-counts."""
        counts = [pseudo_count(length, unit=self.index.unit) for length in self.context_lengths]
        return {"context_lengths": list(self.context_lengths), "pseudo_counts": counts}

    def abstains(self, context: TokenIds) -> bool:
        """Whether no context of any length in K ends here.

        Args:
            context: token ids, shape [num_tokens].
        """
        self._check(context)
        symbols = self.index.known_symbols(context)
        return not find_answers(self._store, symbols, symbols.size, symbols.size + 1).lengths[0]

    def matches(self, token_ids: TokenIds) -> Matches:
        """The length of the context that answered and how often it occurs, zeros for an abstention.

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        self._check(token_ids)
        lengths, lows, highs = find_answers(self._store, self.index.known_symbols(token_ids), 0, token_ids.size)
        return Matches(lengths, highs - lows)

    def abstentions(self, token_ids: TokenIds) -> npt.NDArray[np.bool_]:
        """Where no context of any length in K stands before the token, shape [num_tokens].

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        return self.matches(token_ids).lengths_tokens == 0

    def _walk(self, capacity_tokens: int) -> "_Walk":
        return _Walk(self)

    def _statistics(self, token_ids: TokenIds) -> Floats:
        return score_text(self._store, *self._asked(token_ids), self.end_id)

    def _log_probabilities(self, token_ids: TokenIds) -> Floats:
        return log_probabilities(self._store, *self._asked(token_ids), self.end_id)

    def _asked(self, token_ids: TokenIds) -> tuple[Query, Query]:
        return self.index.known_symbols(token_ids), token_ids.astype(np.int64)


class _Walk:
    """The last tokens of a context."""

    def __init__(self, memorizer: Knowledge) -> None:
        self._memorizer = memorizer
        self._symbols = np.empty(0, dtype=np.int64)

    def read(self, token_ids: TokenIds) -> None:
        self._keep(self._with(token_ids))

    def write(self, out: Floats) -> None:
        write(self._memorizer._store, self._symbols, self._memorizer.end_id, out)

    def write_rows(self, token_ids: TokenIds, out: Floats) -> None:
        symbols = self._with(token_ids)
        write_rows(self._memorizer._store, symbols, self._symbols.size, self._memorizer.end_id, out)
        self._keep(symbols)

    def _with(self, token_ids: TokenIds) -> Query:
        return np.concatenate([self._symbols, self._memorizer.index.known_symbols(token_ids)])

    def _keep(self, symbols: Query) -> None:
        self._symbols = symbols[max(symbols.size - self._memorizer.context_lengths[0], 0) :]
