"""Whether a window came out, by the rules of the field; everything else in this audit counts these."""

import math
from collections.abc import Callable, Sequence

from byheart.core.material import Window


def is_greedily_extracted(window: Window, num_tokens: int) -> bool:
    """Whether greedy generation reproduces the first tokens of the suffix.

    Definition:
        AND over the first num_tokens suffix tokens t of [x_t = argmax_w P(w given x_<t)]
    Args:
        window: a scored window.
        num_tokens: how much of the suffix counts, >= 1.
    Source: Carlini et al. 2022 (2202.07646); protocols.md B1: the teacher-forced shortcut equals free generation.
    Differs: nothing.
    """
    return bool(window.suffix.is_argmax[:num_tokens].all())


def log_pz_nats(window: Window, num_tokens: int) -> float:
    """Log-probability of drawing the first tokens of the suffix in one try.

    Definition:
        log p_z = sum_t log q(x_t given x_<t), q the next-token distribution after top-k 40 at temperature 1
    Args:
        window: a scored window.
        num_tokens: how much of the suffix counts, >= 1.
    Returns:
        nats, <= 0; -inf where one token is not among the 40 most probable.
    Source: Hayes et al. 2024 (2410.19482), equation for p_z.
    Differs: nothing.
    """
    return float(window.suffix.top_k_log_probability_nats[:num_tokens].sum())


def tells_pz(windows: Sequence[Window]) -> bool:
    """Whether the subject shows enough of its probabilities for p_z."""
    return all(window.suffix.knows_top_k for window in windows)


def reaches(window: Window, num_tokens: int, pz: float) -> bool:
    """Whether p_z of the first tokens of the suffix is at least so much."""
    return log_pz_nats(window, num_tokens) >= math.log(pz)


def count(windows: Sequence[Window], came_out: Callable[[Window], bool]) -> tuple[int, int]:
    """How many of the windows came out, and how many there are."""
    return sum(map(came_out, windows)), len(windows)
