"""What a study's samples can show: before it runs from their planned sizes, after it from what there was."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from byheart.audits.exposure import MIN_PAIRS
from byheart.core.audit import Audit, Profile
from byheart.core.evidence import Estimate
from byheart.core.result import Result
from byheart.core.run_record import Sensitivity
from byheart.corpus.secrets import SecretList
from byheart.stats.gated import MIN_PASSING
from byheart.stats.intervals import clopper_pearson
from byheart.stats.power import (
    shift_of_interval,
    smallest_area,
    smallest_guess_rate,
    smallest_rate,
    smallest_shift,
)
from byheart.stats.roc import controls_needed, tpr_at_fpr

ASSUMED_CONTROL = 0.05
"""A control rate beside 0 that a plan shows: that of text which is easy to guess."""
Row = Callable[[str, Any, SecretList | None], Sensitivity | None]


def _percent(rate: float) -> str:
    return f"{100 * rate:.3g} %"


def _rate(size: str, of: str = "windows") -> Row:
    """A rate beside its control, of as many windows (or what else is counted) of each side as that parameter says."""

    def row(name: str, params: Any, canaries: SecretList | None) -> Sensitivity | None:
        n = int(getattr(params, size))
        bare, easy = (smallest_rate(control, n, n) for control in (0.0, ASSUMED_CONTROL))
        none = clopper_pearson(0, n).high
        said = "no rate is told from unseen text's" if bare is None else f"{_percent(bare)} where unseen text gives 0 %"
        if easy is not None:
            said += f", {_percent(easy)} where it gives {_percent(ASSUMED_CONTROL)}"
        said += f"; none of {n:,} leaves up to {_percent(none)} open"
        return Sensitivity(name=name, sample=f"{n:,} + {n:,} {of}", smallest=bare, unit="rate", said=said)

    return row


def _area(name: str, params: Any, canaries: SecretList | None) -> Sensitivity:
    n = int(params.num_windows)
    area = smallest_area(n, n) if n >= MIN_PASSING else None
    said = (
        f"needs {MIN_PASSING} documents on each side"
        if area is None
        else f"an AUC of {area:.3f}, where chance is 0.5; a claim must also be beyond what the split gate leaves open"
    )
    return Sensitivity(name=name, sample=f"{n:,} + {n:,} documents", smallest=area, unit="AUC", said=said)


def _true_positive_rate(name: str, params: Any, canaries: SecretList | None) -> Sensitivity:
    """Where every member is above every control: the best that can come out, and whether its bound is above chance."""
    n = int(params.num_windows)
    lowest = 1 / n
    said = f"the lowest false positive rate that it resolves is {_percent(lowest)}"
    if n < controls_needed(0.01):
        said += f"; 1 % needs {controls_needed(0.01):,} held-out documents, so this is refused"
    elif tpr_at_fpr(np.ones(n), np.zeros(n), 0.01).low <= 0.01:
        said += "; its lower bound at 1 % is 0 whatever comes out: that takes 390 held-out documents"
    return Sensitivity(name=name, sample=f"{n:,} held-out documents", smallest=lowest, unit="FPR", said=said)


def _shift(size: str, what: str) -> Row:
    """A mean of paired differences between documents, at most as many as that parameter says."""

    def row(name: str, params: Any, canaries: SecretList | None) -> Sensitivity:
        n = int(getattr(params, size))
        shift = smallest_shift(n)
        said = (
            "needs two documents"
            if shift is None
            else f"{shift:.2f} standard deviations of one document's {what}; their size is known after the run"
        )
        unit = "standard deviations"
        return Sensitivity(name=name, sample=f"at most {n:,} documents", smallest=shift, unit=unit, said=said)

    return row


def _guesses(name: str, params: Any, canaries: SecretList | None) -> Sensitivity | None:
    n = len(canaries.pairs) if canaries is not None else 0
    return None if n == 0 else _guess_row(name, n)


def _guess_row(name: str, n: int) -> Sensitivity:
    rate = smallest_guess_rate(n)
    said = (
        "needs 6 pairs" if rate is None else f"{_percent(rate)} of planted twins guessed rightly, where chance is 50 %"
    )
    return Sensitivity(name=name, sample=f"{n:,} pairs", smallest=rate, unit="rate", said=said)


def _exposure(name: str, params: Any, canaries: SecretList | None) -> Sensitivity | None:
    """The excess of secrets over their twins, if their ranks spread as those of unplanted ones do."""
    n = len(canaries.pairs) if canaries is not None else 0
    shift = smallest_shift(n)
    if shift is None:
        return None
    if n < MIN_PAIRS:
        return Sensitivity(
            name=name, sample=f"{n:,} pairs", smallest=None, unit="bits", said=f"needs {MIN_PAIRS} pairs"
        )
    ranks = np.arange(1, 2 + int(params.num_candidates))
    bits = shift * math.sqrt(2.0) * float(np.log2(ranks).std())
    said = f"{bits:.2f} bits more than the twins, ranks among {ranks.size:,} candidates spreading as by chance"
    return Sensitivity(name=name, sample=f"{n:,} pairs", smallest=bits, unit="bits", said=said)


_CONTINUATIONS = "continuations"
_PLANNED: dict[str, Row] = {
    "extraction.greedy_rate": _rate("num_windows"),
    "extraction.near_verbatim_rate": _rate("num_written"),
    "membership.auc": _area,
    "membership.tpr_at_1pct_fpr": _true_positive_rate,
    "exposure.mean_bits": _exposure,
    "exposure.right_guess_rate": _guesses,
    "context.copy_gain_bits": _shift("num_sequences", "excess over other tokens"),
    "interpolation.largest_jump": _shift("num_pairs", "difference to the output of the DNF"),
    "adaptation.bits_beyond_memorizer_per_byte": _shift("num_pieces", "difference to the best memorizer"),
    "attribution.beyond_right_share": _shift("num_windows", "difference to the blind pole"),
    "complexity.memorized_forming_layer_share": _shift("num_windows", "share of depth"),
    "novelty.ngram_8_novel_rate": _shift("num_prompts", "difference to its human author"),
    "propensity.ordinary_rate": _rate("num_prompts", _CONTINUATIONS),
}
"""Claims and how their sample sizes follow from an audit's Params."""


