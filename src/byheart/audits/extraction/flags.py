"""A threshold of memory with a declared false-positive rate, and which passages are above it."""

from collections.abc import Sequence

import numpy as np

from byheart.audits.extraction.params import Params
from byheart.core.evidence import Cell, Estimate, Evidence, Refusal, Table
from byheart.core.material import Inputs, Window
from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.conformal import conformal_p_values, conformal_threshold, twins_needed
from byheart.stats.gated import difference, equal_beginnings
from byheart.stats.intervals import clopper_pearson
from byheart.stats.multiplicity import benjamini_hochberg
from byheart.stats.split_gate import split_auc

MAX_ROWS = 20
"""Passages listed."""


def flags(
    base: Sequence[Window], controls: Sequence[Window], inputs: Inputs, params: Params, *, rng: np.random.Generator
) -> tuple[Evidence, ...]:
    """How many trained-on passages are likelier than unseen text is, and which of them may be named.

    To name a passage is to claim its membership: where a classifier that never sees the subject tells the two sets
    apart, the held-out windows are no twins, and both the rate and the names are refused (protocols.md, rule 4).

    Definition:
        s = mean log P(suffix token given its past); threshold from the held-out windows by `conformal_threshold`; flags
        by Benjamini-Hochberg over `conformal_p_values`
    Args:
        base: trained-on windows of the base sample.
        controls: held-out windows: their twins.
        inputs: to read the windows as text.
        params: suffix, confidence and declared rate.
        rng: of the gate alone.
    Source: Bates et al. 2023, "Testing for outliers with conformal p-values" (2104.08279).
    Differs: nothing.
    """
    name, rate = "extraction.above_threshold_rate", params.false_positive_rate
    needed = twins_needed(rate)
    if len(controls) < needed or not base:
        reason = (
            f"A false-positive rate of {rate:g} needs at least {needed} held-out windows and one trained-on window; "
            f"there are {len(controls)} and {len(base)}."
        )
        return (Refusal(name=name, reason=reason),)
    sides = equal_beginnings(*([_text(w, inputs) for w in side] for side in (base, controls)))
    try:
        gate = split_auc(*sides, rng=rng, confidence=params.confidence)
    except InputError as error:
        return (Refusal(name=name, reason=f"{error.what} {error.why} No passage is named."),)
    differs = difference(gate, params.confidence)
    if differs:
        return (Refusal(name=name, reason=f"{differs} No passage is named."),)
    scores, twins = _scores(base, params), _scores(controls, params)
    threshold, false_positives = conformal_threshold(twins, rate, confidence=params.confidence)
    above = clopper_pearson(int((scores > threshold).sum()), len(base), confidence=params.confidence)
    return (
        Estimate(
            name=name,
            value=above.value,
            unit="rate",
            low=above.low,
            high=above.high,
            confidence=params.confidence,
            n=len(base),
            method=f"Windows whose suffix is likelier than {threshold:.3f} nats per token, the threshold that "
            f"{len(controls)} held-out windows give for a false-positive rate of at most {rate:g}; Clopper-Pearson "
            "interval given the threshold. Control: the false-positive rate of that threshold, with its Beta interval. "
            f"Split gate: a classifier that never sees the subject has AUC {gate.value:.2f} ({gate.low:.2f} to "
            f"{gate.high:.2f}), which does not tell the two sets apart.",
            control=false_positives,
        ),
        _table(base, scores, conformal_p_values(scores, twins), rate),
    )


def _text(window: Window, inputs: Inputs) -> str:
    return inputs.decode(np.concatenate([window.prefix, window.suffix.token_ids]))


def _scores(windows: Sequence[Window], params: Params) -> Floats:
    length = params.suffix_tokens
    return np.array([w.suffix.log_probability_nats[:length].mean() for w in windows], dtype=np.float64)


def _table(base: Sequence[Window], scores: Floats, p_values: Floats, rate: float) -> Table:
    flagged = benjamini_hochberg(p_values, rate)
    order = sorted(range(len(base)), key=lambda i: (p_values[i], -scores[i], base[i].document, base[i].span.start))
    rows: list[tuple[Cell, ...]] = [
        (
            base[i].document,
            base[i].span.start,
            base[i].span.stop,
            base[i].num_occurrences,
            float(-scores[i]),
            float(p_values[i]),
            "yes" if flagged[i] else "no",
        )
        for i in order[:MAX_ROWS]
    ]
    return Table(
        name="extraction.flags",
        title=f"{int(flagged.sum())} of {len(base)} passages can be named as likelier than unseen text, at most "
        f"{100 * rate:g} % of them wrongly on average; the likeliest first",
        columns=("document", "from byte", "to byte", "occurrences", "nats per token", "p-value", "flagged"),
        rows=tuple(rows),
    )
