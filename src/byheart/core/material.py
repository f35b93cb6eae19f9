"""What audits ask for (needs) and what the study hands them (inputs).

An audit declares needs; the study alone builds the material, asks each predictor once, and calls the audit with pure
data. So an audit can neither build a model nor open a path, and adding one touches no other file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from byheart.core.decoding import Decoding
from byheart.core.spans import Span
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import Floats, TokenIds


@dataclass(frozen=True, kw_only=True)
class WindowsNeed:
    """Fixed windows of trained-on text, and as many of held-out text, scored."""

    prefix_tokens: int = 50
    """Tokens given."""
    suffix_tokens: int = 50
    """Tokens to be predicted."""
    num_windows: int = 100
    """Base sample: windows of each side, at most one of a document, since windows of one are not independent."""
    num_per_stratum: int = 12
    """Windows of trained-on text to have at least in each stratum of occurrences, where there are so many."""
    strata: tuple[int, ...] = (1, 2, 4, 16, 64)
    """Lowest number of occurrences of each stratum, ascending from 1."""


@dataclass(frozen=True, kw_only=True)
class HeldOutNeed:
    """Pieces of held-out documents, scored by the subject and by the memorizers."""

    num_pieces: int = 100
    """Pieces in all: one of each document that is long enough, then a second; shorter documents only fill up."""
    context_tokens: int = 64
    """Tokens before the scored ones in each piece, where the document has them."""
    scored_tokens: int = 64
    """Tokens whose probability counts."""


@dataclass(frozen=True, kw_only=True)
class ContinuationsNeed:
    """Prompts from held-out documents, continued by the subject and as the human author continued them."""

    num_prompts: int = 48
    """Prompts, at most one overlap-free piece per prompt."""
    prompt_tokens: int = 32
    """Tokens given."""
    num_tokens: int = 64
    """Tokens to write."""
    temperature: float = 1.0
    """Of the sampling."""
    top_k: int | None = 40
    """Of the sampling."""

    @property
    def decoding(self) -> Decoding:
        """How tokens are drawn."""
        return Decoding(temperature=self.temperature, top_k=self.top_k)


Need = WindowsNeed | HeldOutNeed | ContinuationsNeed


@dataclass(frozen=True, kw_only=True)
class Window:
    """A scored window."""

    role: Literal["member", "control"]
    """Trained-on text, or held-out text."""
    document: str
    """Name of the document it was cut from, untrusted."""
    span: Span
    """Bytes of that document."""
    num_occurrences: int
    """How often the whole window stands in the trained-on corpus, exactly."""
    in_base_sample: bool
    """Drawn uniformly over distinct windows (headline rates), or only to fill a stratum."""
    prefix: TokenIds
    """Tokens given, shape [prefix_tokens]."""
    suffix: TokenScores
    """Of the tokens after them."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """How one predictor did on the scored tokens of a piece."""

    log_probability_nats: Floats
    """nats, shape [scored tokens]; of the token that stands there."""
    is_argmax: npt.NDArray[np.bool_]
    """Whether that token was the most probable one, shape [scored tokens]."""
    abstains: npt.NDArray[np.bool_] | None = None
    """Whether it had no answer of its own, shape [scored tokens]; None for what is no memorizer."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A scored piece of a held-out document."""

    document: str
    """Name of its document, untrusted; the cluster of the bootstrap."""
    num_bytes: int
    """Bytes of the scored tokens."""
    subject: Prediction
    """By the subject."""
    memorizers: Mapping[str, Prediction]
    """By each memorizer of the trained-on text, by name."""


@dataclass(frozen=True, kw_only=True)
class MixtureWeights:
    """How the mixture of memorizers weighs its members, by the length of the longest match."""

    members: tuple[str, ...]
    """Names of the members, shape [num_members]."""
    bucket_starts: tuple[int, ...]
    """tokens, shape [num_buckets]; the shortest match of each bucket, ascending."""
    calibration_tokens: tuple[int, ...]
    """tokens that the weights of each bucket were fitted on, shape [num_buckets]."""
    weights: tuple[tuple[float, ...], ...]
    """Shares that sum to 1 in each bucket, shape [num_buckets, num_members]."""


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """A text beside the trained-on corpus."""

    prompt_index: int
    """Which prompt it continues; equal indices are paired."""
    document: str
    """Name of the document of the prompt, untrusted."""
    token_ids: TokenIds
    """shape [num_tokens]."""
    longest_match_tokens: npt.NDArray[np.int64]
    """shape [num_tokens]; length of the longest run starting at each token that occurs in the trained-on corpus."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Everything an audit may see of one subject."""

    subject: str
    """Name of the subject."""
    decode: Callable[[TokenIds], str]
    """Token ids to text, for exhibits."""
    windows: tuple[Window, ...] = ()
    """Present when a WindowsNeed was declared."""
    pieces: tuple[Piece, ...] = ()
    """Present when a HeldOutNeed was declared."""
    continuations: tuple[Continuation, ...] = ()
    """By the subject; present when a ContinuationsNeed was declared."""
    human: tuple[Continuation, ...] = ()
    """By the authors of the prompts' documents; present with `continuations`."""
    sizes_bytes: Mapping[str, int | None] = field(default_factory=dict)
    """Bytes that the subject and each memorizer store, by name, None where nobody outside knows; present with
    `pieces`."""
    mixture: MixtureWeights | None = None
    """Of the mixture among the memorizers; present with `pieces` where there is one."""
