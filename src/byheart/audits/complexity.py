"""A4 complexity of a given model: in which of its layers does a prediction form, on trained-on text and on other?

Question: Do sure predictions form earlier or later in the depth on text that the subject was trained on?
Statistic: Logit lens: the states after each layer are read through the final norm and the output matrix as if the layer
    were the last. The forming layer of a token is the earliest one from which on the lens says (arg-max, equals by the
    smaller id) what the last layer says; its share of depth is that layer by the number of layers: 0 is the embedding,
    1 the last layer. Means are over the scored tokens of windows. A token is sure where the subject gives it a
    probability of 1/2 or more. Of a trained-on window it must also be what the trained-on text has after the longest
    match of its context, of at least 32 tokens: nearly every token is, as the window was cut from that text.
Null: Sure predictions may form at another depth than unsure ones, learned by heart or not. So the sure tokens of
    trained-on windows stand beside sure tokens of held-out windows that no stored match explains; and all tokens of
    trained-on windows beside all of held-out ones. A difference is one from these.
Assumptions: Windows are cut by one rule on both sides, at most one from a document and its copies; documents are
    independent. Intervals are document bootstraps, of differences between sides unpaired, within a side paired.
Fails when: Sure is not the same as known by heart: a token is sure as well where its context gives it away, so a
    difference that memory makes is diluted, and none may be seen where there is one. The lens reads early layers
    badly: they need not speak the language of the last one, and in models whose layers turn the basis the lens says
    less the earlier the layer; compare shares within one model only. Text that the model saw but the trained-on
    sources do not hold counts as held-out. An arg-max can agree by accident in early layers, but must hold up to the
    last.
Source: theory.md A4; nostalgebraist 2020, "Interpreting GPT: the logit lens"; Belrose et al. 2023, tuned lens
    (2303.08112); Haviv et al. 2023, "Understanding Transformer Memorization Recall Through Idioms" (2210.03588), where
    memorized tokens are promoted in early layers and confirmed in late ones.
"""

from dataclasses import dataclass

import numpy as np

from byheart.audits.complexity_kinds import KINDS, Counted, Kind, count
from byheart.core.audit import Audit
from byheart.core.evidence import Cell, Estimate, Evidence, Interval, Line, Point, Refusal, Series, Table
from byheart.core.material import Inputs
from byheart.core.needs import LayersNeed, Need, WindowsNeed
from byheart.stats.bootstrap import MIN_CLUSTERS, ratio_difference, ratio_of_sums
from byheart.stats.shares import token_shares
from byheart.stats.unpaired import unpaired_difference

