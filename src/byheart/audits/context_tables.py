"""The table and the curves of the context audit."""

from collections.abc import Callable

import numpy as np

from byheart.audits.context_gains import (
    BAYES,
    BIGRAMS,
    COPY_RULE,
    FREQUENCIES,
    REFERENCES,
    TRIGRAMS,
    Gains,
    copy_gains,
    label_hits,
    rule_bits,
    rule_gains,
)
from byheart.core.context_material import ContextAnswers, RepeatedTokens, RuledPrompts
from byheart.core.evidence import Cell, Interval, Line, Point, Series, Table
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_of_sums
from byheart.stats.intervals import clopper_pearson

_REFERENCES_OF = {"copies": (), "chains": REFERENCES, "languages": (FREQUENCIES, BIGRAMS, TRIGRAMS)}
"""What reads the prompt alone; Bayes knows of chains, not of automata."""
_BINS = 12
"""Points of a curve along a prompt."""


def predictors_table(told: ContextAnswers, *, rng: np.random.Generator, confidence: float) -> Table:
    """Everyone's gain from each kind of rule over the same without it.

    Args:
        told: what everyone said; the subject first.
        rng: draws the resamples.
        confidence: coverage of the intervals.
    """
    asked: list[tuple[str, str, Callable[[str], Gains]]] = []
    if (repeated := told.repeated) is not None:
        asked.append(("copies", "copies, bits per token over other tokens", lambda name: copy_gains(repeated, name)))
    if (chains := told.chains) is not None:
        asked.append(("chains", "chains, bits per token over random order", lambda name: rule_gains(chains, name)))
    if (languages := told.languages) is not None:
        asked.append(
            ("languages", "languages, bits per token over random order", lambda name: rule_gains(languages, name))
        )
    columns, found = ["predictor"], {}
    rows: dict[str, list[Cell]] = {name: [name] for name in (*told.names, *REFERENCES, COPY_RULE)}
    for kind, heading, gains_of in asked:
        columns += [heading, "low", "high"]
        for name in rows:
            is_asked = name in told.names or name in _REFERENCES_OF[kind]
            interval = _mean(gains_of(name).excess, rng=rng, confidence=confidence) if is_asked else None
            rows[name] += _cells(interval)
            found[name, kind] = interval
    if told.labels is not None:
        columns += ["right label, rate", "low", "high", "right label when dealt at random, rate"]
        for name in rows:
            if name in REFERENCES:
                rows[name] += [None] * 4
                continue
            own, dealt = label_hits(told.labels, name)
            interval = clopper_pearson(int(own.sum()), own.size, confidence=confidence)
            rows[name] += [*_cells(interval), float(dealt.mean())]
    kinds = [kind for kind, _, _ in asked]
    title = _title(told.names, kinds, found)
    if told.labels is not None:
        shares = [float(label_hits(told.labels, name)[0].mean()) for name in told.names]
        title += f"; right label: {100 * shares[0]:.0f} %"
        title += f", the best other {100 * max(shares[1:]):.0f} %" if shares[1:] else ""
    # A reference that nobody asks anything would be a row of dashes.
    told_of = [tuple(row) for row in rows.values() if any(cell is not None for cell in row[1:])]
    return Table(name="context.predictors", title=title, columns=tuple(columns), rows=tuple(told_of))


def _title(names: tuple[str, ...], kinds: list[str], found: dict[tuple[str, str], Interval | None]) -> str:
    """From what the subject gains more than any other, by the intervals, and how much the others gain at most."""
    subject, others = names[0], names[1:]
    own: list[str] = []
    lost: list[str] = []
    for kind in kinds:
        it = found[subject, kind]
        bar = max((rival.high for name in others if (rival := found[name, kind]) is not None), default=0.0)
        (own if it is not None and it.low > max(bar, 0.0) else lost).append(kind)
    said = f"{subject} gains from " + " and ".join(own) if own else f"{subject} gains from none of the rules"
    if own and lost:
        said += f", not shown for {' and '.join(lost)}"
    most = max((it.value for name in others for kind in kinds if (it := found[name, kind]) is not None), default=None)
    return said if most is None else f"{said}; no other gains more than {max(most, 0.0):.2g} bits per token from any"


