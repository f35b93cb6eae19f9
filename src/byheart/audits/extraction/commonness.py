"""Merely common: does a suffix come because of its prefix, or would it come behind any other?"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from byheart.audits.extraction.coming_out import is_greedily_extracted
from byheart.audits.extraction.params import Params
from byheart.core.evidence import Cell, Estimate, Evidence, Refusal, Table
from byheart.core.material import Window
from byheart.core.spans import Span
from byheart.stats.intervals import clopper_pearson

SMALL = 10.0
"""A suffix that is not even so many times likelier behind its own prefix is merely common."""
_RATIOS = (2.0, SMALL, 100.0, 1000.0)

Place = tuple[str, Span]
"""A window's document and span."""


def log_ratio_nats(own: Window, others: Sequence[Window], num_tokens: int) -> float:
    """How much likelier a suffix is behind its own prefix than behind unrelated ones.

    Definition:
        log P(suffix given own prefix) - log mean_j P(suffix given unrelated prefix j)
    Args:
        own: the window as it stands in its document.
        others: the same suffix behind unrelated prefixes, at least one.
        num_tokens: how much of the suffix counts, >= 1.
    Returns:
        nats; 0 where its prefix does not matter.
    Source: Tiwari et al. 2026, "Prior Aware Memorization" (2602.18733), the prior by unrelated prefixes.
    Differs: probabilities of the full distribution on both sides, where p_z renormalises over the 40 most probable
        tokens: behind an unrelated prefix p_z is mostly 0, and the ratio then says nothing.
    """
    behind = [float(other.suffix.log_probability_nats[:num_tokens].sum()) for other in others]
    mean = float(np.logaddexp.reduce(behind)) - math.log(len(behind))
    return float(own.suffix.log_probability_nats[:num_tokens].sum()) - mean


def log_ratios_nats(windows: Sequence[Window], behind: Sequence[Window], params: Params) -> Mapping[Place, float]:
    """`log_ratio_nats` of every trained-on window that was scored behind unrelated prefixes too, by its place."""
    others: dict[Place, list[Window]] = {}
    for other in behind:
        others.setdefault((other.document, other.span), []).append(other)
    return {
        (w.document, w.span): log_ratio_nats(w, others[w.document, w.span], params.suffix_tokens)
        for w in windows
        if w.role == "member" and (w.document, w.span) in others
    }


def merely_common(base: Sequence[Window], ratios: Mapping[Place, float], params: Params) -> tuple[Evidence, ...]:
    """The share of what came out that is merely common, and how it depends on what counts as a small ratio.

    Args:
        base: trained-on windows of the base sample.
        ratios: nats, by place.
        params: suffix and confidence.
    """
    name = "extraction.merely_common_rate"
    asked = [window for window in base if (window.document, window.span) in ratios]
    found = [ratios[w.document, w.span] for w in asked if is_greedily_extracted(w, params.suffix_tokens)]
    if not found:
        reason = (
            f"None of {len(asked)} windows that were scored behind unrelated prefixes came out; the rate needs at "
            "least one that did, and about 10 to say much."
        )
        return (Refusal(name=name, reason=reason),)

    def num_common(ratio: float) -> int:
        return sum(nats <= math.log(ratio) for nats in found)

    share = clopper_pearson(num_common(SMALL), len(found), confidence=params.confidence)
    rows: list[tuple[Cell, ...]] = []
    for ratio in _RATIOS:
        at = clopper_pearson(num_common(ratio), len(found), confidence=params.confidence)
        rows.append((ratio, num_common(ratio), len(found), at.value, at.low, at.high))
    return (
        Estimate(
            name=name,
            value=share.value,
            unit="rate",
            low=share.low,
            high=share.high,
            confidence=params.confidence,
            n=len(found),
            method=f"Of the windows that come out greedily, those whose suffix is at most {SMALL:g} times as probable "
            f"behind its own prefix as, on average, behind {params.num_unrelated_prefixes} prefixes of held-out "
            "documents: they would come anyway. Clopper-Pearson interval.",
        ),
        Table(
            name="extraction.commonness",
            title=f"{num_common(SMALL)} of {len(found)} passages that come out are at least a tenth as probable "
            "behind an unrelated beginning",
            columns=("likelier by at most, times", "merely common", "of those that came out", "rate", "low", "high"),
            rows=tuple(rows),
        ),
    )
