"""The main job: audit, and its demonstration on real input."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from byheart.cli.endpoint_options import (
    CompletionPriceOption,
    ConcurrencyOption,
    MaxRequestsOption,
    MaxTokensOption,
    PromptPriceOption,
    RateOption,
    TimeoutOption,
    limits_of,
)
from byheart.cli.model_options import AdapterOption, ChatOption, DeviceOption, DtypeOption
from byheart.cli.resuming import resumable
from byheart.cli.session import (
    JsonFlag,
    LinesFlag,
    QuietFlag,
    SeedOption,
    SkipBadFlag,
    answer,
    answer_json,
    answer_styled,
    folded,
    is_verbose,
    progress,
    say,
    terminal_columns,
)
from byheart.core.run_record import RunRecord
from byheart.errors import ConfigError

if TYPE_CHECKING:
    from byheart.study.endpoint_forecast import Terms
    from byheart.study.plan import StudyPlan

_NOTE_CHARACTERS = 1000
OutputOption = Annotated[Path, typer.Option("-o", "--output", help="Run folder to write, or to resume.")]


NeededOutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", help="Run folder to write, or to resume; --dry-run needs none.")
]


def needed(output: Path | None) -> Path:
    """The run folder that was given.

    Raises:
        ConfigError: none was.
    """
    if output is None:
        raise ConfigError(
            "There is no folder to write to.", why="-o is missing.", next_step="Add -o RUN to the command."
        )
    return output


def show_run(record: RunRecord, run: Path, json: bool) -> None:
    """A finished run at the terminal: its headline, or everything as JSON."""
    from byheart.study.headline import run_to_json
    from byheart.study.run_folder import REPORT

    if json:
        answer_json(run_to_json(record, str(run)))
        return
    from byheart.report.format import shown
    from byheart.report.text import headline
    from byheart.report.wrapping import wrapped

    width = terminal_columns()
    answer_styled(headline(record, width, everything=is_verbose()))
    for at, note in enumerate(record.notes):
        bullet = wrapped(shown(note, _NOTE_CHARACTERS), width, indent="  ", first="- ")
        answer("\n".join(bullet if at else ["", *bullet]))
    report = run / REPORT
    said = f"Report: {report}" if report.exists() else "No report.html: pip install 'byheart[report]', byheart report"
    answer(f"\n{said}")


def _planned(plan: "StudyPlan", terms: "Terms | None", *, starts_now: bool) -> dict[str, Any]:
    """What a plan will ask and what its samples can show; nothing is loaded."""
    from byheart.audits import AUDITS
    from byheart.study.canary_planting import read_canaries
    from byheart.study.duration import flop_per_second
    from byheart.study.forecast import forecast
    from byheart.study.preflight import check_named

    # What a study is told that begins now, its own stages find out.
    notes = [] if starts_now else check_named(plan)
    secrets = read_canaries(Path(plan.canaries)) if plan.canaries else None
    rate = None if terms is not None or plan.model.startswith("memorizer:") else flop_per_second()
    planned = forecast(
        plan.chosen(AUDITS),
        plan.profile,
        endpoint=terms,
        canaries=secrets,
        starts_now=starts_now,
        flop_per_second=rate,
    )
    planned["lines"] = [f"Profile {plan.profile}.", *notes, *planned["lines"]]
    return planned


def demo(
    output: OutputOption = Path("byheart-demo"),
    seed: SeedOption = 0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """See the whole system at work on this machine's own standard library, offline, in some two minutes.

    Example:  byheart demo -o runs/demo
    """
    from byheart.study.demo import run_demo
    from byheart.study.pages import page

    with progress(quiet) as on_progress:
        record = run_demo(output, seed, render=page(on_progress), on_progress=on_progress)
    show_run(record, output, json)


def audit(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            help="Model folder, gguf:FILE, smollm2, http://host:port/v1#name, or "
            "memorizer:knowledge|infinigram|markov|boolean|automaton|mixture.",
            metavar="MODEL",
        ),
    ],
    trained_on: Annotated[list[str], typer.Option("--trained-on", help="What it was trained on. May be repeated.")],
    held_out: Annotated[list[str], typer.Option("--held-out", help="Text it cannot have seen. May be repeated.")],
    output: NeededOutputOption = None,
    index: Annotated[str, typer.Option("--index", help="Token index of the trained-on text, made before.")] = "",
    tokenizer: Annotated[
        str, typer.Option("--tokenizer", help="For memorizer:NAME and endpoints: folder or tokenizer.json.")
    ] = "",
    audits: Annotated[
        str, typer.Option("--audits", help="Comma-separated names; default: all (docs/commands.md).")
    ] = "",
    profile: Annotated[str, typer.Option("--profile", metavar="<quick|standard|full>", help="Sample sizes.")] = "quick",
    seed: SeedOption = 0,
    lines: LinesFlag = False,
    skip_bad: SkipBadFlag = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be asked, and stop.")] = False,
    adapter: AdapterOption = "",
    chat: ChatOption = "",
    canaries: Annotated[
        str, typer.Option("--canaries", help="List of planted secrets that `byheart canary make` wrote.")
    ] = "",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    max_requests: MaxRequestsOption = None,
    max_tokens: MaxTokensOption = None,
    requests_per_second: RateOption = None,
    concurrency: ConcurrencyOption = None,
    timeout: TimeoutOption = None,
    price_prompt: PromptPriceOption = 0.0,
    price_completion: CompletionPriceOption = 0.0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Audit a model: what it knows by heart of a text, and what it does beyond.

    Killed or interrupted, the same command resumes.

    Example:  byheart audit smollm2 --trained-on classics/ --held-out new-texts/ -o runs/smollm2
    """
    from byheart.core.audit import Profile
    from byheart.models import is_endpoint
    from byheart.study.endpoint_forecast import Terms
    from byheart.study.execute import execute
    from byheart.study.pages import page
    from byheart.study.plan import StudyPlan, did_you_mean
    from byheart.study.run_folder import RunFolder

    sizes: dict[str, Profile] = {name: name for name in get_args(Profile)}
    if profile not in sizes:
        raise ConfigError(f"Unknown profile {profile!r}.", why=did_you_mean(profile, list(sizes)))
    plan = StudyPlan(
        model=model,
        trained_on=tuple(trained_on),
        held_out=tuple(held_out),
        index=index,
        tokenizer=tokenizer,
        adapter=adapter,
        chat=chat,
        canaries=canaries,
        device=device,
        dtype=dtype,
        audits=tuple(name.strip() for name in audits.split(",") if name.strip()),
        profile=sizes[profile],
        seed=seed,
        lines=lines,
        skip_bad=skip_bad,
    )
    limits, price = limits_of(context, model)
    terms = Terms(limits, price) if is_endpoint(model) else None
    if dry_run:
        planned = _planned(plan, terms, starts_now=False)
        answer_json(planned) if json else answer(folded(planned["lines"]))
        return
    output = needed(output)
    folder = RunFolder(output)
    if folder.is_complete():
        say(f"{output} is complete; showing it. Choose another -o to run anew.")
    elif not quiet:
        folder.check(plan)
        say(folded(_planned(plan, terms, starts_now=True)["lines"]))
    with progress(quiet) as on_progress, resumable(folder.journal_path):
        record = execute(plan, output, limits=limits, render=page(on_progress), on_progress=on_progress)
    show_run(record, output, json)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (demo, audit):
        app.command()(command)
