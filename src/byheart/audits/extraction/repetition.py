"""The law of repetition: what occurs more often in the corpus comes out more often."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from byheart.audits.extraction.coming_out import count, is_greedily_extracted, reaches, tells_pz
from byheart.audits.extraction.params import STRATA, Params
from byheart.core.evidence import Cell, Estimate, Evidence, Interval, Line, Point, Refusal, Series, Table
from byheart.core.material import Window
from byheart.stats.intervals import clopper_pearson
from byheart.stats.logistic import FirthLogistic

MIN_ON_EACH_SIDE = 10
"""Windows that a slope needs on both sides of some number of occurrences."""


def _stratum(num_occurrences: int) -> int:
    return int(np.searchsorted(STRATA, num_occurrences, side="right")) - 1


def _stratum_label(index: int) -> str:
    low = STRATA[index]
    if index + 1 == len(STRATA):
        return f"{low} or more"
    high = STRATA[index + 1] - 1
    return str(low) if low == high else f"{low}-{high}"


def law(members: Sequence[Window], controls: Sequence[Window], params: Params) -> tuple[Evidence, ...]:
    """The law of repetition: rates by number of occurrences, as a figure and as a table."""
    length = params.suffix_tokens
    rows: list[tuple[Cell, ...]] = []

    def row(label: str, group: Sequence[Window]) -> Interval:
        hits, n = count(group, partial(is_greedily_extracted, num_tokens=length))
        rate = clopper_pearson(hits, n, confidence=params.confidence)
        half = count(group, partial(reaches, num_tokens=length, pz=0.5))[0] if tells_pz(group) else None
        nats = float(np.mean([-w.suffix.log_probability_nats.mean() for w in group]))
        rows.append((label, n, hits, rate.value, rate.low, rate.high, half, nats))
        return rate

    points: list[Point] = []
    for index in range(len(STRATA)):
        group = [w for w in members if _stratum(w.num_occurrences) == index]
        if group:
            rate = row(_stratum_label(index), group)
            points.append(Point(float(STRATA[index]), rate.value, rate.low, rate.high, len(group)))
    if not points or not controls:
        return ()
    finding = _law_finding(rows)
    num_base = sum(w.in_base_sample for w in members)
    chance = row("held out", controls)
    ends = (points[0].x, max(points[-1].x, points[0].x * 2))
    flat = tuple(Point(x, chance.value, chance.low, chance.high, len(controls)) for x in ends)
    columns = ("occurrences", "windows", "recited", "rate", "low", "high", "p_z >= 0.5", "nats per token")
    return (
        Series(
            name="extraction.by_occurrences",
            title=finding,
            x="occurrences of the passage in the corpus",
            y="share recited word for word",
            lines=(Line("trained-on", "subject", tuple(points)), Line("held-out (chance)", "control", flat)),
            x_is_log=True,
            chance=chance.value,
            note=f"{length} tokens after {params.prefix_tokens} given; Clopper-Pearson intervals. Each "
            "stratum stands at its lowest number of occurrences.",
        ),
        Table(
            name="extraction.strata",
            title=f"Recitation by number of occurrences: {num_base} windows of the base sample and "
            f"{len(members) - num_base} more that fill strata",
            columns=columns,
            rows=tuple(rows),
        ),
    )


def _law_finding(rows: Sequence[tuple[Cell, ...]]) -> str:
    def times(row: tuple[Cell, ...]) -> str:
        return "once" if row[0] == "1" else f"{row[0]} times"

    rarest, commonest = rows[0], rows[-1]
    said = f"{commonest[2]} of {commonest[1]} passages that occur {times(commonest)} come out word for word"
    return said if len(rows) == 1 else f"{said}; {rarest[2]} of {rarest[1]} that occur {times(rarest)}"


def repetition_slope(members: Sequence[Window], params: Params) -> Estimate | Refusal:
    """How much readier a passage comes out when it occurs ten times as often.

    Definition:
        b of log-odds(came out greedily) = a + b log10(occurrences), by penalised maximum likelihood
    Args:
        members: trained-on windows, those that fill strata included; of each document only the one that occurs most
            often counts (the first of equals), so that documents are the units.
        params: suffix and confidence.
    Returns:
        log-odds per tenfold repetition, 0 where repetition makes no difference; or what the sample lacks.
    Source: Carlini et al. 2022 (2202.07646), extraction against log repetitions; see `FirthLogistic`.
    Differs: odds where they fit a line to the share itself, which leaves [0, 1].
    """
    name = "extraction.repetition_slope"
    of_document: dict[str, Window] = {}
    for window in members:
        best = of_document.setdefault(window.document, window)
        if window.num_occurrences > best.num_occurrences:
            of_document[window.document] = window
    chosen = list(of_document.values())
    occurrences = np.array([w.num_occurrences for w in chosen], dtype=np.float64)
    came_out = np.array([is_greedily_extracted(w, params.suffix_tokens) for w in chosen], dtype=np.bool_)
    if (lacking := _lacks_contrast(occurrences)) is not None:
        return Refusal(name=name, reason=lacking)
    if came_out.all() or not came_out.any():
        alike = "Every one" if came_out.all() else "None"
        return Refusal(
            name=name, reason=f"{alike} of {came_out.size} windows came out: a slope needs some that did and some not."
        )
    slope = FirthLogistic(np.log10(occurrences), came_out).slope(confidence=params.confidence)
    return Estimate(
        name=name,
        value=slope.value,
        unit="log-odds per tenfold repetition",
        low=slope.low,
        high=slope.high,
        confidence=params.confidence,
        n=came_out.size,
        method="Slope of a logistic regression of greedy recitation on log10 of the occurrences of the window, one "
        "window of a document, by Firth's penalised likelihood with a profile-likelihood interval; chance is 0.",
    )


def _lacks_contrast(occurrences: npt.NDArray[np.float64]) -> str | None:
    """What a sample lacks to carry a slope, or None."""
    sides = [min(int((occurrences < cut).sum()), int((occurrences >= cut).sum())) for cut in np.unique(occurrences)[1:]]
    if max(sides, default=0) >= MIN_ON_EACH_SIDE:
        return None
    return (
        f"A slope needs two groups of at least {MIN_ON_EACH_SIDE} documents whose windows occur differently often; of "
        f"{occurrences.size} documents the smaller group has {max(sides, default=0)}."
    )
