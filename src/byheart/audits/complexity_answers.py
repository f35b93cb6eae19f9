"""The material of A4's experiment: who answered which cases rightly, arranged by subject, task and seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Marks = npt.NDArray[np.bool_]
TASKS = ("addition", "dyck", "parity", "arithmetic", "composition")
"""In the order of the page."""
IN_WORDS = {
    "addition": "modular addition on never-seen pairs",
    "dyck": "Dyck-2 beyond the trained depth",
    "parity": "parity beyond the trained length",
    "arithmetic": "modular arithmetic beyond the trained length",
    "composition": "commands with a pair that was never together",
}
MODEL, LOOKUP, BLIND = "transformer", "lookup:table", "blind:untrained"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One predictor after one training on one task."""

    subject: str
    """Who."""
    task: str
    """Of TASKS."""
    seed_index: int
    """Which repetition, 0, 1, ..."""
    num_layers: int = 0
    """Of a network; 0 of what has none."""
    decays: bool = True
    """Trained with the weight decay of the task; only one control is not."""
    unseen: Marks
    """Whether each unseen case is right, shape [num_cases]."""
    fresh: Marks
    """Likewise of unseen cases of trained sizes; empty where `unseen` are such."""
    trained: Marks
    """Likewise of trained cases."""
    curve: tuple[tuple[int, float, float], ...] = ()
    """Of a network that was watched: steps, share of trained and of unseen cases that are right."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """All of it."""

    answered: tuple[Answered, ...]
    """Everybody, every task, every seed; of networks every depth."""
    chances: Mapping[str, float]
    """By task: share of the unseen cases that uniform guesses among the answers get right."""
    sizes_bytes: Mapping[str, int]
    """By subject: of what it stores, the largest over tasks."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everybody, the model first."""
        return tuple(dict.fromkeys(one.subject for one in self.answered))

    @property
    def memorizers(self) -> tuple[str, ...]:
        """M1 to M6."""
        return tuple(name for name in self.subjects if name.startswith("memorizer:"))

    def of(
        self, subject: str, task: str, *, decays: bool = True, num_layers: int | None = None
    ) -> tuple[Answered, ...]:
        """One subject on one task, seed by seed; of networks the deepest unless a depth is named."""
        found = [it for it in self.answered if (it.subject, it.task, it.decays) == (subject, task, decays)]
        depth = max((it.num_layers for it in found), default=0) if num_layers is None else num_layers
        return tuple(sorted((it for it in found if it.num_layers == depth), key=lambda it: it.seed_index))

    def best_memorizer(self, task: str) -> str:
        """Who of M1 to M6 is right most often, on the very cases that are judged: a choice that favours them."""
        return max(self.memorizers, key=lambda name: sum(successes(self.of(name, task))))


def successes(answered: Sequence[Answered]) -> list[int]:
    """Right answers to unseen cases, seed by seed."""
    return [int(np.count_nonzero(it.unseen)) for it in answered]


def shared(first: Sequence[Answered], second: Sequence[Answered]) -> list[int]:
    """Unseen cases that both answer rightly, seed by seed."""
    return [int(np.count_nonzero(a.unseen & b.unseen)) for a, b in zip(first, second, strict=True)]


def sizes(answered: Sequence[Answered]) -> list[int]:
    """Unseen cases, seed by seed."""
    return [int(it.unseen.size) for it in answered]


def first_step(curve: Sequence[tuple[int, float, float]], *, column: int, least: float) -> int | None:
    """Steps after which a share first reached a level, or None where it never did.

    Args:
        curve: of a network.
        column: 1 for trained cases, 2 for unseen ones.
        least: the level.
    """
    return next((int(row[0]) for row in curve if row[column] >= least), None)
