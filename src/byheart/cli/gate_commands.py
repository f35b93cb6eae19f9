"""Commands that decide: gate."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import JsonFlag, answer_json
from byheart.core.judgement import GateRecord, Outcome

EXIT_CODES = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.UNDECIDED: 7}
RunArgument = Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")]
CriteriaOption = Annotated[Path, typer.Option("--criteria", help="TOML file of criteria (docs/gate.md).")]
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


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(gate)