ALL, MEMORIZED, WITHIN = (
    "complexity.forming_layer_share",
    "complexity.memorized_forming_layer_share",
    "complexity.memorized_difference_share",
)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the complexity audit."""

    prefix_tokens: int = 50
    """Tokens given."""
    suffix_tokens: int = 50
    """Tokens whose forming layer is asked."""
    num_windows: int = 24
    """Windows of each side."""
    confidence: float = 0.95
    """Coverage of the intervals."""


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """Shares of depth, and what formed by which layer."""
    if not inputs.layered:
        return (Refusal(name=ALL, reason="There is no window to ask; give more text of both sides."),)
    counted = {kind: count(inputs.layered, kind) for kind in KINDS}
    streams = rng.spawn(4)
    return (
        _beside(ALL, counted[Kind.MEMBER], counted[Kind.HELD_OUT], params, rng=streams[0]),
        _beside(MEMORIZED, counted[Kind.MEMORIZED], counted[Kind.SURE], params, rng=streams[1]),
        _within(inputs, params, rng=streams[2]),
        _table(counted, params, rng=streams[3]),
        *_formed_by(counted, inputs.layered[0].num_layers, params),
    )


_WHAT = {
    ALL: "Mean forming layer of the tokens of trained-on windows, as a share of the depth; control: held-out windows",
    MEMORIZED: "Mean forming layer of sure tokens of trained-on windows (probability 1/2 or more), as a share of the "
    "depth; control: sure tokens of held-out windows that no stored match explains",
    WITHIN: "Mean share of depth of sure tokens less that of the other tokens of trained-on windows",
}


def _beside(name: str, own: Counted, other: Counted, params: Params, *, rng: np.random.Generator) -> Estimate | Refusal:
    """A mean beside that of other documents."""
    for counted in (own, other):
        if counted.num_documents < MIN_CLUSTERS:
            return Refusal(
                name=name,
                reason=f"{counted.kind}: there are such tokens in {counted.num_documents} documents; an interval needs "
                f"{MIN_CLUSTERS}. Give more text, or more windows (a larger --profile).",
            )
    first, second, third = rng.spawn(3)
    found, control = _mean(own, params, rng=first), _mean(other, params, rng=second)
    excess = unpaired_difference(
        (own.depths, own.tokens), (other.depths, other.tokens), rng=third, confidence=params.confidence
    )
    return Estimate(
        name=name,
        value=found.value,
        unit="share",
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=own.num_documents,
        method=f"{_WHAT[name]}; percentile bootstrap over documents, the difference unpaired.",
        control=control,
        excess=excess,
    )


def _mean(counted: Counted, params: Params, *, rng: np.random.Generator) -> Interval:
    columns = (counted.depths[:, None], counted.tokens[:, None])
    return ratio_of_sums(*columns, rng=rng, confidence=params.confidence)[0]


def _within(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> Estimate | Refusal:
    """Sure tokens against the others of the same windows, paired by document."""
    members = [window for window in inputs.layered if window.role == "member"]
    if not members:
        return Refusal(name=WITHIN, reason="There is no window of trained-on text.")
    known, others = (count(members, kind, keep_empty=True) for kind in (Kind.MEMORIZED, Kind.OTHER))
    num_both = int(((known.tokens > 0) & (others.tokens > 0)).sum())
    if num_both < MIN_CLUSTERS:
        return Refusal(
            name=WITHIN,
            reason=f"Only {num_both} trained-on documents have sure and other tokens; an interval needs "
            f"{MIN_CLUSTERS}.",
        )
    found = ratio_difference(
        (known.depths, known.tokens), (others.depths, others.tokens), rng=rng, confidence=params.confidence
    )
    return Estimate(
        name=WITHIN,
        value=found.value,
        unit="share",
        low=found.low,
        high=found.high,
        confidence=params.confidence,
        n=num_both,
        method=f"{_WHAT[WITHIN]}; paired percentile bootstrap over documents.",
    )


def _table(counted: dict[Kind, Counted], params: Params, *, rng: np.random.Generator) -> Table:
    """Every kind of tokens."""
    rows: list[tuple[Cell, ...]] = []
    for kind, of_kind in zip(KINDS, rng.spawn(len(KINDS)), strict=True):
        it = counted[kind]
        bounds: tuple[float | None, float | None] = (None, None)
        if it.num_documents >= MIN_CLUSTERS:
            interval = _mean(it, params, rng=of_kind)
            bounds = (interval.low, interval.high)
        mean = it.mean
        layer = None if mean is None else mean * it.num_layers
        rows.append((str(kind), int(it.tokens.sum()), it.num_documents, mean, *bounds, layer, it.right_share))
    return Table(
        name="complexity.forming",
        title=_finding(counted),
        columns=("tokens", "number", "documents", "share of depth", "low", "high", "layer", "foreseen, share"),
        rows=tuple(rows),
    )


def _finding(counted: dict[Kind, Counted]) -> str:
    known, sure = counted[Kind.MEMORIZED].mean, counted[Kind.SURE].mean
    if known is None:
        return "No token of the trained-on windows is said for sure"
    said = f"Sure tokens of trained-on text form after {100 * known:.0f} % of the layers on average"
    return said if sure is None else f"{said}, of unseen text after {100 * sure:.0f} %"


def _formed_by(counted: dict[Kind, Counted], num_layers: int, params: Params) -> tuple[Series, ...]:
    """Share of tokens whose prediction has formed by each layer."""
    lines = []
    for kind in (Kind.MEMORIZED, Kind.SURE, Kind.HELD_OUT):
        it = counted[kind]
        if it.num_documents < MIN_CLUSTERS:
            continue
        shares = token_shares(it.formed_by, it.tokens, confidence=params.confidence)
        points = tuple(Point(float(layer), one.value, one.low, one.high, one.n) for layer, one in enumerate(shares))
        lines.append(Line(str(kind), "subject" if kind is Kind.MEMORIZED else "control", points))
    if not lines:
        return ()
    return (
        Series(
            name="complexity.formed_by_layer",
            title=_finding(counted),
            x=f"layer, of {num_layers} (0: the embedding)",
            y="share of tokens whose prediction has formed",
            lines=tuple(lines),
            note="Read through the logit lens: final norm and output matrix on the states after each layer. Bands: "
            "Korn and Graubard over documents, layer by layer.",
        ),
    )


def needs(params: Params) -> tuple[Need, ...]:
    """Windows of both sides, layer by layer."""
    windows = WindowsNeed(
        prefix_tokens=params.prefix_tokens,
        suffix_tokens=params.suffix_tokens,
        num_windows=params.num_windows,
        num_per_stratum=0,
    )
    return (LayersNeed(windows=windows),)


AUDIT = Audit(
    name="complexity",
    version=2,
    question="In which of its layers does a sure prediction form, on trained-on text and on other text?",
    profiles={
        "quick": Params(),
        "standard": Params(num_windows=100),
        "full": Params(num_windows=400),
    },
    needs=needs,
    run=run,
)
