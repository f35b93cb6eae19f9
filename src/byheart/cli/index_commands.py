"""The command that builds what the text commands ask: index."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import (
    JsonFlag,
    LinesFlag,
    QuietFlag,
    SkipBadFlag,
    SourceHelp,
    answer,
    answer_json,
    progress,
    say,
)


def index(
    sources: Annotated[list[str], typer.Argument(help=SourceHelp, metavar="SOURCE...")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write; a stopped build goes on there.")],
    unit: Annotated[str, typer.Option("--unit", help="bytes (the default, no tokenizer needed) or tokens.")] = "",
    tokenizer: Annotated[str, typer.Option("--tokenizer", help="MODEL folder, smollm2, whitespace, or FILE.")] = "",
    memory: Annotated[
        str, typer.Option("--memory", help="Most memory to use, as 500M or 4G; half of what is free when left out.")
    ] = "",
    add: Annotated[bool, typer.Option("--add", help="Add to the complete index that is there.")] = False,
    lines: LinesFlag = False,
    skip_bad: SkipBadFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Build the exact index of a corpus, larger than memory if need be.

    Example:  byheart index stdlib -o stdlib.idx
    """
    from byheart.study.index_plan import IndexPlan
    from byheart.study.indexing import make_index
    from byheart.study.memory import parse_bytes

    plan = IndexPlan(
        sources=tuple(sources),
        unit=unit,
        tokenizer=tokenizer,
        lines=lines,
        skip_bad=skip_bad,
        add=add,
        memory_bytes=parse_bytes(memory) if memory else None,
    )
    with progress(quiet) as on_progress:
        made = make_index(plan, output, announce=(lambda text: None) if quiet else say, on_progress=on_progress)
    summary = {
        "index": str(output),
        "unit": made.unit,
        "documents": made.num_documents,
        "symbols": made.num_symbols - made.num_documents - 1,
    }
    if json:
        answer_json(summary | {"bytes_on_disk": made.size_bytes})
    else:
        answer(f"{output}: {made.num_documents:,} documents, {summary['symbols']:,} {made.unit}")


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command()(index)
