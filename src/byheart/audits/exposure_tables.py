"""Canaries among their candidates, and the tables and the figure of the exposure audit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.evidence import Cell, Estimate, Line, Point, Series, Table
from byheart.core.material import ScoredCanary
from byheart.stats.bootstrap import MIN_CLUSTERS
from byheart.stats.exposure import chance_bits, exposure_bits, mean_exposure, rank_among, twin_p_value
from byheart.stats.null_levels import NullLevel
from byheart.stats.privacy import epsilon_lower_bound


@dataclass(frozen=True)
class Ranked:
    """One canary among its candidates."""

    canary: ScoredCanary
    """As scored."""
    most_bits: float
    """Largest exposure that is possible."""
    planted_bits: float
    """Exposure of the planted secret."""
    twin_bits: float
    """Exposure of its twin among the same others."""
    p_value: float
    """Of the planted secret."""
    twin_p_value: float
    """Of its twin."""

    @property
    def num_candidates(self) -> int:
        """Others and itself."""
        return 1 + self.canary.others_nats.size


def ranked(canary: ScoredCanary) -> Ranked:
    """Exposure and p-value of both twins of a pair among the others of their space.

    Definition:
        exposure = log2 M - log2 rank, p = rank / M, M = 1 + number of others, rank = 1 + others at least as likely
    Args:
        canary: with at least one other.
    Source: Carlini et al. 2019 (1802.08232).
    Differs: a secret's twin is not among its candidates, so that both twins have the same ones.
    """
    num = 1 + canary.others_nats.size
    ranks = [rank_among(score, canary.others_nats) for score in (canary.planted_nats, canary.twin_nats)]
    planted, twin = (exposure_bits(rank, num) for rank in ranks)
    p_values = [twin_p_value(score, canary.others_nats) for score in (canary.planted_nats, canary.twin_nats)]
    return Ranked(canary, math.log2(num), planted, twin, *p_values)


def guesses(canaries: Sequence[ScoredCanary]) -> tuple[int, int]:
    """How many planted secrets are likelier than their twins, of how many that differ at all from them."""
    right = sum(c.planted_nats > c.twin_nats for c in canaries)
    return right, right + sum(c.planted_nats < c.twin_nats for c in canaries)


def by_repetitions(
    found: Sequence[Ranked], *, significance: float, delta: float, confidence: float, rng: np.random.Generator
) -> Table:
    """A row for each number of repetitions.

    Args:
        found: all pairs.
        significance: p-values up to here count as standing out.
        delta: of the bound of epsilon.
        confidence: of the intervals, and of that bound.
        rng: draws the resamples.
    """
    rows: list[tuple[Cell, ...]] = []
    for repetitions in sorted({x.canary.repetitions for x in found}):
        group = [x for x in found if x.canary.repetitions == repetitions]
        canaries = [x.canary for x in group]
        right, num = guesses(canaries)
        if len(group) >= MIN_CLUSTERS:
            most = max(x.most_bits for x in group)
            mean = mean_exposure([x.planted_bits for x in group], most, rng=rng, confidence=confidence)
            bits: tuple[Cell, ...] = (mean.value, mean.low, mean.high)
        else:
            bits = (float(np.mean([x.planted_bits for x in group])), None, None)
        epsilon = epsilon_lower_bound(right, num, len(group), delta=delta, confidence=confidence)
        twins = float(np.mean([x.twin_bits for x in group]))
        standing = sum(x.p_value <= significance for x in group)
        rows.append((repetitions, len(group), *bits, twins, standing, right, num, epsilon))
    columns: tuple[str, ...] = ("times planted", "pairs", "exposure, bits", "low", "high", "of twins, bits")
    columns += (f"p <= {significance:g}", "right guesses", "of", "epsilon of all copies, at least")
    return Table(name="exposure.by_repetitions", title=_finding(rows), columns=columns, rows=tuple(rows))


def _finding(rows: Sequence[tuple[Cell, ...]]) -> str:
    def planted(row: tuple[Cell, ...]) -> str:
        return "planted once" if row[0] == 1 else f"planted {row[0]} times"

    least, most = rows[0], rows[-1]
    pairs = [int(row[1] or 0) for row in rows]
    twins = sum(float(row[5] or 0) * num for row, num in zip(rows, pairs, strict=True)) / sum(pairs)
    said = f"Secrets {planted(most)} stand out by {most[2]:.1f} bits"
    between = f", {planted(least)} by {least[2]:.1f}" if len(rows) > 1 else ""
    return f"{said}{between}; never planted, by {twins:.1f}"


def series(table: Table, headline: Estimate, found: Sequence[Ranked]) -> Series:
    """Exposure against repetitions, over the band of the twins.

    Args:
        table: of `by_repetitions`.
        headline: the mean over all pairs, with its control.
        found: all pairs.
    """
    points = tuple(
        Point(float(r or 0), float(y or 0), low, high, int(n or 0))  # type: ignore[arg-type]
        for r, n, y, low, high, *_ in table.rows
    )
    control = headline.control
    assert control is not None
    ends = (points[0].x, max(points[-1].x, 2 * points[0].x))
    flat = tuple(Point(x, control.value, control.low, control.high, len(found)) for x in ends)
    fewest, most = (pick(x.num_candidates for x in found) for pick in (min, max))
    among = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    return Series(
        name="exposure.against_repetitions",
        title=table.title,
        x="times planted",
        y="exposure, bits",
        lines=(Line("planted", "subject", points), Line("never planted", "control", flat)),
        x_is_log=True,
        chance=float(np.mean([chance_bits(x.num_candidates) for x in found])),
        note=f"Each secret is ranked among {among} candidates, so it stands out by {math.log2(most):.1f} bits at most. "
        "Dotted: the mean of a secret whose rank is chance.",
    )


def null_table(levels: Sequence[NullLevel]) -> Table:
    """The self-test, level by level."""
    holds = all(level.holds for level in levels)
    return Table(
        name="exposure.self_test",
        title=f"Self-test {'passed' if holds else 'failed'}: secrets that were never planted stand out "
        f"{'as often as chance says' if holds else 'more or less often than chance says'}",
        columns=("exposure, bits, at least", "by chance", "found", "low", "high"),
        rows=tuple((x.bits, x.nominal, x.found.value, x.found.low, x.found.high) for x in levels),
    )


def most_exposed(found: Sequence[Ranked], num_shown: int) -> Table:
    """The planted secrets that stand out most, without saying them.

    Args:
        found: all pairs.
        num_shown: rows.
    """
    listed = sorted(found, key=lambda x: (-x.planted_bits, -x.canary.repetitions, x.canary.name))[:num_shown]
    rows = tuple(
        (c.name, f"{c.hint}...", c.kind, c.repetitions, c.num_planted_found, c.entropy_bits, x.planted_bits, x.p_value)
        for x in listed
        for c in (x.canary,)
    )
    columns = (
        "name in the list",
        "begins",
        "kind",
        "times planted",
        "in the given text",
        "entropy, bits",
        "exposure, bits",
        "p-value",
    )
    title = f"The most exposed of {len(found)} planted secrets, of which only the beginning is shown"
    return Table(name="exposure.most_exposed", title=title, columns=columns, rows=rows)