def _mean(values: Floats, *, rng: np.random.Generator, confidence: float) -> Interval | None:
    if values.size < MIN_CLUSTERS:
        return None
    column = values[:, None]
    (found,) = ratio_of_sums(column, np.ones_like(column), rng=rng, confidence=confidence)
    return found


def _cells(interval: Interval | None) -> list[Cell]:
    return [None, None, None] if interval is None else [interval.value, interval.low, interval.high]


def copy_curve(told: RepeatedTokens, subject: str, *, rng: np.random.Generator, confidence: float) -> Series:
    """Bits gained against the place in the run.

    Args:
        told: what was said.
        subject: whose curve.
        rng: draws the resamples.
        confidence: coverage of the intervals.
    """
    first = told.first[subject]
    gained, other = ((nats - first) / NATS_PER_BIT for nats in (told.again[subject], told.other[subject]))
    places = np.arange(1, first.shape[1] + 1, dtype=np.float64)
    early, late = float(gained[:, : max(places.size // 8, 1)].mean()), float(gained[:, places.size // 2 :].mean())
    return Series(
        name="context.copy_curve",
        title=f"Coming again, the first random tokens cost {early:.1f} bits less, those of the second half {late:.1f}",
        x="place in the run, tokens",
        y="bits gained the second time",
        lines=(
            Line("comes again", "subject", _points(places, gained, rng=rng, confidence=confidence)),
            Line("other tokens", "control", _points(places, other, rng=rng, confidence=confidence)),
        ),
        chance=0.0,
    )


def rule_curve(
    kind: str, prompts: RuledPrompts, subject: str, *, rng: np.random.Generator, confidence: float
) -> Series:
    """Bits gained over the same tokens in random order, along the prompt, beside the references.

    Args:
        kind: "chain" or "language".
        prompts: what was said.
        subject: whose curve.
        rng: draws the resamples.
        confidence: coverage of the intervals.
    """
    references = (BAYES,) if kind == "chain" else (BIGRAMS, TRIGRAMS)
    curves = {}
    for name in (subject, *references):
        ruled, shuffled = rule_bits(prompts, name)
        curves[name] = _binned(ruled - shuffled)
    places = _binned(np.arange(1, ruled.shape[1] + 1, dtype=np.float64)[None])[0]
    ends = {name: float(bits[:, -1].mean()) for name, bits in curves.items()}
    best = max(references, key=lambda name: ends[name])
    own = _points(places, curves[subject], rng=rng, confidence=confidence)
    return Series(
        name=f"context.{kind}_curve",
        title=f"{_worth(kind, own[-1])}; {ends[best]:.2f} to {best}",
        x="tokens of the prompt",
        y="bits gained over random order",
        lines=(
            Line(kind, "subject", own),
            # Without bounds: the same for every subject, so that the figure draws each once.
            *(Line(name, "control", _means(places, curves[name])) for name in references),
        ),
        chance=0.0,
    )


def _worth(kind: str, end: Point) -> str:
    """What the rule is worth at the end, as far as the interval there tells."""
    if end.low is None or end.high is None:
        return f"By the end of the prompt its {kind} is worth {end.y:.2f} bits per token here, too few for an interval"
    said = f"{end.y:.2f} bits per token here ({end.low:.2f} to {end.high:.2f})"
    if end.low <= 0 <= end.high:
        return f"That the {kind} is worth anything by the end of the prompt is not shown: {said}"
    return f"By the end of the prompt its {kind} is worth {said}"


def _binned(bits: Floats) -> Floats:
    """Means over stretches of the prompt, shape [N, at most _BINS]."""
    return np.stack([part.mean(axis=1) for part in np.array_split(bits, min(_BINS, bits.shape[1]), axis=1)], axis=1)


def _points(places: Floats, bits: Floats, *, rng: np.random.Generator, confidence: float) -> tuple[Point, ...]:
    n = bits.shape[0]
    if n < MIN_CLUSTERS:
        return _means(places, bits)
    intervals = ratio_of_sums(bits, np.ones_like(bits), rng=rng, confidence=confidence)
    return tuple(Point(float(x), it.value, it.low, it.high, n) for x, it in zip(places, intervals, strict=True))


def _means(places: Floats, bits: Floats) -> tuple[Point, ...]:
    return tuple(Point(float(x), float(y), n=bits.shape[0]) for x, y in zip(places, bits.mean(axis=0), strict=True))
