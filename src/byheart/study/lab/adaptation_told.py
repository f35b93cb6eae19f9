"""A count table that is told where to look: the declared ceiling of made text, and none of the six memorizers."""

from collections.abc import Sequence

import numpy as np

from byheart.core.tokens import Floats, TokenIds

_SMOOTHING = 0.25
"""Counts that every symbol begins with, on average."""


class GappedTable:
    """P(token given the one `gap` places before), counted: a DNF of one gapped literal and constants.

    Definition:
        P(y | v) = (c(v, y) + s V u(y)) / (c(v) + s V), v the token `gap` places before; u(y) where there is none.
        c: pairs of the counted documents; u: how often each token stands in them and in the older ones, one added to
        each; s = 0.25
    Args:
        counted: documents whose pairs are counted, none across a border.
        older: documents that only say how often each token stands by itself.
        gap: places, at least 1.
        vocabulary_size: V.
    Source: theory.md M2, a gapped literal [x_{t - gap} = v]; additive smoothing.
    Differs: the gap is given, not learned, so that it says what a table of the right form holds, not what a memorizer
        of the corpus finds.
    """

    def __init__(
        self, counted: Sequence[TokenIds], older: Sequence[TokenIds], *, gap: int, vocabulary_size: int
    ) -> None:
        self._gap = gap
        alone = np.bincount(np.concatenate([*counted, *older]), minlength=vocabulary_size) + 1.0
        pairs = np.zeros((vocabulary_size, vocabulary_size))
        for document in counted:
            np.add.at(pairs, (document[:-gap], document[gap:]), 1.0)
        share = alone / alone.sum()
        strength = _SMOOTHING * vocabulary_size
        table = (pairs + strength * share) / (pairs.sum(axis=1, keepdims=True) + strength)
        self._logs, self._logs_alone = np.log(table), np.log(share)
        self.size_bytes = self._logs.nbytes + self._logs_alone.nbytes

    def log_probabilities_nats(self, token_ids: TokenIds) -> Floats:
        """Of each token, shape [num_tokens]."""
        first = self._logs_alone[token_ids[: self._gap]]
        return np.concatenate([first, self._logs[token_ids[: -self._gap], token_ids[self._gap :]]])
