"""Per-token sufficient statistics of one text under one predictor.

Score once, analyse many: these eight numbers per token answer every likelihood audit, so a text is run through a
model once and logits never leave the scoring pass. A model behind an endpoint may say less: then columns are absent,
and reading one is an error, never a number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import CapabilityError, InputError, NumericalError

Array = TypeVar("Array")

TOP_K = 40
"""The k of `log_top_k_mass_nats`: the decoding under which extraction is defined (Hayes et al. 2410.19482)."""


class Column(Generic[Array]):
    """A field of TokenScores that a predictor may leave out, by None."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> None: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Array: ...

    def __get__(self, instance: object | None, owner: type) -> Array | None:
        if instance is None:
            return None  # the default of the field
        array: Array | None = instance.__dict__[self._name]
        if array is None:
            raise CapabilityError(
                f"{self._name} is not known of these tokens.",
                why="The predictor shows only some of its probabilities.",
                next_step="Ask for what it shows, or audit a model whose weights are here.",
            )
        return array

    def __set__(self, instance: object, array: Array | None) -> None:
        instance.__dict__[self._name] = array


@dataclass(frozen=True, kw_only=True)
class TokenScores:
    """What a predictor said about each token given the tokens before it. All arrays have shape [num_tokens].

    Reading a column that the predictor left out raises CapabilityError; `knows` tells.
    """

    token_ids: TokenIds
    """The text itself."""
    log_probability_nats: Floats
    """nats; log P(token given its past), <= 0. Never called a probability."""
    rank: npt.NDArray[np.int32]
    """1-based place by decreasing probability, ties by increasing id: 1 if and only if the token is the arg-max."""
    ranked_tokens: int | None = None
    """Ranks are exact up to here, and every greater one is given as one more; None: all are exact."""
    argmax_id: Column[TokenIds] = Column()
    """The most probable token, the smallest id among equals."""
    argmax_log_probability_nats: Floats
    """nats; log-probability of that token."""
    entropy_nats: Column[Floats] = Column()
    """nats; - sum_w P(w) log P(w)."""
    log_probability_variance_nats2: Column[Floats] = Column()
    """nats squared; variance of log P(w) for w drawn from P."""
    log_top_k_mass_nats: Column[Floats] = Column()
    """nats; log of the probability of the TOP_K most probable tokens together."""

    def __post_init__(self) -> None:
        shape = self.token_ids.shape
        for name, array in self.arrays():
            if array.shape != shape or len(shape) != 1:
                raise InputError(
                    "All arrays of TokenScores must have the shape [num_tokens].",
                    why=f"{name} has shape {array.shape}, token_ids {shape}.",
                    next_step="Score each text by itself.",
                )
            is_finite = np.isfinite(array.astype(np.float64))
            if not is_finite.all():
                raise NumericalError(
                    f"A predictor gave a {name} that is not finite.",
                    why=f"First at token {int(np.flatnonzero(~is_finite)[0])}.",
                    next_step="Predictors must give every token a positive probability.",
                )

    def knows(self, column: str) -> bool:
        """Whether the predictor gave that column."""
        return self.__dict__[column] is not None

    @property
    def knows_top_k(self) -> bool:
        """Whether `top_k_log_probability_nats` can be told."""
        return self.knows("log_top_k_mass_nats") and (self.ranked_tokens is None or self.ranked_tokens >= TOP_K)

    def __len__(self) -> int:
        return int(self.token_ids.size)

    @property
    def mean_log_probability_nats(self) -> Floats:
        """nats; mean of log P(w) for w drawn from P: the negative entropy."""
        return -self.entropy_nats

    @property
    def is_argmax(self) -> npt.NDArray[np.bool_]:
        """Whether each token is the predictor's most probable one."""
        return self.rank == 1

    @property
    def top_k_log_probability_nats(self) -> Floats:
        """nats; log-probability after top-k renormalisation at temperature 1; -inf where the token is not among the k.

        Definition:
            log P(token) - log(mass of the TOP_K most probable) if rank <= TOP_K, else log 0
        Raises:
            CapabilityError: fewer than the TOP_K most probable tokens are known.
        Source: Hayes et al. 2024, "Measuring memorization through probabilistic discoverable extraction" (2410.19482).
        """
        inside = self.log_probability_nats - self.log_top_k_mass_nats
        return np.where(self.rank <= TOP_K, np.minimum(inside, 0.0), -np.inf)

    def slice(self, start: int, stop: int) -> "TokenScores":
        """The scores of tokens start..stop-1, unchanged."""
        parts: dict[str, Any] = {name: array[start:stop] for name, array in self.arrays()}
        return TokenScores(ranked_tokens=self.ranked_tokens, **parts)

    def arrays(self) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
        """Names and arrays that are known, in declaration order."""
        for field in fields(self):
            array = self.__dict__[field.name]
            if isinstance(array, np.ndarray):
                yield field.name, array


def token_scores(token_ids: TokenIds, log_probabilities_nats: Floats) -> TokenScores:
    """The statistics of a text from the full distributions: the definition that every fast pass must equal.

    Args:
        token_ids: shape [num_tokens].
        log_probabilities_nats: shape [num_tokens, vocabulary]; row t is the distribution of token t given its past.
    Returns:
        the statistics.
    Source: protocols.md, 'Score once, analyse many'.
    Differs: nothing.
    """
    logs = np.asarray(log_probabilities_nats, dtype=np.float64)
    rows = np.arange(token_ids.size)
    probabilities = np.exp(logs)
    own = logs[rows, token_ids]
    ids = np.arange(logs.shape[1])
    before = (logs > own[:, None]) | ((logs == own[:, None]) & (ids[None, :] < token_ids[:, None]))
    argmax = logs.argmax(axis=1)
    mean = (probabilities * logs).sum(axis=1)
    second = (probabilities * (logs - mean[:, None]) ** 2).sum(axis=1)
    k = min(TOP_K, logs.shape[1])
    top = np.partition(probabilities, logs.shape[1] - k, axis=1)[:, logs.shape[1] - k :]
    return TokenScores(
        token_ids=token_ids.astype(np.int32),
        log_probability_nats=own,
        rank=(1 + before.sum(axis=1)).astype(np.int32),
        argmax_id=argmax.astype(np.int32),
        argmax_log_probability_nats=logs[rows, argmax],
        entropy_nats=np.maximum(-mean, 0.0),
        log_probability_variance_nats2=second,
        log_top_k_mass_nats=np.minimum(np.log(top.sum(axis=1)), 0.0),
    )
