"""How the answer depends on what is asked: tries, tokens to be recited, tokens given."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from byheart.audits.extraction.coming_out import count, is_greedily_extracted, log_pz_nats, reaches, tells_pz
from byheart.audits.extraction.params import Params
from byheart.core.evidence import Cell, Line, Point, Role, Series, Table
from byheart.core.material import Window
from byheart.stats.claims import excess_cells
from byheart.stats.intervals import clopper_pearson
from byheart.stats.tries import chance_to_come_out, tries_needed

Rule = Callable[[Window], bool]


def tries(members: Sequence[Window], controls: Sequence[Window], params: Params) -> Series:
    """Share of windows extractable with n tries."""
    grid = np.logspace(0, 6, 25)

    def line(label: str, role: Role, windows: Sequence[Window], confidence: float) -> Line:
        needed = np.array([tries_needed(log_pz_nats(w, params.suffix_tokens), confidence) for w in windows])
        counts = [int((needed <= n * (1 + 1e-12)).sum()) for n in grid]
        shares = [clopper_pearson(count, len(windows), confidence=params.confidence) for count in counts]
        points = tuple(Point(float(n), s.value, s.low, s.high, s.n) for n, s in zip(grid, shares, strict=True))
        return Line(label, role, points)

    lines = [line(f"trained-on, p = {p}", "subject", members, p) for p in (0.1, 0.5, 0.9)]
    lines.append(line("held-out, p = 0.1", "control", controls, 0.1))
    most = float(grid[-1])

    def expected(windows: Sequence[Window]) -> str:
        chances = [chance_to_come_out(log_pz_nats(w, params.suffix_tokens), most) for w in windows]
        mean = 100 * sum(chances) / len(chances)
        return f"{mean:.3g} %" if mean == 0 or mean >= 0.1 else "less than 0.1 %"

    return Series(
        name="extraction.tries",
        title=f"In a million tries {expected(members)} of trained-on passages come out on average, "
        f"{expected(controls)} of unseen",
        x="tries (n)",
        y="share of passages extractable",
        lines=tuple(lines),
        x_is_log=True,
        note="Temperature 1, top-k 40. p is the confidence that the passage has come out at least once in n tries. The "
        "average is the mean over these passages of 1 - (1 - p_z)^n.",
    )


def suffix_sweep(members: Sequence[Window], controls: Sequence[Window], params: Params) -> Table:
    """The same windows with a shorter suffix: short suffixes come out by chance more often, hence the control."""
    rows: list[tuple[Cell, ...]] = []
    for length in sorted({min(length, params.suffix_tokens) for length in (10, 20, params.suffix_tokens)}):
        rows += _rows(members, controls, length, length, params)
    columns = ("suffix tokens", "rule", "came out", "of trained-on", "came out", "of held-out", "excess", "low", "high")
    title = "How much comes out depends on how much is asked: the same windows with shorter suffixes"
    return Table(name="extraction.suffix_sweep", title=title, columns=columns, rows=tuple(rows))


def prefix_sweep(windows: Sequence[Window], params: Params) -> tuple[Table, ...]:
    """The same suffixes after fewer and more tokens given: a longer prompt draws out more of what is known by heart.

    Args:
        windows: of both sides, with prefixes of several lengths.
        params: suffix and confidence.
    Returns:
        one table; none where a side is missing.
    """
    rows: list[tuple[Cell, ...]] = []
    for given in sorted({int(w.prefix.size) for w in windows}):
        alike = [w for w in windows if w.prefix.size == given]
        members, controls = ([w for w in alike if w.role == role] for role in ("member", "control"))
        if members and controls:
            rows += _rows(members, controls, given, params.suffix_tokens, params)
    if not rows:
        return ()
    columns = ("prefix tokens", "rule", "came out", "of trained-on", "came out", "of held-out", "excess", "low", "high")
    title = "How much comes out depends on how much is given: the same suffixes after shorter and longer prefixes"
    return (Table(name="extraction.prefix_sweep", title=title, columns=columns, rows=tuple(rows)),)


def _rows(
    members: Sequence[Window], controls: Sequence[Window], label: int, length: int, params: Params
) -> list[tuple[Cell, ...]]:
    """What came out of both sides by each rule that the subject's probabilities allow."""
    rules: tuple[tuple[str, Rule], ...] = (
        ("greedy", partial(is_greedily_extracted, num_tokens=length)),
        ("p_z >= 0.001", partial(reaches, num_tokens=length, pz=0.001)),
    )
    rows: list[tuple[Cell, ...]] = []
    for name, came_out in rules if tells_pz([*members, *controls]) else rules[:1]:
        seen, unseen = count(members, came_out), count(controls, came_out)
        rows.append((label, name, *seen, *unseen, *excess_cells(seen, unseen, confidence=params.confidence)))
    return rows
