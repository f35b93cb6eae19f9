"""A fixed distribution over the vocabulary, prepared so that mixtures with it cost nothing per vocabulary entry."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats


class Base(NamedTuple):
    """A distribution u and what statistics of w u + (a few stored tokens) need of it."""

    probabilities: Floats
    """u, all positive, shape [vocabulary]."""
    logs: Floats
    """nats; log u, shape [vocabulary]."""
    order: npt.NDArray[np.int64]
    """Ids by decreasing u, equals by increasing id, shape [vocabulary]."""
    group_stops: npt.NDArray[np.int64]
    """For each place in `order`, one past the last place with the same u, shape [vocabulary]."""
    sums: Floats
    """Sums over the vocabulary of u, u log u, u log^2 u, shape [3]."""


def prepare_base(probabilities: Floats) -> Base:
    """The same distribution, prepared.

    Args:
        probabilities: positive, sums to 1, shape [vocabulary].
    """
    logs = np.log(probabilities)
    order = np.argsort(-logs, kind="stable")
    sorted_logs = logs[order]
    group_stops = np.searchsorted(-sorted_logs, -sorted_logs, side="right")
    sums = np.array([probabilities.sum(), (probabilities * logs).sum(), (probabilities * logs**2).sum()])
    return Base(probabilities, logs, order.astype(np.int64), group_stops.astype(np.int64), sums)


def uniform_base(vocabulary_size: int) -> Base:
    """Every token alike."""
    return prepare_base(np.full(vocabulary_size, 1.0 / vocabulary_size))
