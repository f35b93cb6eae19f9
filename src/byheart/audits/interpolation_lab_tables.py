"""The figures and tables of the interpolation experiment."""

from collections.abc import Mapping, Sequence

import numpy as np

from byheart.audits.interpolation_lab_params import Params
from byheart.audits.interpolation_lab_trainings import Asked, Flags
from byheart.audits.interpolation_paths import DNF, LEAST_END_TO_END
from byheart.audits.interpolation_tables import STEPPING
from byheart.core.evidence import Line, Point, Role, Series, Table
from byheart.core.interpolation_material import SHUFFLED
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.stats.seed_rates import LEAST_SEEDS, rate_over_seeds


def _rate(flags: Sequence[Floats | Flags]) -> float | None:
    together = np.concatenate([np.asarray(one, dtype=np.float64).ravel() for one in flags])
    return float(together.mean()) if together.size else None


def _nearest(asked: Sequence[Asked], name: str, params: Params) -> list[Floats | Flags]:
    return [np.asarray(getattr(one, name))[one.distance == params.distances[0]] for one in asked]


def counted(flags: Sequence[Flags]) -> tuple[list[int], list[int]]:
    """Of each repetition, cases that are so and cases."""
    return [int(one.sum()) for one in flags], [int(one.size) for one in flags]


