"""Commands that ask an index about a text: count, trace."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.outlets import has_colours
from byheart.cli.session import (
    JsonFlag,
    LinesFlag,
    QuietFlag,
    answer,
    answer_json,
    answer_styled,
    progress,
    terminal_columns,
)
from byheart.core.visible import visible_in_line
from byheart.errors import ConfigError, SourceError

IndexOption = Annotated[Path, typer.Option("--index", help="Folder that `byheart index` wrote.")]


def count(
    index: IndexOption,
    texts: Annotated[
        list[str] | None, typer.Argument(help="The texts to look for, exactly.", metavar="[TEXT]...")
    ] = None,
    file: Annotated[
        str, typer.Option("--file", help="Look for each line of this file, or of standard input for -.")
    ] = "",
    near: Annotated[str, typer.Option("--near", help="Count the places of TEXT that have this text near them.")] = "",
    within: Annotated[
        int, typer.Option("--within", min=0, help="How near: bytes or tokens between the two starts, on either side.")
    ] = 100,
    json: JsonFlag = False,
) -> None:
    """Count how often texts occur in a corpus.

    Example:  byheart count 'import os' --index stdlib.idx
    """
    from byheart.study.lookup import Lookup

    # Lines end at line feeds only: a form feed may be what is looked for.
    in_file = [line.removesuffix("\r") for line in read_text(file).split("\n")] if file else []
    asked = [*(texts or []), *(line for line in in_file if line)]
    if "" in asked:
        raise ConfigError("The empty text stands everywhere.", next_step="Give at least one character to look for.")
    if not asked or (near and len(asked) > 1):
        raise ConfigError(
            "A count needs a text, and --near exactly one.",
            why=f"Got {len(asked)}.",
            next_step="Type byheart count TEXT --index IDX, or give --file FILE.",
        )
    lookup = Lookup.open(index)
    if near:
        found = [lookup.count_near(asked[0], near, within=within)]
    else:
        found = lookup.counts(asked)
    if json:
        several = {"counts": [{"text": t, "count": n} for t, n in zip(asked, found, strict=True)]}
        answer_json({"count": found[0]} if len(asked) == 1 and not file else several)
    elif len(asked) == 1:
        answer(str(found[0]))
    else:
        for text, number in zip(asked, found, strict=True):
            answer(f"{number:12,}  {visible_in_line(text)}")


def trace(
    file: Annotated[str, typer.Argument(help="File to trace, or - for standard input.")],
    index: IndexOption,
    minimum: Annotated[
        int | None,
        typer.Option("--min", min=1, help="Shortest span to show: bytes (50), or tokens in a token index (12)."),
    ] = None,
    sources: Annotated[int, typer.Option("--sources", min=1, help="Source documents to name for each span.")] = 3,
    held_out: Annotated[
        list[str] | None,
        typer.Option("--held-out", help="Text of the same kind that is not in the corpus: gives the chance level."),
    ] = None,
    lines: LinesFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Show which parts of a text stand in a corpus, where, and whether that is more than chance.

    Example:  byheart trace answer.txt --index stdlib.idx --held-out other_answers/
    """
    from byheart.cli.trace_answer import trace_json, trace_lines
    from byheart.study.lookup import Lookup
    from byheart.study.tracing import read_held_out
    from byheart.study.tracing import trace as traced

    text = read_text(file)
    with progress(quiet) as on_progress:
        lookup = Lookup.open(index)
        shortest = minimum or (50 if lookup.index.unit == "bytes" else 12)
        given = read_held_out(held_out, lines=lines, on_progress=on_progress) if held_out else None
        found = traced(lookup, text, min_symbols=shortest, max_sources=sources, held_out=given, on_progress=on_progress)
    if json:
        answer_json(trace_json(found, shortest, lookup.index.unit))
    else:
        unit, width = lookup.index.unit, terminal_columns()
        answer_styled(trace_lines(text, found, shortest, unit, colours=has_colours(), width=width))


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
    for command in (count, trace):
        app.command()(command)
