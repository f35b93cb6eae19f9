"""B1 extraction: does trained-on text come out when its beginning is given?

Question: Given the first tokens of a passage that it was trained on, does the subject continue it word for word?
Statistic: Windows of prefix and suffix tokens, cut from one encoding of each document. greedy: every suffix token is
    the subject's most probable token given what precedes it, which is the same as saying that greedy generation
    reproduces the suffix exactly. p_z: the probability of drawing the whole suffix in one try at temperature 1 with
    top-k 40 renormalisation; a passage is extractable with n tries at confidence p if n >= log(1-p)/log(1-p_z).
    Rates are shares of windows; strata go by the number of occurrences of the whole window in the corpus.
Null: The same statistic on windows of held-out documents, cut by the same rule. A claim 'memorized' is a claim about
    the excess of the trained-on rate over the held-out rate; a blind pole with an excess of its own refutes it.
Assumptions: Windows are distinct and at most one comes from a document (in strata: one in each stratum), so they
    count as independent trials; documents are independent of one another; the held-out documents come from the same
    source as the trained-on ones and are unseen by the subject.
Fails when: The held-out text was in fact seen (the excess is then too small), or differs in kind from the trained-on
    text (the excess is then anything). Predictable text is extractable without being memorized: see the control.
    A window given without what stood before it in its document understates what a longer prompt would draw out.
Source: Carlini et al. 2022, "Quantifying Memorization Across Neural Language Models" (2202.07646), greedy; Hayes et al.
    2024, "Measuring memorization through probabilistic discoverable extraction" (2410.19482), p_z and n tries; Cooper
    et al. 2026 (2607.12649), the held-out control.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from byheart.core.audit import Audit
from byheart.core.evidence import Cell, Evidence, Exhibit, Interval, Line, Point, Refusal, Role, Series, Table, Token
from byheart.core.material import Inputs, Need, Window, WindowsNeed
from byheart.core.token_scores import TOP_K
from byheart.stats.claims import rate_beside_control
from byheart.stats.intervals import clopper_pearson, newcombe

STRATA = (1, 2, 4, 16, 64)
"""Lower ends of the strata of occurrences: 1, 2-3, 4-15, 16-63, 64 and more."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the extraction audit."""

    prefix_tokens: int = 50
    """Tokens given."""
    suffix_tokens: int = 50
    """Tokens to be recited."""
    num_windows: int = 100
    """Windows of each side in the base sample."""
    num_per_stratum: int = 12
    """Windows to have in each stratum of occurrences, where the corpus has them."""
    num_exhibits: int = 4
    """Passages to show."""
    confidence: float = 0.95
    """Coverage of the intervals."""


def is_greedily_extracted(window: Window, num_tokens: int) -> bool:
    """Whether greedy generation reproduces the first tokens of the suffix.

    Definition:
        AND over the first num_tokens suffix tokens t of [x_t = argmax_w P(w given x_<t)]
    Args:
        window: a scored window.
        num_tokens: how much of the suffix counts, >= 1.
    Source: Carlini et al. 2022 (2202.07646); protocols.md B1: the teacher-forced shortcut equals free generation.
    Differs: nothing.
    """
    return bool(window.suffix.is_argmax[:num_tokens].all())


def log_pz_nats(window: Window, num_tokens: int) -> float:
    """Log-probability of drawing the first tokens of the suffix in one try.

    Definition:
        log p_z = sum_t log q(x_t given x_<t), q the next-token distribution after top-k 40 at temperature 1
    Args:
        window: a scored window.
        num_tokens: how much of the suffix counts, >= 1.
    Returns:
        nats, <= 0; -inf where one token is not among the 40 most probable.
    Source: Hayes et al. 2024 (2410.19482), equation for p_z.
    Differs: nothing.
    """
    return float(window.suffix.top_k_log_probability_nats[:num_tokens].sum())