def predictors(everyone: Mapping[str, Sequence[Asked]], params: Params) -> Table:
    """Everyone on the same paths and contexts."""
    rows = []
    column = params.num_damaged.index(params.headline_damaged)
    for name, asked in everyone.items():
        rows.append(
            (
                name,
                _rate(_nearest(asked, "all_right", params)),
                _rate(_nearest(asked, "all_right_of_tokens", params)),
                _rate(_nearest(asked, "token_middle_is_right", params)),
                _rate(_nearest(asked, "middle_is_right", params)),
                _rate(_nearest(asked, "ends_are_right", params)),
                _rate([one.unseen_is_right for one in asked]),
                _rate(_nearest(asked, "largest_jump", params)),
                max(float(jumps.max()) for jumps in _nearest(asked, "largest_jump", params)),
                _rate(_nearest(asked, "num_changes", params)),
                _rate([_in_one_step(one, params) for one in asked]),
                _rate(_nearest(asked, "fired_jump", params)) if name == DNF else None,
                *(_rate([~getattr(one, f"{side}_is_kept")[:, column] for one in asked]) for side in ("seen", "unseen")),
                *(_bits(asked, side) for side in ("seen", "unseen")),
            )
        )
    k, d = params.headline_damaged, params.distances[0]
    return Table(
        name="interpolation.predictors",
        title=_title(rows),
        columns=(
            "predictor", f"right at both ends and in the middle, share (distance {d})",
            "likewise, the middle asked as tokens",
            "the middle asked as tokens, share", "in the middle, share", "both ends right, share",
            "never seen contexts right, share", "largest jump, total variation", "largest of all paths",
            "arg-max changes per path", "goes in one step, share of paths", "jump of the fired answer (0 or 1)",
            f"answers changed by {k} replaced tokens, trained-on", "never seen", "bits lost, trained-on",
            "bits lost, never seen",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _bits(asked: Sequence[Asked], side: str) -> float | None:
    nats = _rate([getattr(one, f"{side}_lost_nats") for one in asked])
    return None if nats is None else nats / NATS_PER_BIT


def _in_one_step(asked: Asked, params: Params) -> Floats:
    is_near = asked.distance == params.distances[0]
    jumps, ends = asked.largest_jump[is_near], asked.end_to_end[is_near]
    return ((ends > LEAST_END_TO_END) & (jumps >= STEPPING * ends)).astype(np.float64)


def _title(rows: Sequence[tuple[str | float | None, ...]]) -> str:
    """Who is right in the middle, as it came out; the model stands first."""
    best = max((row for row in rows if _stores(row)), key=lambda row: float(row[2] or 0.0))
    other = max((row for row in rows if _stores(row)), key=lambda row: float(row[6] or 0.0))
    own, theirs = float(rows[0][1] or 0.0), float(best[2] or 0.0)
    verb = "is" if own > theirs else "is, no more often than a memorizer,"
    return (
        f"At two known inputs and halfway between their embeddings {rows[0][0]} {verb} right on {100 * own:.0f} % of "
        f"the paths; the best memorizer, asked the case halfway as tokens, on {100 * theirs:.0f} % "
        f"({_plain(best)}); of contexts never seen on {100 * float(rows[0][6] or 0.0):.0f} % and "
        f"{100 * float(other[6] or 0.0):.0f} % ({_plain(other)})"
    )


def _stores(row: tuple[str | float | None, ...]) -> bool:
    return str(row[0]).startswith(("memorizer:", "lookup:"))


def _plain(row: tuple[str | float | None, ...]) -> str:
    return str(row[0]).partition(":")[2]


def repetitions(own: Sequence[Asked], params: Params) -> Table:
    """Every repetition of the model, none left out."""
    rows = tuple(
        (
            number + 1,
            float(one.all_right[one.distance == params.distances[0]].mean()),
            float(one.seen_is_right.mean()),
            float(one.unseen_is_right.mean()),
            float(one.largest_jump[one.distance == params.distances[0]].mean()),
        )
        for number, one in enumerate(own)
    )
    middles = [row[1] for row in rows]
    return Table(
        name="interpolation.repetitions",
        title=f"Right at both ends and halfway in each of {len(rows)} repetitions: {100 * min(middles):.0f} to "
        f"{100 * max(middles):.0f} %",
        columns=(
            "repetition", "right at both ends and halfway, share", "trained-on contexts right, share",
            "never seen contexts right, share", "largest jump, total variation",
        ),
        rows=rows,
    )  # fmt: skip


def path_curve(name: str, everyone: Mapping[str, Sequence[Asked]], params: Params, *, is_model: bool) -> Series:
    """How far the answer has come along the path."""
    lines = [_line("answer", "subject", everyone[name])]
    if is_model:
        lines.append(_line(SHUFFLED, "control", everyone[SHUFFLED]))
    jump = float(np.mean(np.concatenate(_nearest(everyone[name], "largest_jump", params))))
    return Series(
        name="interpolation.path",
        title=f"On the way from one answer to the other the largest jump is {jump:.2f}",
        x="place between the two inputs, l",
        y="total variation from the start",
        lines=tuple(lines),
        note=f"Mean over paths of distance {params.distances[0]}. Who has no embeddings answers as at the nearer end: "
        "one step in the middle.",
    )


def _line(label: str, role: Role, asked: Sequence[Asked]) -> Line:
    curve = np.mean([one.from_start for one in asked], axis=0)
    places = np.linspace(0.0, 1.0, curve.size)
    return Line(label, role, tuple(Point(float(x), float(y)) for x, y in zip(places, curve, strict=True)))


def between_curve(own: Sequence[Asked], params: Params) -> Series:
    """How often both ends and the middle are answered rightly, by the distance of the ends."""
    points = []
    for distance in params.distances:
        flags = [one.all_right[one.distance == distance] for one in own]
        if all(one.size for one in flags):
            it = rate_over_seeds(*counted(flags), confidence=params.confidence)
            points.append(Point(float(distance), it.value, it.low, it.high, it.n))
    first, last = points[0], points[-1]
    return Series(
        name="interpolation.between",
        title=f"Right at both ends and halfway: {100 * first.y:.0f} % of the paths of distance {first.x:g}, "
        f"{100 * last.y:.0f} % of those of distance {last.x:g}",
        x="distance of the two ends, values",
        y="share of paths right at both ends and halfway",
        lines=(Line("right at both ends and halfway", "subject", tuple(points)),),
        x_is_log=True,
        chance=params.num_values**-3.0,
        note=f"{_over(own, 'paths')} Chance: who says any of all values at each of the three places.",
    )


def _over(own: Sequence[Asked], cases: str) -> str:
    """What the intervals of rates rest on."""
    said = f"Clopper-Pearson intervals over the {cases} of all repetitions"
    return f"{said}, widened to Student's t over these." if len(own) >= LEAST_SEEDS else f"{said}, these networks only."


def damage_curve(own: Sequence[Asked], params: Params) -> Series:
    """How often the answer stays, by the number of replaced tokens."""
    lines = []
    for side, label in (("seen", "trained-on"), ("unseen", "never seen")):
        kept = [getattr(one, f"{side}_is_kept") for one in own]
        intervals = [
            rate_over_seeds(*counted([one[:, at] for one in kept]), confidence=params.confidence)
            for at in range(len(params.num_damaged))
        ]
        points = zip(params.num_damaged, intervals, strict=True)
        lines.append(
            Line(
                label,
                "subject" if side == "seen" else "control",
                tuple(Point(float(k), i.value, i.low, i.high, i.n) for k, i in points),
            )
        )
    k = params.num_damaged[0]
    stay = [f"{100 * line.points[0].y:.0f} % of the answers to {line.label} contexts" for line in lines]
    return Series(
        name="interpolation.damage",
        title=f"With {k} of {params.context_tokens} tokens replaced, {' and '.join(stay)} stay",
        x="tokens replaced",
        y="share of answers that stay",
        lines=tuple(lines),
        x_is_log=True,
        note=f"{_over(own, 'contexts')} The right answer changes with the damage too; "
        "what counts is the difference between the two sides.",
    )
