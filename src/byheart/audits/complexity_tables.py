"""The figures and tables of A4's experiment."""

from collections.abc import Sequence

from byheart.audits.complexity_answers import (
    BLIND,
    IN_WORDS,
    LOOKUP,
    MODEL,
    TASKS,
    Answered,
    Experiment,
    first_step,
    shared,
    sizes,
    successes,
)
from byheart.audits.complexity_params import Params
from byheart.core.evidence import Cell, Line, Point, Series, Table
from byheart.core.standing import goes_beyond
from byheart.stats.seed_rates import difference_over_seeds, rate_over_seeds

_RIGHT = "share right"
_SHORT = {"dyck": "Dyck-2"}
"""Names of tasks in a title that differ from those in the names of estimates."""


def share(answered: Sequence[Answered]) -> float:
    """Of the unseen cases of all seeds."""
    return sum(successes(answered)) / sum(sizes(answered))


def is_beyond(experiment: Experiment, task: str, params: Params) -> bool:
    """Whether the networks answer more unseen cases than chance and than every memorizer does, intervals apart."""
    own, best = experiment.of(MODEL, task), experiment.of(experiment.best_memorizer(task), task)
    found = rate_over_seeds(successes(own), sizes(own), confidence=params.confidence)
    gain = difference_over_seeds(
        successes(own), successes(best), sizes(own), both=shared(own, best), confidence=params.confidence
    )
    return goes_beyond(found, gain, experiment.chances[task])


def predictors_table(experiment: Experiment, params: Params) -> Table:
    """Everybody's share of right answers to unseen cases, task by task."""
    memorizers = experiment.memorizers
    order = [MODEL, LOOKUP, BLIND, *memorizers]
    rows: list[tuple[Cell, ...]] = [
        (name, *(share(experiment.of(name, task)) for task in TASKS), experiment.sizes_bytes.get(name))
        for name in order
        if name in experiment.subjects
    ]
    rows.append(("chance", *(experiment.chances[task] for task in TASKS), None))
    return Table(
        name="complexity.predictors",
        title=_finding(experiment, params),
        columns=("predictor", *(f"{IN_WORDS[task]}, {_RIGHT}" for task in TASKS), "size, bytes"),
        rows=tuple(rows),
    )


def _finding(experiment: Experiment, params: Params) -> str:
    beyond = [task for task in TASKS if is_beyond(experiment, task, params)]
    own, best = (
        100 * share(experiment.of(name, "addition")) for name in (MODEL, experiment.best_memorizer("addition"))
    )
    said = f"Never-seen pairs: the transformer is right on {own:.1f} %, the best memorizer on {best:.1f} %, the table "
    said += f"on {100 * share(experiment.of(LOOKUP, 'addition')):.0f} %"
    failed = [task for task in TASKS if task not in beyond]
    if not failed:
        return f"{said}; beyond every memorizer on all {len(TASKS)} tasks"
    names = ", ".join(_SHORT.get(task, task) for task in failed)
    return f"{said}; not shown to be beyond chance and every memorizer: {names}"


def curves(experiment: Experiment, params: Params) -> tuple[Series, ...]:
    """Addition against steps, every seed: with weight decay and without."""
    found = []
    for decays, name in ((True, "grokking"), (False, "without_decay")):
        answered = experiment.of(MODEL, "addition", decays=decays)
        if not answered:
            continue
        lines = [
            Line(f"{what}, seed {one.seed_index + 1}", "subject" if column == 2 else "control", points)
            for one in answered
            for what, column in (("unseen", 2), ("trained", 1))
            if (points := tuple(Point(float(row[0]), row[column]) for row in one.curve if row[0] > 0))
        ]
        found.append(
            Series(
                name=f"complexity.{name}",
                title=_curve_title(answered, decays=decays),
                x="steps",
                y="share of pairs that are right",
                lines=tuple(lines),
                x_is_log=True,
                chance=1.0 / params.modulus,
                note=f"Modular addition, p = {params.modulus}, {100 * params.train_share:.0f} % of the pairs without "
                f"order trained on, weight decay {params.weight_decay if decays else 0:g}. Dashed: the trained pairs.",
            )
        )
    return tuple(found)


def _curve_title(answered: Sequence[Answered], *, decays: bool) -> str:
    def when(column: int, least: float) -> str:
        steps = [first_step(one.curve, column=column, least=least) for one in answered]
        known = [step for step in steps if step is not None]
        if len(known) < len(steps):
            return f"never in {len(steps) - len(known)} of {len(steps)} seeds"
        low, high = min(known), max(known)
        return f"after {low:,} steps" if low == high else f"after {low:,} to {high:,} steps"

    how = "With weight decay" if decays else "Without weight decay"
    trained, unseen = when(1, 1.0), when(2, 0.95)
    last = [one.curve[-1][2] for one in answered]
    end = f"{100 * min(last):.0f} %" if min(last) == max(last) else f"{100 * min(last):.0f} to {100 * max(last):.0f} %"
    return f"{how}: all trained pairs are right {trained}, 95 % of the unseen ones {unseen}; at the end {end} of these"


def depth_series(experiment: Experiment, params: Params) -> Series:
    """Accuracy on unseen cases against the number of layers, task by task."""
    lines = []
    for task in TASKS[1:]:
        points = []
        for depth in params.depths:
            answered = experiment.of(MODEL, task, num_layers=depth)
            found = rate_over_seeds(successes(answered), sizes(answered), confidence=params.confidence)
            points.append(Point(float(depth), found.value, found.low, found.high, found.n))
        lines.append(Line(task, "subject", tuple(points)))
    gains = {line.label: line.points[-1].y - line.points[0].y for line in lines}
    most = max(gains, key=lambda task: gains[task])
    shallow, deep = params.depths[0], params.depths[-1]
    return Series(
        name="complexity.by_depth",
        title=f"From {_layers(shallow)} to {_layers(deep)} most is gained on {most}: {100 * gains[most]:+.0f} points"
        if len(params.depths) > 1
        else f"Unseen cases with {_layers(shallow)}",
        x="layers",
        y="share of unseen cases that are right",
        lines=tuple(lines),
        note="Chance: " + ", ".join(f"{task} {100 * experiment.chances[task]:.2g} %" for task in TASKS[1:]) + ".",
    )


def _layers(num: int) -> str:
    return f"{num} layer{'s' if num > 1 else ''}"


def seeds_table(experiment: Experiment) -> Table:
    """Every seed, task by task: what the deepest networks answer of trained, fresh and unseen cases."""
    rows: list[tuple[Cell, ...]] = []
    for task in TASKS:
        best = experiment.best_memorizer(task)
        others = {one.seed_index: one for one in experiment.of(best, task)}
        for one in experiment.of(MODEL, task):
            rows.append(
                (
                    task,
                    one.seed_index + 1,
                    one.num_layers,
                    float(one.trained.mean()),
                    float(one.fresh.mean()) if one.fresh.size else None,
                    float(one.unseen.mean()),
                    float(others[one.seed_index].unseen.mean()),
                    best,
                )
            )
    spread = max(
        max(one.unseen.mean() for one in found) - min(one.unseen.mean() for one in found)
        for task in TASKS
        if (found := experiment.of(MODEL, task))
    )
    return Table(
        name="complexity.seeds",
        title=f"Every seed: on the same task they differ by up to {100 * float(spread):.0f} points of unseen cases",
        columns=(
            *("task", "seed", "layers", "trained cases, share right", "unseen of trained sizes, share right"),
            *("unseen cases, share right", "best memorizer, share right", "best memorizer"),
        ),
        rows=tuple(rows),
    )
