"""What audits ask for.

An audit declares needs; the study alone builds the material (core/material.py), asks each predictor once, and calls the
audit with pure data. So an audit can neither build a model nor open a path, and adding one touches no other file.
"""

from dataclasses import dataclass

from byheart.core.context_needs import ContextNeed
from byheart.core.decoding import GREEDY, Decoding
from byheart.core.token_scores import TOP_K


@dataclass(frozen=True, kw_only=True)
class WindowsNeed:
    """Fixed windows of trained-on text, and as many of held-out text, scored."""

    prefix_tokens: int = 50
    """Tokens given."""
    suffix_tokens: int = 50
    """Tokens to be predicted."""
    num_windows: int = 100
    """Base sample: windows of each side, at most one of a document and its copies, which are not independent."""
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


@dataclass(frozen=True, kw_only=True)
class TemperatureNeed:
    """The first prompts of a ContinuationsNeed, continued at another temperature."""

    continuations: ContinuationsNeed
    """The rule of all else, and the very same prompts."""
    temperature: float
    """Of the sampling."""
    num_prompts: int
    """Of them, at most."""

    @property
    def decoding(self) -> Decoding:
        """How tokens are drawn."""
        return Decoding(temperature=self.temperature, top_k=self.continuations.top_k)

    @property
    def num_tokens(self) -> int:
        """Tokens to write."""
        return self.continuations.num_tokens


@dataclass(frozen=True, kw_only=True)
class SeenPromptsNeed:
    """Prompts from trained-on documents, continued by the rule by which prompts from held-out documents are."""

    continuations: ContinuationsNeed
    """The rule: tokens given and written, and how they are drawn."""
    num_prompts: int = 48
    """Prompts, all different, at most one of a document."""

    @property
    def decoding(self) -> Decoding:
        """How tokens are drawn."""
        return self.continuations.decoding

    @property
    def num_tokens(self) -> int:
        """Tokens to write."""
        return self.continuations.num_tokens


@dataclass(frozen=True, kw_only=True)
class CanariesNeed:
    """Planted secrets, their unplanted twins and others that might have been, scored."""

    num_candidates: int = 63
    """Other secrets of the same space beside each pair, drawn at random."""
    max_enumerated: int = 0
    """Spaces of at most so many secrets are scored whole."""
    max_tokens: int = 64
    """Longest canary."""


@dataclass(frozen=True, kw_only=True)
class ComparedWindowsNeed:
    """What the base sample of some windows is compared with: itself in lower case, and other predictors' scores of it.

    An audit that declares it declares the same windows as a need of their own; an equal need is asked once, whoever
    else declares it.
    """

    windows: WindowsNeed
    """Which windows."""


@dataclass(frozen=True, kw_only=True)
class WrittenWindowsNeed:
    """What the subject writes greedily after the prefixes of windows that are cut for another need."""

    windows: WindowsNeed
    """How they are cut: the very same windows."""
    num_windows: int = 20
    """Of the base sample of each side, drawn."""

    @property
    def decoding(self) -> Decoding:
        """How tokens are drawn."""
        return GREEDY

    @property
    def num_tokens(self) -> int:
        """Tokens to write."""
        return self.windows.suffix_tokens


@dataclass(frozen=True, kw_only=True)
class NearMassNeed:
    """How probable it is to write nearly the suffix of windows that are cut for another need, searched by a beam."""

    windows: WindowsNeed
    """How they are cut: the very same windows."""
    num_windows: int = 10
    """Of the base sample of each side, drawn."""
    beam_width: int = 8
    """Beginnings that are followed at a time."""
    share: float = 0.1
    """Largest normalised edit distance that counts as near."""
    least: float = 1e-9
    """A smaller mass counts as 0, so that most of what is not known is given up after a few tokens."""

    @property
    def decoding(self) -> Decoding:
        """How tokens are drawn: as p_z has it."""
        return Decoding(temperature=1.0, top_k=TOP_K)

    @property
    def at_most(self) -> int:
        """Largest edit distance that counts as near, tokens."""
        return int(self.share * self.windows.suffix_tokens + 1e-9)

    @property
    def num_read_tokens(self) -> int:
        """Tokens of all contexts that a subject reads, at most."""
        given, length = self.windows.prefix_tokens, self.windows.suffix_tokens
        each = given + self.beam_width * sum(given + written for written in range(1, length))
        return 2 * self.num_windows * each


@dataclass(frozen=True, kw_only=True)
class UnrelatedPrefixesNeed:
    """The suffixes of windows that are cut for another need, scored behind prefixes of held-out documents."""

    windows: WindowsNeed
    """How they are cut: the very same windows of trained-on text."""
    num_windows: int = 20
    """Drawn from the base sample, and as many from those that fill strata."""
    num_prefixes: int = 3
    """Prefixes, the same for every window, of different documents where there are so many."""


@dataclass(frozen=True, kw_only=True)
class PrefixSweepNeed:
    """The same suffixes, scored after more and after fewer of the tokens that stand before them."""

    prefixes_tokens: tuple[int, ...] = (25, 50, 100)
    """Tokens given, ascending."""
    suffix_tokens: int = 50
    """Tokens to be predicted."""
    num_windows: int = 12
    """Windows of each side, at most one of a document."""

    @property
    def windows(self) -> WindowsNeed:
        """The longest windows."""
        return WindowsNeed(
            prefix_tokens=self.prefixes_tokens[-1],
            suffix_tokens=self.suffix_tokens,
            num_windows=self.num_windows,
            num_per_stratum=0,
        )


@dataclass(frozen=True, kw_only=True)
class PathsNeed:
    """Pairs of contexts of held-out documents, and what is answered on the line between them."""

    num_pairs: int = 24
    """Pairs; each document is in pairs with one other document only."""
    context_tokens: int = 16
    """Tokens of each context."""
    num_points: int = 65
    """Points of the grid between the two, both ends among them."""
    num_control_pairs: int = 8
    """Pairs that the untrained network and the one with shuffled embeddings are asked about."""
    num_expanded: int = 12
    """Pairs of which the first two derivatives along the line are computed."""


@dataclass(frozen=True, kw_only=True)
class DamageNeed:
    """Contexts of both sides, as they are and with some of their tokens replaced."""

    context_tokens: int = 50
    """Tokens of each context; any of them may be replaced."""
    num_damaged: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    """Tokens that are replaced, ascending; those of a smaller number are among those of a larger."""
    num_windows: int = 16
    """Contexts of each side, at most one of a document."""

    @property
    def windows(self) -> WindowsNeed:
        """How they are cut: as the windows of any audit, the token that follows included."""
        return WindowsNeed(
            prefix_tokens=self.context_tokens, suffix_tokens=1, num_windows=self.num_windows, num_per_stratum=0
        )


@dataclass(frozen=True, kw_only=True)
class LayersNeed:
    """In which layer the predictions of the tokens of windows form; cut as a WindowsNeed of that value is."""

    windows: WindowsNeed
    """How they are cut; only the base sample is asked."""


WritingNeed = ContinuationsNeed | TemperatureNeed | SeenPromptsNeed | WrittenWindowsNeed
"""Served by writing; a NearMassNeed and a DamageNeed by next-token distributions, a PathsNeed by these or by
embeddings, a LayersNeed by the states between layers; every other need by scoring."""
Need = (
    WindowsNeed
    | ComparedWindowsNeed
    | HeldOutNeed
    | UnrelatedPrefixesNeed
    | PrefixSweepNeed
    | NearMassNeed
    | CanariesNeed
    | ContextNeed
    | PathsNeed
    | DamageNeed
    | LayersNeed
    | WritingNeed
)