def planned(audits: Iterable[Audit], profile: Profile, canaries: SecretList | None = None) -> tuple[Sensitivity, ...]:
    """What the samples of a plan can show if the sources have so many documents.

    Args:
        audits: that are planned.
        profile: sizes of their samples.
        canaries: whose exposure is asked for; None for none.
    Returns:
        a row for each claim whose sample size is known, in the order of the audits.
    """
    return tuple(
        row
        for audit in audits
        for name, build in _PLANNED.items()
        if name.partition(".")[0] == audit.name and (row := build(name, audit.profiles[profile], canaries)) is not None
    )


def lines(rows: Iterable[Sensitivity]) -> list[str]:
    """The rows of a plan, to print."""
    said = [f"  {row.name}, {row.sample}: {row.said}" for row in rows]
    if not said:
        return []
    head = (
        "Smallest effects found in four of five studies, by the 95 % intervals and before the correction for several "
        "claims (half of the held-out documents are controls; fewer documents than windows find less):"
    )
    return [head, *said]


def reached(results: Iterable[Result]) -> tuple[Sensitivity, ...]:
    """What the samples that there were could have shown of a subject: from sizes and widths, not from what came out.

    Args:
        results: of one subject.
    Returns:
        a row for each estimate of `_PLANNED` with an excess, or with an interval of its own around 0.
    """
    found = ((e.name, e) for r in results for e in r.evidence if isinstance(e, Estimate) and e.name in _PLANNED)
    return tuple(row for name, it in found if (row := _reached(name, it)) is not None)


def _reached(name: str, it: Estimate) -> Sensitivity | None:
    if name == "exposure.right_guess_rate":
        return _guess_row(name, it.n)
    if it.unit == "rate" and it.control is not None and it.control.n and it.control.value < 1:
        smallest = smallest_rate(it.control.value, it.n, it.control.n, confidence=it.confidence)
        said = f"where unseen text gives {_percent(it.control.value)}, as here, a rate of "
        said = "no rate is told from unseen text's" if smallest is None else said + _percent(smallest)
        counted = _CONTINUATIONS if name.startswith("propensity") else "windows"
        sample = f"{it.n:,} + {it.control.n:,} {counted}"
        return Sensitivity(name=name, sample=sample, smallest=smallest, unit=it.unit, said=said)
    bounds = (it.low, it.high) if it.excess is None else (it.excess.low, it.excess.high)
    if bounds[0] is None or bounds[1] is None or bounds[0] == bounds[1]:
        return None
    smallest = shift_of_interval(bounds[0], bounds[1], confidence=it.confidence)
    points = f"{100 * smallest:.2g} percentage points"
    size = points if it.unit in ("rate", "share") else f"{smallest:.2g} {it.unit}"
    said = f"a difference of {size}, by the width of the interval"
    return Sensitivity(name=name, sample=f"{it.n:,} documents", smallest=smallest, unit=it.unit, said=said)