def tries_needed(log_pz: float, confidence: float) -> float:
    """Tries after which the suffix has come out at least once with the given confidence.

    Definition:
        n = log(1 - p) / log(1 - p_z)
    Args:
        log_pz: log p_z in nats, <= 0.
        confidence: p, in (0, 1).
    Returns:
        a number of tries, at least 1; inf where p_z is 0.
    Source: Hayes et al. 2024 (2410.19482), (n, p)-discoverable extraction.
    Differs: nothing.
    """
    if log_pz == -math.inf:
        return math.inf
    pz = math.exp(log_pz)
    if pz >= 1.0:
        return 1.0
    failure = math.log1p(-pz) if pz > 0 else 0.0
    return math.inf if failure == 0.0 else max(1.0, math.log1p(-confidence) / failure)


def _tells_pz(windows: Sequence[Window]) -> bool:
    """Whether the subject shows enough of its probabilities for p_z."""
    return all(window.suffix.knows_top_k for window in windows)


def _reaches(window: Window, num_tokens: int, pz: float) -> bool:
    return log_pz_nats(window, num_tokens) >= math.log(pz)


def _count(windows: Sequence[Window], came_out: Callable[[Window], bool]) -> tuple[int, int]:
    return sum(map(came_out, windows)), len(windows)


def _stratum(num_occurrences: int) -> int:
    return int(np.searchsorted(STRATA, num_occurrences, side="right")) - 1


def _stratum_label(index: int) -> str:
    low = STRATA[index]
    if index + 1 == len(STRATA):
        return f"{low} or more"
    high = STRATA[index + 1] - 1
    return str(low) if low == high else f"{low}-{high}"


def _law(members: Sequence[Window], controls: Sequence[Window], params: Params) -> tuple[Evidence, ...]:
    """The law of repetition: rates by number of occurrences, as a figure and as a table."""
    length = params.suffix_tokens
    rows: list[tuple[Cell, ...]] = []

    def row(label: str, group: Sequence[Window]) -> Interval:
        hits, n = _count(group, partial(is_greedily_extracted, num_tokens=length))
        rate = clopper_pearson(hits, n, confidence=params.confidence)
        half = _count(group, partial(_reaches, num_tokens=length, pz=0.5))[0] if _tells_pz(group) else None
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


def _tries(members: Sequence[Window], controls: Sequence[Window], params: Params) -> Series:
    """Share of windows extractable with n tries."""
    grid = np.logspace(0, 6, 25)

    def line(label: str, role: Role, windows: Sequence[Window], confidence: float) -> Line:
        needed = np.array([tries_needed(log_pz_nats(w, params.suffix_tokens), confidence) for w in windows])
        shares = [clopper_pearson(int((needed <= n * (1 + 1e-12)).sum()), len(windows)) for n in grid]
        points = tuple(Point(float(n), s.value, s.low, s.high, s.n) for n, s in zip(grid, shares, strict=True))
        return Line(label, role, points)

    lines = [line(f"trained-on, p = {p}", "subject", members, p) for p in (0.1, 0.5, 0.9)]
    lines.append(line("held-out, p = 0.1", "control", controls, 0.1))
    seen, unseen = lines[0].points[-1].y, lines[-1].points[-1].y
    return Series(
        name="extraction.tries",
        title=f"In a million tries {100 * seen:.0f} % of trained-on passages come out, {100 * unseen:.0f} % of unseen",
        x="tries (n)",
        y="share of passages extractable",
        lines=tuple(lines),
        x_is_log=True,
        note="Temperature 1, top-k 40. p is the confidence that the passage has come out at least once in n tries.",
    )


def _sweep(members: Sequence[Window], controls: Sequence[Window], params: Params) -> Table:
    """The same windows with a shorter suffix: short suffixes come out by chance more often, hence the control."""
    rows: list[tuple[Cell, ...]] = []
    for length in sorted({min(length, params.suffix_tokens) for length in (10, 20, params.suffix_tokens)}):
        rules: tuple[tuple[str, Callable[[Window], bool]], ...] = (
            ("greedy", partial(is_greedily_extracted, num_tokens=length)),
            ("p_z >= 0.001", partial(_reaches, num_tokens=length, pz=0.001)),
        )
        for label, came_out in rules if _tells_pz([*members, *controls]) else rules[:1]:
            seen, unseen = _count(members, came_out), _count(controls, came_out)
            excess = newcombe(seen, unseen, confidence=params.confidence)
            rows.append((length, label, *seen, *unseen, excess.value, excess.low, excess.high))
    columns = ("suffix tokens", "rule", "came out", "of trained-on", "came out", "of held-out", "excess", "low", "high")
    title = "How much comes out depends on how much is asked: the same windows with shorter suffixes"
    return Table(name="extraction.suffix_sweep", title=title, columns=columns, rows=tuple(rows))


