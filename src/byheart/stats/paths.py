"""How the answer of a predictor moves between two known inputs, and how far from one distribution another is."""

import numpy as np

from byheart.core.tokens import Floats


def total_variation(first: Floats, second: Floats) -> Floats:
    """How far apart two distributions are.

    Definition:
        TV(P, Q) = 1/2 sum_w |P(w) - Q(w)|
    Args:
        first: P, probabilities, shape [..., V].
        second: Q, likewise.
    Returns:
        in [0, 1], shape [...]; 0 where they are equal, 1 where no outcome is possible under both.
    Source: Levin and Peres 2017, "Markov Chains and Mixing Times", proposition 4.2.
    Differs: nothing.
    """
    return np.minimum(0.5 * np.abs(first - second).sum(axis=-1), 1.0)


def steps_of_path(log_probabilities_nats: Floats) -> Floats:
    """Total variation between neighbouring points of a path.

    Definition:
        d_i = TV(P_i, P_{i+1}), i = 0..G-2; the largest is the path's largest jump, their sum its length. The sum is
        TV(P_0, P_{G-1}) at least (triangle inequality)
    Args:
        log_probabilities_nats: of the G points in order, shape [G >= 2, V].
    Returns:
        shape [G - 1].
    Source: theory.md A2.
    Differs: nothing.
    """
    probabilities = np.exp(log_probabilities_nats)
    return total_variation(probabilities[:-1], probabilities[1:])


def from_start_of_path(log_probabilities_nats: Floats) -> Floats:
    """Total variation between the first point of a path and each of its points, shape [G].

    Args:
        log_probabilities_nats: of the G points in order, shape [G, V].
    """
    probabilities = np.exp(log_probabilities_nats)
    return total_variation(probabilities[:1], probabilities)


def divergences_nats(clean: Floats, other: Floats) -> Floats:
    """How many nats a predictor loses that believes in another distribution than the clean one.

    Definition:
        KL(P || Q) = sum_w P(w) (log P(w) - log Q(w))
    Args:
        clean: log P, nats, finite, shape [V].
        other: log Q of each, shape [n, V].
    Returns:
        nats, >= 0, shape [n].
    Source: Kullback and Leibler 1951, "On information and sufficiency".
    Differs: nothing.
    """
    lost = (np.exp(clean) * (clean - other)).sum(axis=-1)
    return np.maximum(lost, 0.0)


def taylor_predictions(derivatives: tuple[float, float, float], steps: Floats) -> tuple[Floats, Floats]:
    """What a value and its first two derivatives foresee at some distances.

    Definition:
        first order f(0) + t f'(0); second order f(0) + t f'(0) + t^2 f''(0) / 2
    Args:
        derivatives: f(0), f'(0), f''(0).
        steps: t, shape [n].
    Returns:
        both, each of shape [n].
    Source: theory.md A2, sensitivity to second order.
    Differs: nothing.
    """
    value, first, second = derivatives
    line = value + steps * first
    return line, line + 0.5 * steps**2 * second
