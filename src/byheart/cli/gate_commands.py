"""Commands that decide and hand on: gate, export."""

import os
import sys
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
from byheart.cli.session import JsonFlag, answer_json, say
from byheart.core.judgement import GateRecord, Outcome
from byheart.errors import ConfigError
from byheart.report.redaction import Mode

EXIT_CODES = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.UNDECIDED: 7}
RunArgument = Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")]
CriteriaOption = Annotated[Path, typer.Option("--criteria", help="TOML file of criteria (docs/gate.md).")]
OptionalCriteria = Annotated[Path | None, typer.Option("--criteria", help="TOML file of criteria (docs/gate.md).")]
BaselineOption = Annotated[
    Path | None, typer.Option("--baseline", help="Run that `baseline` in the criteria means.", metavar="RUN")
]


def gate(run: RunArgument, criteria: CriteriaOption, baseline: BaselineOption = None, json: JsonFlag = False) -> None:
    """Hold a run against criteria: exit 0 passed, 1 failed, 7 not enough evidence to decide.

    Example:  byheart gate runs/demo --criteria docs/examples/gate.toml
    """
    judged = judgement(run, criteria, baseline)
    if json:
        from byheart.study.gating import gate_to_json

        answer_json(gate_to_json(judged))
    else:
        from rich.console import Console

        from byheart.report.gate_text import gate_table

        gate_table(judged, Console())
    raise typer.Exit(EXIT_CODES[judged.outcome])


def judgement(run: Path, criteria: Path, baseline: Path | None) -> GateRecord:
    """The gate of a run folder, whole and finished, and of a baseline, if any."""
    from byheart.study.gating import gate_of

    return gate_of(run, criteria, baseline)


def export(
    run: RunArgument,
    to: Annotated[
        str, typer.Option("--to", metavar="<sarif|junit|github|parquet|csv|modelcard>", help="What to write.")
    ],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: stdout.")] = None,
    criteria: OptionalCriteria = None,
    baseline: BaselineOption = None,
    redact: Annotated[
        Mode,
        typer.Option(
            "--redact",
            parser=redaction_mode,
            metavar=MODES,
            help="partial: no text of passages; full: no names of documents either.",
        ),
    ] = Mode.PARTIAL,
    index: IndexesOption = None,
    unchecked: UncheckedOption = False,
    json: JsonFlag = False,
) -> None:
    """Write a run as SARIF, JUnit, GitHub annotations, Parquet, CSV or a model card.

    Example:  byheart export runs/demo --to sarif --criteria gate.toml -o byheart.sarif
    """
    from byheart.study.exporting import checked, export_of, write_export
    from byheart.study.gating import whole_run

    kind = checked(to, has_criteria=criteria is not None)
    refuse_without_full(redact, index, unchecked=unchecked)
    if baseline is not None and criteria is None:
        raise ConfigError("A baseline is for criteria.", next_step="Give --criteria FILE too, or leave --baseline out.")
    judged = judgement(run, criteria, baseline) if criteria is not None else None
    record = whole_run(run)
    made = export_of(run, record, judged, kind, redact, indexes=index or (), unchecked=unchecked)
    data = made.data
    own = os.environ.get("GITHUB_STEP_SUMMARY", "") if kind == "github" and output is None else ""
    target = Path(own) if own else output
    if target is not None:
        write_export(target, data, append=bool(own))
    if json:
        outcome = judged.outcome.value if judged is not None else None
        answer_json({"to": kind, "output": str(target or ""), "bytes": len(data), "gate": outcome})
    elif kind == "github":
        sys.stdout.write(made.commands)
        if target is None:
            say("No step summary was written: GITHUB_STEP_SUMMARY is not set, and there is no -o FILE.")
    elif target is None:
        if kind == "parquet" and sys.stdout.isatty():
            raise ConfigError("Parquet is not for a terminal.", next_step="Give -o FILE.")
        sys.stdout.buffer.write(data)
    if target is not None:
        say(f"Written: {target} ({len(data):,} bytes).")
    if made.checked:
        say(made.checked)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (gate, export):
        app.command()(command)