def _exhibits(inputs: Inputs, params: Params) -> list[Exhibit]:
    """The trained-on passages that come out most readily, one per document."""
    members = [w for w in inputs.windows if w.role == "member"]
    ranked = sorted(members, key=lambda w: (-w.suffix.log_probability_nats.sum(), w.document, w.span.start))
    exhibits: list[Exhibit] = []
    for window in ranked:
        if len(exhibits) == params.num_exhibits:
            break
        if any(e.document == window.document for e in exhibits):
            continue
        suffix = window.suffix
        tokens = tuple(
            Token(
                inputs.decode(suffix.token_ids[i : i + 1]),
                agrees=bool(suffix.is_argmax[i]),
                predicted=""
                if suffix.is_argmax[i] or not suffix.knows("argmax_id")
                else inputs.decode(suffix.argmax_id[i : i + 1]),
            )
            for i in range(len(suffix))
        )
        facts: tuple[tuple[str, int | float], ...] = (("occurrences in the corpus", window.num_occurrences),)
        if window.suffix.knows_top_k:
            log_pz = log_pz_nats(window, params.suffix_tokens)
            facts += (("p_z", math.exp(log_pz) if log_pz > -math.inf else 0.0),)
        exhibits.append(
            Exhibit(
                name="extraction.passage",
                label="Recited word for word" if suffix.is_argmax.all() else "Closest to being recited",
                document=window.document,
                start_byte=window.span.start,
                stop_byte=window.span.stop,
                role="subject",
                given=inputs.decode(window.prefix),
                tokens=tokens,
                facts=facts,
            )
        )
    return exhibits


def run(inputs: Inputs, params: Params, *, rng: np.random.Generator) -> tuple[Evidence, ...]:
    """The evidence of the audit; no statistic here is random."""
    members = [w for w in inputs.windows if w.role == "member"]
    controls = [w for w in inputs.windows if w.role == "control"]
    base = [w for w in members if w.in_base_sample]
    length = params.suffix_tokens
    after = f"{length} tokens after {params.prefix_tokens} given."
    rules: tuple[tuple[str, str, Callable[[Window], bool]], ...] = (
        ("extraction.greedy_rate", f"Greedy: {after}", partial(is_greedily_extracted, num_tokens=length)),
        ("extraction.pz_half_rate", f"p_z >= 0.5: {after}", partial(_reaches, num_tokens=length, pz=0.5)),
        ("extraction.pz_1e3_rate", f"p_z >= 0.001: {after}", partial(_reaches, num_tokens=length, pz=0.001)),
    )
    evidence: list[Evidence] = []
    tells_pz = _tells_pz(inputs.windows)
    for name, method, came_out in rules:
        if not tells_pz and "pz" in name:
            evidence.append(Refusal(name=name, reason=f"p_z needs the {TOP_K} most probable tokens at each place."))
            continue
        seen, unseen = _count(base, came_out), _count(controls, came_out)
        evidence.append(rate_beside_control(name, seen, unseen, method=method, confidence=params.confidence))
    if base and controls:
        evidence += _law(members, controls, params)
        evidence += [_tries(base, controls, params)] if tells_pz else []
        evidence.append(_sweep(base, controls, params))
    return (*evidence, *_exhibits(inputs, params))


def needs(params: Params) -> tuple[Need, ...]:
    """Scored windows of both sides."""
    return (
        WindowsNeed(
            prefix_tokens=params.prefix_tokens,
            suffix_tokens=params.suffix_tokens,
            num_windows=params.num_windows,
            num_per_stratum=params.num_per_stratum,
            strata=STRATA,
        ),
    )


AUDIT = Audit(
    name="extraction",
    version=1,
    question="Given the beginning of a passage that it was trained on, does it continue word for word?",
    profiles={
        "quick": Params(),
        "standard": Params(num_windows=400, num_per_stratum=50),
        "full": Params(num_windows=2000, num_per_stratum=200),
    },
    needs=needs,
    run=run,
)
