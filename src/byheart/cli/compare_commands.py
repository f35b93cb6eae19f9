"""Commands about several runs: compare."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import JsonFlag, answer_json, say


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders: the first, and what it is compared with.", metavar="RUN...")
    ],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Also write a page (HTML) here.")] = None,
    json: JsonFlag = False,
) -> None:
    """Say what differs between runs by more than chance: paired differences, changed passages, lines over checkpoints.

    Example:  byheart compare runs/base runs/fine-tuned -o compared.html
    """
    from byheart.study.comparing import compare as compared
    from byheart.study.comparison_page import comparison_to_json, write_comparison

    found = compared(runs)
    if output is not None:
        write_comparison(found, output)
        say(f"Page: {output}")
    if json:
        answer_json(comparison_to_json(found))
        return
    from rich.console import Console

    from byheart.report.comparison_text import comparison_tables

    comparison_tables(found, Console())


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(compare)
