"""Means over seeds and over cases: which of the two an interval rests on, and what is said of it."""

from collections.abc import Mapping, Sequence

import numpy as np

from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_of_sums
from byheart.stats.intervals import mean_of_few

LEAST_SEEDS = 3
"""Fewer carry no interval of Student's t that says anything."""


def over_seeds(values: Sequence[Floats], *, rng: np.random.Generator, confidence: float) -> Interval | None:
    """The mean over seeds, each the mean of its cases; with fewer than LEAST_SEEDS, over all cases of these networks.

    Args:
        values: of each seed, one number for each case.
        rng: draws the resamples of cases.
        confidence: coverage.
    Returns:
        n is the number of seeds, or of cases; None where there are too few of both.
    """
    if len(values) >= LEAST_SEEDS:
        return mean_of_few([float(one.mean()) for one in values], confidence=confidence)
    if sum(one.size for one in values) < MIN_CLUSTERS:
        return None
    return pooled(values, rng=rng, confidence=confidence)


def pooled(values: Sequence[Floats], *, rng: np.random.Generator, confidence: float) -> Interval:
    """The mean over the cases of all seeds; a bare point where there are fewer than MIN_CLUSTERS."""
    column = np.concatenate(values)[:, None]
    if column.size < MIN_CLUSTERS:
        mean = float(column.mean())
        return Interval(mean, mean, mean, column.size)
    (found,) = ratio_of_sums(column, np.ones_like(column), rng=rng, confidence=confidence)
    return found


def best_storing(gains: Mapping[str, Sequence[Floats]]) -> str | None:
    """Who gains most of those that only store, M1 to M6 and the table; None where none of them was asked.

    It is chosen on the very cases that are then compared, which favours it.

    Args:
        gains: by name of the predictor, of each seed, one number for each case.
    """
    stores = [name for name in gains if name.startswith(("memorizer:", "lookup:"))]
    return max(stores, key=lambda name: float(np.mean([one.mean() for one in gains[name]])), default=None)


def estimate_over_seeds(
    name: str,
    unit: str,
    values: Sequence[Floats],
    method: str,
    confidence: float,
    *,
    control: Sequence[Floats] | None = None,
    controlled_by: str = "",
    rng: np.random.Generator,
) -> Estimate | Refusal:
    """An estimate whose units are seeds, or, with too few, the cases of these very networks; its method says which.

    Args:
        name: dotted name.
        unit: of the values.
        values: of each seed, one number for each case.
        method: how a value is computed.
        confidence: coverage.
        control: the same of another, case by case.
        controlled_by: whose that is.
        rng: draws the resamples of cases.
    """
    found = over_seeds(values, rng=rng, confidence=confidence)
    if found is None:
        num = sum(one.size for one in values)
        need = f"An interval needs {LEAST_SEEDS} seeds or {MIN_CLUSTERS} new cases"
        return Refusal(name=name, reason=f"{need}; there are {len(values)} and {num}.")
    how = (
        "Student's t over seeds"
        if len(values) >= LEAST_SEEDS
        else f"bootstrap over the {sum(one.size for one in values)} cases of these {len(values)} networks, "
        f"{' and '.join(dict.fromkeys(str(one.size) for one in values))} new ones each: other trainings may differ"
    )
    beside = excess = None
    if control is not None:
        how += f"; control: {controlled_by}, paired case by case"
        beside = over_seeds(control, rng=rng, confidence=confidence)
        paired = [own - other for own, other in zip(values, control, strict=True)]
        excess = over_seeds(paired, rng=rng, confidence=confidence)
    return Estimate(
        name=name,
        value=found.value,
        unit=unit,
        low=found.low,
        high=found.high,
        confidence=confidence,
        n=found.n or len(values),
        method=f"{method}; {how}.",
        control=beside,
        excess=excess,
    )
