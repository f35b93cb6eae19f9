"""Data whose answer is a smooth function of ordinal tokens: the rounded mean of a context."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.audits.interpolation_lab_params import Params
from byheart.core.tokens import TokenIds

Values = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one repetition is trained on and asked. Contexts: shape [N, n]."""

    seen: Values
    """Contexts that are trained on."""
    first: Values
    """Those at which paths begin, among `seen`, shape [paths, n]."""
    distance: Values
    """What every token at the end of a path is larger by, shape [paths]."""
    unseen: Values
    """Contexts that are not trained on, as those that are."""
    calibration: Values
    """Others, for the weights of the mixture of memorizers."""

    @property
    def second(self) -> Values:
        """Where paths end, among `seen`."""
        return self.first + self.distance[:, None]


def answers(contexts: Values) -> Values:
    """The rounded mean, halves up, shape [N]; it moves by d where every token does."""
    return np.floor(contexts.mean(axis=1) + 0.5).astype(np.int64)


def draw_contexts(num: int, params: Params, *, room: int = 0, rng: np.random.Generator) -> Values:
    """Contexts around centres that are drawn uniformly.

    Args:
        num: of them.
        params: of the experiment.
        room: values that every token must be able to grow by.
        rng: draws centres and tokens.
    Returns:
        shape [num, n].
    """
    top = params.num_values - 1 - room
    centres = rng.integers(top + 1, size=(num, 1))
    moved = centres + rng.integers(-params.spread, params.spread + 1, size=(num, params.context_tokens))
    return np.clip(moved, 0, top)


def draw_task(params: Params, *, rng: np.random.Generator) -> Task:
    """Data of one repetition; the middle of no path is trained on.

    Args:
        params: of the experiment.
        rng: draws everything.
    """
    base = draw_contexts(params.num_documents, params, rng=rng)
    ends = [draw_contexts(params.num_paths, params, room=distance, rng=rng) for distance in params.distances]
    first = np.concatenate(ends)
    distance = np.repeat(np.array(params.distances, dtype=np.int64), params.num_paths)
    seen = np.concatenate((base, first, first + distance[:, None]))
    known = {row.tobytes() for row in seen}
    is_new = np.array([row.tobytes() not in known for row in first + distance[:, None] // 2])
    others = draw_contexts(4 * params.num_windows, params, rng=rng)
    unseen = np.array([row for row in others if row.tobytes() not in known])
    return Task(
        seen=seen,
        first=first[is_new],
        distance=distance[is_new],
        unseen=unseen[: params.num_windows],
        calibration=unseen[params.num_windows :],
    )


def documents(contexts: Values, params: Params) -> TokenIds:
    """Contexts, the token that asks, and the answers, shape [N, n + 2]."""
    return np.concatenate((asked(contexts, params), answers(contexts)[:, None]), axis=1).astype(np.int32)


def asked(contexts: Values, params: Params) -> TokenIds:
    """Contexts with the token that asks, shape [N, n + 1]."""
    ask = np.full((len(contexts), 1), params.asks_id)
    return np.concatenate((contexts, ask), axis=1).astype(np.int32)


def answers_between(task: Task, num_points: int) -> Values:
    """The right answer at every point of every path, shape [paths, G].

    Definition:
        round((1 - l) mean(a) + l mean(b)), halves up
    Args:
        task: the paths.
        num_points: G.
    """
    places = np.linspace(0.0, 1.0, num_points)
    means = task.first.mean(axis=1)[:, None] + places * task.distance[:, None]
    return np.floor(means + 0.5).astype(np.int64)
