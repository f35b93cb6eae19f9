"""Cases of a rule, and tasks made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import TokenIds

Rng = np.random.Generator
NUM_CALIBRATION = 200
"""Cases for the weights of the mixture, at most."""


@dataclass(frozen=True)
class Case:
    """A sequence whose answers are asked."""

    token_ids: TokenIds
    """Question and answer, shape [num_tokens]."""
    places: tuple[int, ...]
    """Of the answer in it, ascending."""


@dataclass(frozen=True)
class Task:
    """A rule in cases. Lists of cases share none."""

    name: str
    """As in the names of estimates."""
    vocabulary_size: int
    """V; token ids are 0..V-1, the last stands for the start and the end of a sequence."""
    answer_ids: tuple[int, ...]
    """Tokens that an answer consists of: everybody is asked which of them is the most probable."""
    num_tokens: int
    """Of the longest sequence."""
    trained: tuple[Case, ...]
    """What networks are trained on and memorizers are built from."""
    fresh: tuple[Case, ...]
    """Unseen cases of the sizes that were trained on; empty where `unseen` are such cases."""
    unseen: tuple[Case, ...]
    """Cases of which a table of the trained ones has none: the question."""
    calibration: tuple[Case, ...]
    """Cases that nobody is trained on or asked: the weights of the mixture of memorizers are fitted on them."""

    @property
    def end_id(self) -> int:
        """The token that stands for the start and the end."""
        return self.vocabulary_size - 1

    @property
    def chance(self) -> float:
        """Share of the unseen cases that uniform guesses among the answers get right."""
        return float(np.mean([len(self.answer_ids) ** -len(case.places) for case in self.unseen]))


def task_of_cases(
    name: str, vocabulary_size: int, answer_ids: tuple[int, ...], num_tokens: int,
    trained: list[Case], fresh: list[Case], unseen: list[Case],
) -> Task:  # fmt: skip
    """A task some of whose fresh cases, a third at most, are for calibration.

    Args:
        name: as the other fields, of `Task`.
        vocabulary_size: V.
        answer_ids: possible answers.
        num_tokens: of the longest sequence.
        trained: to train on.
        fresh: unseen ones of trained sizes.
        unseen: to ask.
    """
    num = min(NUM_CALIBRATION, len(fresh) // 3)
    return Task(
        name, vocabulary_size, answer_ids, num_tokens, tuple(trained), tuple(fresh[num:]), tuple(unseen),
        tuple(fresh[:num]),
    )  # fmt: skip


def case_of(question: Sequence[int], answer: Sequence[int]) -> Case:
    """A question with its whole answer behind it."""
    ids = np.array([*question, *answer], dtype=np.int32)
    return Case(ids, tuple(range(len(question), len(question) + len(answer))))


def distinct(make: Callable[[], Case | None], num: int, known: set[bytes]) -> list[Case]:
    """So many different cases that are not known; they are drawn until they are there."""
    found: dict[bytes, Case] = {}
    while len(found) < num:
        case = make()
        if case is not None and (key := case.token_ids.tobytes()) not in known:
            found[key] = case
    return list(found.values())


def padded(cases: Sequence[Case], num_tokens: int, fill_id: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Cases as a rectangle and where their answers are.

    Args:
        cases: at most num_tokens long each.
        num_tokens: T.
        fill_id: stands behind shorter ones, and counts nowhere.
    Returns:
        token ids and flags, shape [num_cases, T].
    """
    ids = np.full((len(cases), num_tokens), fill_id, dtype=np.int64)
    counted = np.zeros(ids.shape, dtype=np.bool_)
    for row, case in enumerate(cases):
        ids[row, : case.token_ids.size] = case.token_ids
        counted[row, list(case.places)] = True
    return ids, counted
