"""What predictors say of texts that follow a rule of their own: the material of the context axis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RepeatedTokens:
    """Random tokens twice in a row, and before other random tokens: N sequences of T tokens."""

    first: Mapping[str, Floats]
    """nats, shape [N, T]; log-probability of each token where it stands first, by predictor."""
    again: Mapping[str, Floats]
    """nats, shape [N, T]; of the same tokens where they come again."""
    other: Mapping[str, Floats]
    """nats, shape [N, T]; of other random tokens in that place."""


@dataclass(frozen=True, kw_only=True)
class RuledPrompts:
    """N prompts of T tokens drawn by a rule that is each prompt's own, and the same tokens in random order."""

    num_symbols: int
    """k: different tokens of a prompt, at most."""
    symbols: Integers
    """Numbers 0..k-1 of the tokens within their prompt, shape [N, T]."""
    rows: Floats
    """What each token was drawn from, shape [N, T, k]."""
    shuffled: Integers
    """The numbers in random order, shape [N, T]."""
    ruled_nats: Mapping[str, Floats]
    """nats, shape [N, T]; log-probability, over the whole vocabulary, of each token, by predictor."""
    shuffled_nats: Mapping[str, Floats]
    """nats, shape [N, T]; of each token in random order."""


@dataclass(frozen=True, kw_only=True)
class LabelPrompts:
    """N prompts that show k classes by examples under labels without a meaning, and under labels dealt at random."""

    right: Integers
    """Number of the right label, shape [N]."""
    ruled_nats: Mapping[str, Floats]
    """nats, shape [N, k]; log-probability of each label after the prompt, by predictor."""
    dealt_nats: Mapping[str, Floats]
    """nats, shape [N, k]; where the labels of the examples were dealt at random."""
    copied: Integers
    """Number of the label that follows the longest part of the prompt that ends like it, -1 where none does, shape [N].
    """
    copied_dealt: Integers
    """Likewise where the labels were dealt at random, shape [N]."""


@dataclass(frozen=True, kw_only=True)
class ContextAnswers:
    """What one subject and everyone beside it say; None where it was not asked."""

    names: tuple[str, ...]
    """The subject first, then memorizers and poles."""
    repeated: RepeatedTokens | None = None
    """Present when a RepeatedTokensNeed was served."""
    chains: RuledPrompts | None = None
    """Present when a ChainsNeed was served."""
    languages: RuledPrompts | None = None
    """Present when a LanguagesNeed was served."""
    labels: LabelPrompts | None = None
    """Present when a LabelsNeed was served."""
