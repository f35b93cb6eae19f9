"""An axis of the theory as an experiment from scratch: a value, as an audit is."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from byheart.core.audit import Profile
from byheart.core.codec import dumps
from byheart.core.evidence import Evidence
from byheart.core.progress import Progress
from byheart.core.provenance import SubjectProvenance


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Work that is done whole or not at all, and kept: one training."""

    key: str
    """Names it within the experiment; its random streams too."""
    steps: int
    """Gradient steps."""
    step_cost: float
    """Time of one of its steps, in any unit that is the same for all pieces."""

    @property
    def cost(self) -> float:
        """Time of the piece, in that unit."""
        return self.steps * self.step_cost


def seeds_counted(num_seeds: int) -> str:
    """How many seeds, in words: "1 seed", "5 seeds"."""
    return f"{num_seeds} seed{'' if num_seeds == 1 else 's'}"


def subject_of(name: str, role: str, size_bytes: int, numbers: object) -> SubjectProvenance:
    """A subject of an experiment, known by the numbers that it gave.

    Args:
        name: as in the results.
        role: as in `SubjectProvenance`.
        size_bytes: of what it stores.
        numbers: JSON values; the fingerprint changes with them.
    """
    digest = hashlib.blake2b(dumps([name, numbers]).encode(), digest_size=16).hexdigest()
    return SubjectProvenance(name=name, role=role, fingerprint=digest, access="weights", size_bytes=size_bytes)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A subject of the experiment and what came out about it."""

    subject: SubjectProvenance
    """Who; the model under test first."""
    evidence: tuple[Evidence, ...]
    """In the order of the page."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One experiment. Params are the axis's own; they have the fields num_seeds and num_steps."""

    name: str
    """As `byheart lab NAME`; the first part of its estimates' dotted names."""
    version: int
    """Raised whenever the statistic changes."""
    question: str
    """One sentence, as a user would ask it."""
    profiles: Mapping[Profile, Any]
    """Its Params for each profile."""
    method: Callable[[], dict[str, str]]
    """The six parts of its method, by heading."""
    title: Callable[[Any], str]
    """What is studied, in a few words, given Params."""
    pieces: Callable[[Any], Sequence[Piece]]
    """All its work, given Params."""
    seconds_per_cost: Callable[[Any], float]
    """Seconds of one unit of cost on this machine, measured on a few steps."""
    work: Callable[[Any, Piece, int, Progress], dict[str, Any]]
    """Does a piece: (params, piece, root seed, on_progress) -> JSON values; told steps of the piece."""
    findings: Callable[[Any, Mapping[str, dict[str, Any]]], Sequence[Finding]]
    """What the finished pieces say, by key."""
    scores: Callable[[Any, Mapping[str, dict[str, Any]]], list[dict[str, Any]]]
    """Rows of scores.parquet: every number that the evidence is computed from."""
    data: Callable[[Any], tuple[dict[str, str | int], dict[str, str | int]]]
    """What the subjects were trained on, and what they never saw, for the provenance."""
    notes: Callable[[Any], tuple[str, ...]]
    """What a reader must know of this very run."""
