"""The laboratory: an axis of the theory as an experiment from scratch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from byheart.cli.audit_commands import NeededOutputOption, needed, show_run
from byheart.cli.model_commands import seconds_of
from byheart.cli.session import JsonFlag, QuietFlag, SeedOption, answer, answer_json, folded, progress, say
from byheart.errors import ConfigError

if TYPE_CHECKING:
    from byheart.study.lab.forecast import LabForecast
    from byheart.study.lab.plan import LabPlan

_NAMES = "context, interpolation, adaptation, complexity, novelty, capacity"


def lab(
    axis: Annotated[
        str,
        typer.Argument(
            help="Which experiment: context, interpolation, adaptation, complexity, novelty, capacity; or all.",
            metavar="AXIS",
        ),
    ],
    output: NeededOutputOption = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Repetitions; default: the profile's.")] = None,
    profile: Annotated[
        Literal["quick", "standard", "full"], typer.Option("--profile", help="How large it is.")
    ] = "quick",
    steps: Annotated[
        int | None, typer.Option("--steps", min=50, help="Steps of each training; default: the profile's.")
    ] = None,
    time: Annotated[
        str, typer.Option("--time", help="Budget instead of steps: 4m or 1h; the speed here decides the steps.")
    ] = "",
    seed: SeedOption = 0,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="Trainings at a time; default: one on each core.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done and how long, and stop.")
    ] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Run an experiment of the theory from scratch: small transformers beside the memorizers of their training data.

    Killed or interrupted, the same command goes on; finished trainings are kept.

    Example:  byheart lab all --profile quick -o runs/lab
    """
    from byheart.index.searching.threads import usable_cores
    from byheart.study.lab.execute import kept_plan, run_lab
    from byheart.study.lab.forecast import forecast
    from byheart.study.lab.plan import LabPlan
    from byheart.study.pages import page
    from byheart.study.run_folder import RunFolder

    if steps is not None and time:
        raise ConfigError("Give --steps or --time, not both.", next_step="Leave one of them out.")
    num_processes = processes or usable_cores()
    plan = LabPlan(axis=axis, profile=profile, num_seeds=seeds or 0, num_steps=steps or 0, seed=seed)
    if time:
        plan = _within(plan, output, seconds_of(time), num_processes)
    if dry_run:
        planned = forecast(plan, num_processes)
        lines = [*planned.lines, "Nothing was trained but the few steps that were timed."]
        answer_json(_as_json(planned, lines)) if json else answer(folded(lines))
        return
    seconds = None
    output = needed(output)
    if RunFolder(output).is_complete():
        say(f"{output} is complete; showing it. Choose another -o to run anew.")
    elif not quiet:
        word = "Finished trainings are kept. In all: " if kept_plan(output) else ""
        planned = forecast(plan, num_processes)
        seconds = {one.axis: one.seconds for one in planned.axes}
        say(word + folded(planned.lines))
    with progress(quiet) as on_progress:
        record = run_lab(
            plan,
            output,
            num_processes=num_processes,
            seconds=seconds,
            render=page(on_progress),
            on_progress=on_progress,
        )
    show_run(record, output, json)


def _within(plan: "LabPlan", output: Path | None, seconds: float | None, num_processes: int) -> "LabPlan":
    """The plan with as many steps as fit into a budget; when it was begun before, with those that were chosen then."""
    import dataclasses

    from byheart.study.lab.execute import kept_plan
    from byheart.study.lab.forecast import steps_within

    assert seconds is not None
    kept = kept_plan(output) if output is not None else None
    if kept is not None and not kept.num_steps:
        raise ConfigError(
            f"{output} was begun without a budget in time.",
            why="Its steps are those of the profile.",
            next_step="Leave out --time to go on with it, or choose another folder with -o.",
        )
    num_steps = kept.num_steps if kept is not None else steps_within(plan, seconds, num_processes)
    return dataclasses.replace(plan, num_steps=num_steps)


def _as_json(planned: "LabForecast", lines: list[str]) -> dict[str, Any]:
    import dataclasses

    axes = [dataclasses.asdict(one) for one in planned.axes]
    return {"axes": axes, "processes": planned.num_processes, "seconds": planned.seconds, "lines": lines}


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(lab)
