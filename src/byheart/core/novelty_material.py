"""What the audit of novelty sees beside the continuations: where their prompts stand, and what others wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byheart.core.material import Continuation


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a prompt stands in its document."""

    longest_copy_tokens: int
    """Longest run of the whole document that occurs in the trained-on corpus."""
    code_before: str | None
    """Python code that ends where the prompt ends, as much of it as decides whether what follows parses, untrusted;
    None where the document is no Python code, or the prompt ends inside a string, a docstring or a comment."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Another subject of the study."""

    role: str
    """As in the study."""
    continuations: "tuple[Continuation, ...]"
    """Of the same prompts."""


@dataclass(frozen=True, kw_only=True)
class NoveltyMaterial:
    """Present with continuations."""

    places: tuple[Place, ...]
    """By prompt index."""
    writers: Mapping[str, Writer] = field(default_factory=dict)
    """The other subjects that wrote, by name; of the model under test only."""
