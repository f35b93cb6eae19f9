"""Commands about what was written: report, verify, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import JsonFlag, answer, answer_json, say
from byheart.errors import FormatError, SourceError


def report(
    run: Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: RUN/report.html.")] = None,
) -> None:
    """Write the report of a finished run again.

    Example:  byheart report runs/demo
    """
    from byheart.study.pages import write_report

    answer(f"Report: {write_report(run, output)}")


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
