"""Commands about what was written: report, verify, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.redaction_options import (
    MODES,
    IndexesOption,
    UncheckedOption,
    redaction_mode,
    refuse_without_full,
)
from byheart.cli.session import JsonFlag, QuietFlag, answer, answer_json, progress, say
from byheart.errors import ConfigError, FormatError, SourceError
from byheart.report.redaction import Mode


def report(
    run: Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Default: RUN/report.html, RUN/report.MODE.html where it is redacted."),
    ] = None,
    redact: Annotated[
        Mode,
        typer.Option(
            "--redact",
            parser=redaction_mode,
            metavar=MODES,
            help="How much of texts, names and sources to leave out.",
        ),
    ] = Mode.NONE,
    criteria: Annotated[
        Path | None, typer.Option("--criteria", help="Criteria as `byheart gate` takes them, to show as a gate.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Run that the criteria's tolerances are relative to.")
    ] = None,
    index: IndexesOption = None,
    unchecked: UncheckedOption = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Write the report of a finished run again, for other readers too.

    Example:  byheart report runs/demo --redact full
    """
    from byheart.study.gating import gate_of
    from byheart.study.pages import report_name, write_report

    refuse_without_full(redact, index, unchecked=unchecked)
    if baseline is not None and criteria is None:
        raise ConfigError("--baseline belongs to --criteria.", next_step="Give --criteria FILE too.")
    with progress(quiet) as on_progress:
        written = write_report(
            run,
            output,
            mode=redact,
            gate=gate_of(run, criteria, baseline) if criteria is not None else None,
            indexes=index or (),
            unchecked=unchecked,
            on_progress=on_progress,
        )
    beside = run / report_name(Mode.NONE)
    if json:
        answer_json({"report": str(written), "redaction": str(redact)})
    else:
        answer(f"Report: {written}")
    if redact is not Mode.NONE:
        page = f"{beside}, " if beside.exists() else ""
        say(f"Pass on this file alone: {page}results.jsonl and the other files of the run hold the texts.")


def verify(
    path: Annotated[Path, typer.Argument(help="Run or index folder.", metavar="PATH")], json: JsonFlag = False
) -> None:
    """Check every file of a run or an index against its hash.

    Example:  byheart verify runs/demo
    """
    from byheart.study.integrity import faults

    found = faults(path)
    if json:
        answer_json({"path": str(path), "whole": not found, "faults": found})
    if found:
        raise FormatError(
            f"{path} is damaged.", why=" ".join(found[:5]), next_step="Make it again; do not trust what it says."
        )
    if not json:
        answer(f"{path} is whole: every file matches its hash.")


def doctor(json: JsonFlag = False) -> None:
    """Say what this machine and installation can do.

    Example:  byheart doctor
    """
    from byheart.study.checkup import checkup

    checks = checkup()
    if json:
        answer_json({"checks": [{"name": c.name, "works": c.works, "detail": c.detail} for c in checks]})
    else:
        for check in checks:
            answer(f"{'yes' if check.works else 'no ':3}  {check.name}: {check.detail}")
    if not all(check.works for check in checks if check.is_core):
        raise SourceError("A part that byheart cannot do without is missing.", next_step="pip install byheart")
    if not json:
        say("All that the core needs is here.")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (report, verify, doctor):
        app.command()(command)
