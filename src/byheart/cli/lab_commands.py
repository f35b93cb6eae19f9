"""The laboratory: an axis of the theory as an experiment from scratch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from byheart.cli.audit_commands import OutputOption, show_run
from byheart.cli.model_commands import seconds_of
from byheart.cli.session import JsonFlag, QuietFlag, SeedOption, answer, answer_json, progress, say
from byheart.errors import ConfigError

if TYPE_CHECKING:
    from byheart.study.lab.plan import LabPlan


def lab(
    axis: Annotated[str, typer.Argument(help="Which experiment: capacity.", metavar="AXIS")],
    output: OutputOption,
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done and how long, and stop.")
    ] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Run an experiment of the theory from scratch: capacity trains networks on noise and counts what they hold.

    Killed or interrupted, the same command goes on; finished trainings are kept.

    Example:  byheart lab capacity -o runs/capacity
    """
    from byheart.study.lab.execute import forecast, kept_plan, run_lab
    from byheart.study.pages import page
    from byheart.study.run_folder import RunFolder

    if steps is not None and time:
        raise ConfigError("Give --steps or --time, not both.", next_step="Leave one of them out.")
    plan = _plan(axis, output, seeds=seeds, profile=profile, steps=steps, seconds=seconds_of(time), seed=seed)
    if dry_run:
        planned = forecast(plan)
        planned["lines"].append("Nothing was trained but the few steps that were timed.")
        answer_json(planned) if json else answer("\n".join(planned["lines"]))
        return
    if RunFolder(output).is_complete():
        say(f"{output} is complete; showing it. Choose another -o to run anew.")
    elif not quiet:
        word = "Finished trainings are kept. In all: " if kept_plan(output) else ""
        say(word + "\n".join(forecast(plan)["lines"]))
    with progress(quiet) as on_progress:
        record = run_lab(plan, output, command=_command(plan), render=page(), on_progress=on_progress)
    show_run(record, output, json)


def _plan(
    axis: str,
    output: Path,
    *,
    seeds: int | None,
    profile: Literal["quick", "standard", "full"],
    steps: int | None,
    seconds: float | None,
    seed: int,
) -> "LabPlan":
    """The plan that was asked for; of a budget in time, the steps that were chosen when it began."""
    import dataclasses

    from byheart.study.lab import axis_named
    from byheart.study.lab.execute import kept_plan, steps_within
    from byheart.study.lab.plan import LabPlan

    sizes = axis_named(axis).profiles[profile]
    plan = LabPlan(
        axis=axis,
        profile=profile,
        num_seeds=seeds or sizes.num_seeds,
        num_steps=steps or sizes.num_steps,
        seed=seed,
    )
    if seconds is None:
        return plan
    kept = kept_plan(output)
    num_steps = kept.num_steps if kept is not None else steps_within(plan, seconds)
    return dataclasses.replace(plan, num_steps=num_steps)


def _command(plan: "LabPlan") -> str:
    """What to type to have the same numbers anywhere: of a budget in time, the steps that it came to."""
    return (
        f"byheart lab {plan.axis} --profile {plan.profile} --seeds {plan.num_seeds} --steps {plan.num_steps} "
        f"--seed {plan.seed} -o RUN"
    )


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(lab)
