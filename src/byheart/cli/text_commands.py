"""Commands that need no model: index, count, trace."""

import sys
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
from byheart.core.spans import Span
from byheart.errors import SourceError

IndexOption = Annotated[Path, typer.Option("--index", help="Folder that `byheart index` wrote.")]


def index(
    sources: Annotated[list[str], typer.Argument(help=SourceHelp, metavar="SOURCE...")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
    unit: Annotated[str, typer.Option("--unit", help="bytes (no tokenizer needed) or tokens.")] = "bytes",
    tokenizer: Annotated[str, typer.Option("--tokenizer", help="MODEL folder, smollm2, whitespace, or FILE.")] = "",
    lines: LinesFlag = False,
    skip_bad: SkipBadFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Build the exact index of a corpus.

    Example:  byheart index stdlib -o stdlib.idx
    """
    from byheart.study.lookup import IndexPlan, make_index

    plan = IndexPlan(sources=tuple(sources), unit=unit, tokenizer=tokenizer, lines=lines, skip_bad=skip_bad)
    with progress(quiet) as on_progress:
        made = make_index(plan, output, announce=(lambda text: None) if quiet else say, on_progress=on_progress)
    summary = {"index": str(output), "unit": made.unit, "documents": made.num_documents, "symbols": made.num_symbols}
    if json:
        answer_json(summary | {"bytes_on_disk": made.size_bytes})
    else:
        answer(f"{output}: {made.num_documents:,} documents, {made.num_symbols:,} {made.unit}")


def count(
    text: Annotated[str, typer.Argument(help="The text to look for, exactly.")],
    index: IndexOption,
    json: JsonFlag = False,
) -> None:
    """Count how often a text occurs in a corpus.

    Example:  byheart count 'import os' --index stdlib.idx
    """
    from byheart.study.lookup import Lookup

    found = Lookup.open(index).count(text)
    if json:
        answer_json({"count": found})
    else:
        answer(str(found))


def trace(
    file: Annotated[str, typer.Argument(help="File to trace, or - for standard input.")],
    index: IndexOption,
    minimum: Annotated[
        int | None,
        typer.Option("--min", min=1, help="Shortest span to show: bytes (50), or tokens in a token index (12)."),
    ] = None,
    sources: Annotated[int, typer.Option("--sources", min=1, help="Source documents to name for each span.")] = 3,
    json: JsonFlag = False,
) -> None:
    """Show which parts of a text stand in a corpus, and where.

    Example:  byheart trace answer.txt --index stdlib.idx
    """
    from byheart.study.lookup import Lookup

    text = read_text(file)
    lookup = Lookup.open(index)
    shortest = minimum or (50 if lookup.index.unit == "bytes" else 12)
    found = lookup.trace(text, min_symbols=shortest, max_sources=sources)
    if json:
        answer_json(
            {
                "spans": [
                    {
                        "start": copied.span.start,
                        "stop": copied.span.stop,
                        "bytes": len(copied.span),
                        "count": copied.count,
                        "sources": [{"document": name, "offset": offset} for name, offset in copied.sources],
                    }
                    for copied in found.spans
                ],
                "longest_bytes": found.longest_bytes,
                "covered_share": found.covered_share,
            }
        )
        return
    data = text.encode("utf-8", "surrogatepass")
    for copied in found.spans:
        places = ", ".join(f"{name} at {offset}" for name, offset in copied.sources)
        answer(f"{len(copied.span)} bytes, {copied.count} time(s), in {places}")
        answer(f"    {_excerpt(data, copied.span)}")
    answer(
        f"{len(found.spans)} span(s) of at least {shortest} {lookup.index.unit}; "
        f"longest match {found.longest_bytes} bytes; "
        f"{found.covered_share:.1%} of {found.num_bytes:,} bytes covered"
    )


def _excerpt(data: bytes, span: Span, width: int = 100) -> str:
    shown = data[span.start : span.stop].decode("utf-8", "replace").replace("\n", "\\n").replace("\t", "\\t")
    return shown if len(shown) <= width else f"{shown[: width // 2]} ... {shown[-width // 2 :]}"


def read_text(file: str) -> str:
    """The text of a file, or of standard input for "-".

    Raises:
        SourceError: it does not exist, cannot be read or is not UTF-8.
    """
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        raise SourceError(
            f"Cannot read {file}.", why=error.strerror or str(error), next_step="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{file}:{line}: not UTF-8.",
            why=f"Byte {error.start} is 0x{data[error.start]:02X}.",
            next_step="Convert it.",
        ) from error


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (index, count, trace):
        app.command()(command)
