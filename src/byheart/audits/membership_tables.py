"""What the membership audit shows beside its headline: the ROC curve, all scores, and the law of repetition."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.membership_gate import finds
from byheart.audits.membership_scores import Sides, loss
from byheart.core.evidence import Cell, Interval, Line, Point, Series, Table
from byheart.core.material import ComparedWindow, Inputs
from byheart.core.tokens import Floats
from byheart.stats.multiplicity import holm
from byheart.stats.roc import MIN_SIDE, auc, controls_needed, roc_curve, tpr_at_fpr

HEADLINE = "loss"
"""The score of the headline, fixed before any result."""
STRATA = (1, 2, 4, 16, 64)
"""Lower ends of the strata of occurrences: those of extraction, whose windows these are."""
CURVE = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
"""False positive rates of the figure."""


def roc_figure(sides: Sides, confidence: float, *, caveat: str) -> Series:
    """The ROC curve of the headline score beside chance, on a logarithmic axis of false positives."""
    curve = roc_curve(sides.members, sides.controls, CURVE, confidence=confidence)
    points = tuple(Point(rate, it.value, it.low, it.high, it.n) for rate, it in curve)
    rate, share = curve[0]
    finding = (
        f"{100 * share.value:.0f} % of trained-on documents stand above the {100 * rate:g} % most alike of unseen ones"
    )
    return Series(
        name="membership.roc",
        title=f"{caveat}: no evidence about the model. {finding}" if caveat else finding,
        x="false positive rate",
        y="true positive rate",
        lines=(
            Line(HEADLINE, "subject", points),
            Line("chance", "control", tuple(Point(rate, rate) for rate, _ in curve)),
        ),
        x_is_log=True,
        note="False positive: an unseen document called trained-on; true positive: a trained-on one. "
        f"Score: {HEADLINE}, fixed in advance. Each interval also covers where the threshold may lie, which "
        f"{sides.controls.size:,} held-out documents leave open.",
    )


def scores_table(
    inputs: Inputs,
    sides: dict[str, Sides],
    p_values: dict[str, float],
    missing: dict[str, str],
    mixture: Sides | None,
    gate: Interval,
    confidence: float,
    *,
    caveat: str,
) -> Table:
    """Every score with its numbers, the gate in the same table; p-values corrected over the scores of the subject."""
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))

    def row(label: str, side: Sides, p: float | None, p_holm: float | None) -> tuple[Cell, ...]:
        area, tpr = side.auc(confidence), [None, None, None]
        if side.controls.size >= controls_needed(0.01):
            at = tpr_at_fpr(side.members, side.controls, 0.01, confidence=confidence)
            tpr = [at.value, at.low, at.high]  # type: ignore[list-item]
        return (label, side.members.size, side.controls.size, area.value, area.low, area.high, *tpr, p, p_holm)

    rows = [
        row(f"{name} (headline)" if name == HEADLINE else name, side, p_values[name], adjusted[name])
        for name, side in sides.items()
    ]
    rows += [(f"{name}: {why}", *(None,) * 10) for name, why in missing.items()]
    if mixture is not None:
        rows.append(row("the mixture of memorizers, which holds the text: loss", mixture, None, None))
    any_side = sides[HEADLINE]
    rows.append(
        (
            f"split gate: words, length, kinds of characters, without the subject{finds(gate, confidence)}",
            any_side.members.size,
            any_side.controls.size,
            gate.value,
            gate.low,
            gate.high,
            *(None,) * 5,
        )
    )
    return Table(
        name="membership.scores",
        title=_table_finding(adjusted, caveat, inputs.reference),
        columns=(
            "score",
            "trained-on",
            "held-out",
            "AUC",
            "low",
            "high",
            "TPR at 1 % FPR",
            "low",
            "high",
            "p, set level",
            "p, Holm",
        ),
        rows=tuple(rows),
    )


def _table_finding(adjusted: dict[str, float], caveat: str, reference: str | None) -> str:
    beside = f"; reference: {reference}" if reference is not None else ""
    if caveat:
        return f"{caveat}, so none of these numbers is evidence about the model{beside}"
    claimed: Sequence[str] = [name for name, p in adjusted.items() if p <= 0.05]
    said = f"{len(claimed)} of {len(adjusted)} scores tell the sets apart at 5 % after Holm's correction"
    return f"{said}{beside}"


def by_occurrences(inputs: Inputs, controls: Floats, confidence: float, *, caveat: str) -> tuple[Table, ...]:
    """The headline's AUC by how often the window stands in the corpus; windows that fill strata count here."""
    members = [w for w in inputs.windows if w.role == "member"]
    rows: list[tuple[Cell, ...]] = []
    for number, low in enumerate(STRATA):
        above = STRATA[number + 1] if number + 1 < len(STRATA) else None
        group = [w for w in members if low <= w.num_occurrences and (above is None or w.num_occurrences < above)]
        if not group:
            continue
        label = f"{low} or more" if above is None else str(low) if above == low + 1 else f"{low}-{above - 1}"
        found = np.array([loss(ComparedWindow(window=w), b"") for w in group])
        area = auc(found, controls, confidence=confidence) if len(group) >= MIN_SIDE else None
        rows.append((label, len(group), *((area.value, area.low, area.high) if area else (None, None, None))))
    if not rows:
        return ()
    title = f"AUC of the {HEADLINE} by occurrences, each against all held-out documents; below {MIN_SIDE} windows none"
    return (
        Table(
            name="membership.by_occurrences",
            title=f"{caveat}: no evidence about the model. {title}" if caveat else title,
            columns=("occurrences", "windows", "AUC", "low", "high"),
            rows=tuple(rows),
        ),
    )
