"""One row for every predictor: who steps and who moves."""

from collections.abc import Mapping, Sequence

import numpy as np

from byheart.audits.interpolation_damage import changed, lost_bits, sides
from byheart.audits.interpolation_params import Params
from byheart.audits.interpolation_paths import DNF, LEAST_END_TO_END, Paths, fired_jump
from byheart.core.evidence import Cell, Table
from byheart.core.interpolation_material import SHUFFLED, UNTRAINED, DamagedWindow, Path

STEPPING = 0.999
"""Of the end-to-end distance: who goes so much of it between two neighbouring points goes it in one step."""


def predictors_table(
    subject: str, paths: Paths, damaged: Mapping[str, Sequence[DamagedWindow]], params: Params
) -> Table:
    """Everyone on the same pairs and the same windows, the subject and its controls first.

    Args:
        subject: name of the subject.
        paths: of everyone.
        damaged: of everyone.
        params: of the audit.
    """
    first = [name for name in (subject, UNTRAINED, SHUFFLED) if name in paths or name in damaged]
    names = [*first, *(name for name in {**paths, **damaged} if name not in first)]
    rows = tuple((name, *_of_paths(name, paths), *_of_damage(damaged.get(name, ()), params)) for name in names)
    k = params.headline_damaged
    return Table(
        name="interpolation.predictors",
        title=_title(subject, names, paths),
        columns=(
            "predictor", "pairs", "largest jump, total variation", "of the way, share", "largest of all pairs",
            "arg-max changes per path", "goes in one step, share of pairs", "jump of the fired answer (0 or 1)",
            "right at a point, share", f"answers changed by {k} replaced tokens, trained-on", "held-out",
            "bits lost, trained-on", "bits lost, held-out",
        ),
        rows=rows,
    )  # fmt: skip


def steps_in_one(path: Path) -> bool:
    """Whether it goes the whole way between two neighbouring points."""
    return path.end_to_end > LEAST_END_TO_END and path.largest_jump >= STEPPING * path.end_to_end


def _of_paths(name: str, paths: Paths) -> tuple[Cell, ...]:
    own = paths.get(name)
    if not own:
        return (None,) * 8
    jumps, ends = (np.array([getattr(path, what) for path in own]) for what in ("largest_jump", "end_to_end"))
    points = sum(path.argmax_ids.size for path in own)
    fired = [fired_jump(path) for path in own]
    return (
        len(own),
        float(jumps.mean()),
        float(jumps.sum() / ends.sum()) if ends.sum() > LEAST_END_TO_END else None,
        float(jumps.max()),
        float(np.mean([path.num_changes for path in own])),
        float(np.mean([steps_in_one(path) for path in own])),
        float(np.mean(fired)) if name == DNF else None,
        float(sum(path.num_right for path in own) / points),
    )


def _of_damage(windows: Sequence[DamagedWindow], params: Params) -> tuple[Cell, ...]:
    members, controls = sides(windows)
    rates = [changed(side, params.headline_damaged) for side in (members, controls)]
    bits = [lost_bits(side) for side in (members, controls)]
    return (
        *(moved / n if n else None for moved, n in rates),
        *(float(side.mean()) if side.size else None for side in bits),
    )


def _title(subject: str, names: Sequence[str], paths: Paths) -> str:
    """Who steps and who does not, as it came out."""
    asked = [name for name in names if paths.get(name)]
    if not asked:
        return "Everyone after damage; nobody was asked between two inputs"
    stepping = [name for name in asked if all(steps_in_one(path) for path in paths[name])]
    moving = [name for name in asked if not any(steps_in_one(path) for path in paths[name])]
    said = f"{len(stepping)} of {len(asked)} predictors go from one answer to the other in one step on every pair"
    if subject in moving:
        return f"{said}; {subject} does on none"
    if subject in stepping:
        return f"{said}; {subject} is one of them"
    return f"{said}; {subject} does on some"
