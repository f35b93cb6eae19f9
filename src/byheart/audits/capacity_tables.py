"""The figures and the table of the capacity experiment."""

import numpy as np

from byheart.audits.capacity_params import Params
from byheart.audits.capacity_trainings import Ladder
from byheart.core.evidence import Interval, Line, Point, Series, Table
from byheart.core.tokens import Floats
from byheart.stats.intervals import mean_of_few

_X = "entropy of the data, bits"


def curve(
    title: str,
    ladder: Ladder | None,
    params: Params,
    *,
    shown: Floats | None = None,
    half: Ladder | None = None,
    chance: Interval | None = None,
) -> Series:
    """Memorized bits against the entropy of the data.

    Args:
        title: the finding.
        ladder: of the networks; None: the table that holds everything.
        params: of the experiment.
        shown: bits to draw instead of the ladder's, shape [num_seeds, num_rungs].
        half: the same networks after half of the steps.
        chance: mean bits of unseen sequences, drawn for as many sequences as each rung has.
    """
    x = _entropies(params)
    if ladder is None:
        lines = [Line("memorized", "subject", _points(x, Ladder.possible_of(params)[None], params))]
    else:
        lines = [Line("memorized", "subject", _points(x, ladder.shown if shown is None else shown, params))]
    if half is not None:
        lines.append(Line("half steps", "subject", _points(x, half.shown, params)))
    if chance is not None:
        assert ladder is not None
        means = zip(x, params.ladder, ladder.unseen_means, strict=True)
        # The bound of all unseen sequences together: rung by rung it would be wider without saying more.
        points = tuple(
            Point(at, float(mean) * rung, 0.0, max(float(mean), chance.high) * rung, chance.n)
            for at, rung, mean in means
        )
        lines.append(Line("unseen", "control", points))
    return Series(
        name="capacity.curve",
        title=title,
        x=_X,
        y="memorized bits",
        lines=tuple(lines),
        x_is_log=True,
        note="Lookup pole: a table of all sequences shows their entropy less log2 N bits a sequence, because nobody "
        "tells it which one comes; no predictor shows more. Intervals: Student's t over seeds.",
    )


def _entropies(params: Params) -> list[float]:
    return [rung * params.sequence_tokens * float(np.log2(params.vocabulary_size)) for rung in params.ladder]


def _points(x: list[float], shown: Floats, params: Params) -> tuple[Point, ...]:
    points = []
    for at, column in zip(x, shown.T, strict=True):
        if len(column) < 2:
            points.append(Point(at, float(column[0]), n=1))
            continue
        found = mean_of_few(column.tolist(), confidence=params.confidence)
        points.append(Point(at, found.value, max(found.low, 0.0), min(found.high, at), found.n))
    return tuple(points)


def doubling_series(whole: Ladder, half: Ladder, params: Params) -> tuple[Series, ...]:
    """Share of what a table shows that the networks show, after all steps and after half of them."""
    x = _entropies(params)
    lines = (
        Line(f"{params.num_steps:,} steps", "subject", _points_of_share(x, whole, params)),
        Line(f"{params.num_steps // 2:,} steps", "subject", _points_of_share(x, half, params)),
    )
    first, second = (float((ladder.shown / ladder.possible)[:, -1].mean()) for ladder in (whole, half))
    return (
        Series(
            name="capacity.share_of_table",
            title=f"Of the largest data it holds {100 * first:.0f} % of what a table shows, after half of the steps "
            f"{100 * second:.0f} %",
            x=_X,
            y="share of the bits that a table shows",
            lines=lines,
            x_is_log=True,
        ),
    )


def _points_of_share(x: list[float], ladder: Ladder, params: Params) -> tuple[Point, ...]:
    shares = ladder.shown / ladder.possible
    return tuple(
        Point(p.x, min(p.y, 1.0), p.low, None if p.high is None else min(p.high, 1.0), p.n)
        for p in _points(x, shares, params)
    )


def ladder_table(whole: Ladder, half: Ladder, params: Params) -> Table:
    """Rung by rung: data, what a table shows, what the networks show."""
    rows = []
    for index, rung in enumerate(params.ladder):
        shown = whole.shown[:, index]
        bounds: tuple[float | None, float | None] = (None, None)
        if len(shown) > 1:
            found = mean_of_few(shown.tolist(), confidence=params.confidence)
            bounds = (max(found.low, 0.0), min(found.high, float(whole.entropy[index])))
        rows.append(
            (
                rung,
                float(whole.entropy[index]),
                float(whole.possible[0, index]),
                float(shown.mean()),
                *bounds,
                float(shown.min() / whole.entropy[index]),
                float(half.shown[:, index].mean()),
                float(whole.unseen_means[index]),
            )
        )
    return Table(
        name="capacity.ladder",
        title="Rung by rung, means over seeds",
        columns=(
            "sequences", "entropy, bits", "a table shows, bits", "memorized, bits", "low", "high",
            "of the entropy, least seed, share", "after half of the steps, bits", "an unseen sequence, bits",
        ),
        rows=tuple(rows),
    )  # fmt: skip
