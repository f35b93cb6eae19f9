"""What a model gets for the items of a benchmark that leaked, beside what it gets for the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.streams import stream
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_of_sums
from byheart.stats.claims import MIN_TRIALS, excess_over_control
from byheart.stats.intervals import clopper_pearson
from byheart.stats.unpaired import unpaired_difference
from byheart.study.contamination import Finding


@dataclass(frozen=True, kw_only=True)
class LeakedScore:
    """One metric on both kinds of items."""

    metric: str
    """As the test names it, untrusted."""
    is_rate: bool
    """Whether every item got 0 or 1."""
    leaked: Interval | None
    """Mean over the items that leaked; None where there are too few for an interval."""
    clean: Interval | None
    """Mean over the items that did not."""
    difference: Interval | None
    """Leaked less clean."""
    counts: tuple[int, int]
    """Items that leaked, and clean items."""
    reason: str
    """Why there is no difference; empty where there is one."""


def leaked_scores(found: Sequence[Finding], *, seed: int = 0) -> tuple[LeakedScore, ...]:
    """Each metric on the leaked items, on the clean ones, and the difference.

    Definition:
        items that are too short to say count on no side. Where every item got 0 or 1: rates with Clopper-Pearson
        bounds, the difference by `excess_over_control`; else means with the percentile bootstrap over items, the
        difference by `unpaired_difference`
    Args:
        found: of a benchmark whose items have scores.
        seed: root of the random streams of the bootstrap.
    Returns:
        an entry for each metric, in the order of the first item; none where no item has scores.
    Source: Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C, scores on clean subsets.
    Differs: with intervals; leaked against clean, not clean against all.
    """
    names = dict.fromkeys(name for finding in found for name, _ in finding.item.scores)
    return tuple(_score(name, found, seed) for name in names)


def _score(name: str, found: Sequence[Finding], seed: int) -> LeakedScore:
    values: dict[str, list[float]] = {"leaked": [], "clean": []}
    for finding in found:
        scores = dict(finding.item.scores)
        if finding.verdict in values and name in scores:
            values[finding.verdict].append(scores[name])
    leaked, clean = values["leaked"], values["clean"]
    counts, is_rate = (len(leaked), len(clean)), set(leaked + clean) <= {0.0, 1.0}
    fewest = MIN_TRIALS if is_rate else MIN_CLUSTERS
    sides = [_side(side, is_rate=is_rate, name=name, seed=seed) for side in (leaked, clean)]
    difference = None
    if min(counts) >= fewest:
        difference = (
            excess_over_control((round(sum(leaked)), counts[0]), (round(sum(clean)), counts[1]))
            if is_rate
            else unpaired_difference(_ratio(leaked), _ratio(clean), rng=stream(seed, "leaked scores", name))
        )
    reason = (
        ""
        if difference is not None
        else f"A difference needs {fewest} leaked and {fewest} clean items; there are {counts[0]} and {counts[1]}."
    )
    return LeakedScore(
        metric=name,
        is_rate=is_rate,
        leaked=sides[0],
        clean=sides[1],
        difference=difference,
        counts=counts,
        reason=reason,
    )


def _ratio(values: Sequence[float]) -> tuple[Floats, Floats]:
    return np.array(values, dtype=np.float64), np.ones(len(values))


def _side(values: Sequence[float], *, is_rate: bool, name: str, seed: int) -> Interval | None:
    if is_rate:
        return clopper_pearson(round(sum(values)), len(values)) if values else None
    if len(values) < MIN_CLUSTERS:
        return None
    amounts, ones = (column[:, None] for column in _ratio(values))
    return ratio_of_sums(amounts, ones, rng=stream(seed, "leaked scores", name, "side"))[0]
