"""Sensitivity to second order: how far along the line the derivatives at its start foresee the answer."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.interpolation_params import Params
from byheart.core.evidence import Estimate, Evidence, Interval, Line, Point, Refusal, Series
from byheart.core.interpolation_material import Path
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals, ratio_of_sums
from byheart.stats.paths import taylor_predictions

HELD = 0.1
"""Largest relative error at which an expansion is said to hold."""
_ORDERS = ("first", "second")


def expansion_evidence(paths: Sequence[Path], params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """Relative errors of both expansions at every distance, and at the smallest in numbers.

    Definition:
        sum over pairs |predicted - f(t)| / sum over pairs |f(t) - f(0)|, f the log-probability of the most probable
        token at the start
    Args:
        paths: of the subject; those without derivatives are left out.
        params: of the audit.
        rng: draws the resamples.
    Returns:
        nothing for a subject without embeddings.
    """
    expanded = [path for path in paths if path.derivatives is not None]
    if not expanded:
        return ()
    couples = ["\x1f".join(sorted(path.documents)) for path in expanded]
    errors = {order: _errors(expanded, params, number) for number, order in enumerate(_ORDERS)}
    moved = _moved(expanded, params)
    smallest = f"at {params.expanded_steps[0]:.3g} of the line"
    estimates: list[Evidence] = []
    lines = []
    for order, error in errors.items():
        intervals = _intervals(couples, error, moved, params, rng=rng)
        points = zip(params.expanded_steps, intervals, strict=True)
        lines.append(Line(f"{order} order", "subject", tuple(Point(x, i.value, i.low, i.high, i.n) for x, i in points)))
        name = f"interpolation.{order}_order_error"
        estimates.append(_estimate(name, intervals[0], f"of the {order}-order expansion {smallest}", params))
    return (*estimates, _series(lines))


def _values(path: Path, params: Params) -> tuple[Floats, Floats]:
    """Distances on the grid, and the log-probability there."""
    places = np.rint(np.array(params.expanded_steps) * (path.start_nats.size - 1)).astype(np.int64)
    return places / (path.start_nats.size - 1), path.start_nats[places]


def _errors(paths: Sequence[Path], params: Params, number: int) -> Floats:
    rows = []
    for path in paths:
        steps, values = _values(path, params)
        assert path.derivatives is not None
        rows.append(np.abs(taylor_predictions(path.derivatives, steps)[number] - values))
    return np.array(rows)


def _moved(paths: Sequence[Path], params: Params) -> Floats:
    return np.array([np.abs(_values(path, params)[1] - path.start_nats[0]) for path in paths])


def _intervals(
    couples: Sequence[str], error: Floats, moved: Floats, params: Params, *, rng: np.random.Generator
) -> list[Interval]:
    above, below = cluster_totals(couples, error, np.maximum(moved, np.finfo(np.float64).tiny))
    if len(above) < MIN_CLUSTERS:
        return [Interval(float(v), float(v), float(v), len(above)) for v in above.sum(axis=0) / below.sum(axis=0)]
    return ratio_of_sums(above, below, rng=rng, confidence=params.confidence)


def _estimate(name: str, it: Interval, what: str, params: Params) -> Evidence:
    carries = (it.n or 0) >= MIN_CLUSTERS
    if not np.isfinite(it.value):
        return Refusal(name=name, reason="The answer does not move there.")
    return Estimate(
        name=name,
        value=it.value,
        unit="relative error",
        low=it.low if carries else None,
        high=it.high if carries else None,
        confidence=params.confidence,
        n=it.n or 0,
        method=f"Error {what} over the change of the log-probability, sums over pairs; percentile bootstrap over "
        "couples of documents.",
        no_interval=None if carries else f"An interval needs {MIN_CLUSTERS} couples of documents; there are {it.n}.",
    )


def _series(lines: Sequence[Line]) -> Series:
    holds = [max((p.x for p in line.points if p.y <= HELD), default=None) for line in lines]
    said = [
        f"the {order} order nowhere" if far is None else f"the {order} order up to {far:.3g} of it"
        for order, far in zip(_ORDERS, holds, strict=True)
    ]
    return Series(
        name="interpolation.expansion",
        title=f"Within {100 * HELD:.0f} % the answer along the line is foreseen by {' and by '.join(said)}",
        x="distance from the start, share of the line",
        y="relative error of the expansion",
        lines=tuple(lines),
        x_is_log=True,
        y_is_log=True,
        note="Derivatives of the log-probability of the most probable token at the start, exact, along the line to the "
        "other input. 1: no better than to foresee no change.",
    )
