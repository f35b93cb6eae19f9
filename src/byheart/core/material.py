"""What the study hands to audits: the answers to their needs (core/needs.py)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from byheart.core.adaptation_material import Copies
from byheart.core.complexity_material import LayeredWindow
from byheart.core.context_material import ContextAnswers
from byheart.core.explanation import Answers
from byheart.core.interpolation_material import DamagedWindow, Path
from byheart.core.needs import (
    Need,
)
from byheart.core.novelty_material import NoveltyMaterial
from byheart.core.spans import Span
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import Floats, TokenIds


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """What others say of the scored tokens of a window: who may explain a subject, and the yardsticks beside it."""

    answers: Answers
    """The most probable token of each memorizer of each rung that there is, shape [suffix_tokens] each; the copy in the
    prompt is not among them."""
    mixture_nats: Floats | None = None
    """nats; log-probability of the suffix under the mixture of memorizers, shape [suffix_tokens]; None without one."""
    unrelated: TokenIds | None = None
    """The most probable token of a predictor that never saw the trained-on text, shape [suffix_tokens]; None of that
    predictor's own windows."""


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
    num_given_bytes: int = 0
    """Bytes of `span` that stand before the suffix."""
    ladder: Ladder | None = None
    """What the memorizers and the blind pole say of the same tokens; None where the study has none."""


@dataclass(frozen=True, kw_only=True)
class ComparedWindow:
    """A window of the base sample beside what it is compared with. What was not or cannot be asked is None."""

    window: Window
    """As the subject scored it."""
    lowercase: Floats | None = None
    """nats, shape [num_tokens >= 1]; log-probability by the subject of each token of the suffix in lower case, given
    the prefix in lower case."""
    reference: Floats | None = None
    """nats, shape [suffix_tokens]; log-probability of each token of the suffix by the reference."""
    mixture: Floats | None = None
    """nats, shape [suffix_tokens]; likewise by the mixture of memorizers of the trained-on text."""


@dataclass(frozen=True, kw_only=True)
class WrittenWindow:
    """What stands after a prefix, and what the subject wrote there instead."""

    role: Literal["member", "control"]
    """Trained-on text, or held-out text."""
    document: str
    """Name of the document it was cut from, untrusted."""
    span: Span
    """Bytes of that document, prefix and suffix."""
    suffix: TokenIds
    """What stands there, shape [suffix_tokens]."""
    written: TokenIds
    """What the subject wrote, greedily, shape [at most suffix_tokens]; shorter where it ended the document."""


@dataclass(frozen=True, kw_only=True)
class SearchedWindow:
    """How probable it is to write the suffix of a window, and to write nearly it."""

    role: Literal["member", "control"]
    """Trained-on text, or held-out text."""
    document: str
    """Name of the document it was cut from, untrusted."""
    span: Span
    """Bytes of that document, prefix and suffix."""
    verbatim: float
    """Probability of the suffix itself: p_z; 0 where the search was given up."""
    mass: float
    """Probability of everything near it that was found: a lower bound, >= verbatim; 0 likewise."""
    num_texts: int
    """Texts found, all different."""
    is_whole: bool
    """Whether nothing was left out, so that `mass` is no bound but the number itself."""


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
    copies: Copies | None = None
    """What of it the trained-on corpus holds in long runs; None where nobody looked."""


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
class ScoredCanary:
    """Two twins that begin alike, one of them planted by coin flip, and others that might have been."""

    name: str
    """Of the pair."""
    kind: str
    """How its secrets look, for example "template"."""
    hint: str
    """First characters of both twins: nothing of a secret."""
    repetitions: int
    """Copies of the planted one."""
    entropy_bits: float
    """log2 of the number of secrets that might have been, all equally likely."""
    planted_nats: float
    """nats, <= 0; log-probability of the planted secret given what all begin with."""
    twin_nats: float
    """nats, <= 0; of its twin."""
    others_nats: Floats
    """nats, <= 0, shape [num_others]; of secrets that are neither."""
    is_whole_space: bool
    """Whether the twins and the others are all that might have been."""
    num_planted_found: int
    """How often the planted text stands in the trained-on text as it was given."""
    num_twin_found: int
    """How often its twin does; anything but 0 contradicts the list."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Everything an audit may see of one subject."""

    subject: str
    """Name of the subject."""
    decode: Callable[[TokenIds], str]
    """Token ids to text, for exhibits."""
    windows: tuple[Window, ...] = ()
    """Present when a WindowsNeed was declared."""
    document_bytes: Mapping[str, int] = field(default_factory=dict)
    """Bytes of each trained-on document that a window comes from, by name; present with `windows`."""
    compared: tuple[ComparedWindow, ...] = ()
    """The base sample of `windows`; present when a ComparedWindowsNeed was declared."""
    reference: str | None = None
    """Name of the reference: a predictor that is another than the subject and has not seen what is asked about."""
    behind_unrelated: tuple[Window, ...] = ()
    """Windows of `windows`, by document and span, each behind several prefixes that are not its own; present when an
    UnrelatedPrefixesNeed was declared."""
    prefix_sweep: tuple[Window, ...] = ()
    """The same suffixes after prefixes of several lengths; present when a PrefixSweepNeed was declared."""
    written: tuple[WrittenWindow, ...] = ()
    """Present when a WrittenWindowsNeed was declared."""
    searched: tuple[SearchedWindow, ...] = ()
    """Present when a NearMassNeed was declared."""
    pieces: tuple[Piece, ...] = ()
    """Present when a HeldOutNeed was declared."""
    continuations: tuple[Continuation, ...] = ()
    """By the subject; present when a ContinuationsNeed was declared."""
    human: tuple[Continuation, ...] = ()
    """By the authors of the prompts' documents; present with `continuations`."""
    novelty: NoveltyMaterial | None = None
    """Present with `continuations`."""
    tempered: Mapping[float, tuple[Continuation, ...]] = field(default_factory=dict)
    """By the subject, some of the same prompts at other temperatures; present where a TemperatureNeed was declared."""
    attacked: tuple[Continuation, ...] = ()
    """By the subject, after prompts from trained-on documents; present when a SeenPromptsNeed was declared."""
    sizes_bytes: Mapping[str, int | None] = field(default_factory=dict)
    """Bytes that the subject and each memorizer store, by name, None where nobody outside knows; present with
    `pieces`."""
    canaries: tuple[ScoredCanary, ...] = ()
    """Present when a CanariesNeed was declared."""
    context: ContextAnswers | None = None
    """Present when a need of the context audit was served."""
    layered: tuple[LayeredWindow, ...] = ()
    """Present when a LayersNeed was declared."""
    mixture: MixtureWeights | None = None
    """Of the mixture among the memorizers; present with `pieces` where there is one."""
    paths: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Of everyone who was asked, by name, the subject, its `UNTRAINED` and its `SHUFFLED` control among them; present
    when a PathsNeed was declared."""
    damaged: Mapping[str, tuple[DamagedWindow, ...]] = field(default_factory=dict)
    """Of everyone who was asked, by name; present when a DamageNeed was declared."""
    lacking: Mapping[Need, str] = field(default_factory=dict)
    """Why there is no material for a need; only of audits that do with some of their needs."""
