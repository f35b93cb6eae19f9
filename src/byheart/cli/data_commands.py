"""Commands about new training text: data-check."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import JsonFlag, answer, answer_json, say

_LISTED = 50


def data_check(
    files: Annotated[
        list[str], typer.Argument(help="Training text: text, .jsonl, .json, .ipynb, all also .gz/.zst, or .parquet.")
    ],
    canaries: Annotated[
        list[str] | None,
        typer.Option("--canaries", help="List of `byheart canary make`, or text with one on each line; repeatable."),
    ] = None,
    benchmark: Annotated[
        list[str] | None,
        typer.Option("--benchmark", help="JSON lines of items that must not be trained on; repeatable."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", help="Field of the benchmark to look at; repeatable. Every string when left out."),
    ] = None,
    minimum: Annotated[int, typer.Option("--min-words", help="Shortest run of a benchmark's words that counts.")] = 13,
    json: JsonFlag = False,
) -> None:
    """Say where new training text holds canaries or benchmark items; exit 1 when it does. For a pre-commit hook.

    Example:  byheart data-check new.jsonl --canaries canaries.jsonl --benchmark questions.jsonl
    """
    from byheart.errors import ConfigError
    from byheart.integrations.data_check import Patterns, check_files

    patterns = Patterns(min_words=minimum)
    for path in canaries or []:
        patterns.add_canaries(path)
    for path in benchmark or []:
        patterns.add_benchmark(path, field or [])
    if patterns.is_empty:
        raise ConfigError(
            "There is nothing to look for.",
            why="Neither --canaries nor --benchmark names anything that is long enough."
            if canaries or benchmark
            else "",
            next_step="Give --canaries FILE, --benchmark FILE or both, here or in byheart.toml under [data-check].",
        )
    named = {Path(path).resolve() for path in (*(canaries or []), *(benchmark or []))}
    looked_at = [file for file in files if Path(file).resolve() not in named]
    found = list(check_files(looked_at, patterns))
    if json:
        rows = [
            {
                "file": one.file,
                "line": one.line,
                "kind": one.pattern.kind,
                "name": one.pattern.name,
                "of": one.pattern.place,
                "words": one.num_words,
            }
            for one in found
        ]
        answer_json({"files": len(looked_at), "clean": not found, "found": rows})
    else:
        for one in found[:_LISTED]:
            answer(str(one))
        if len(found) > _LISTED:
            answer(f"and {len(found) - _LISTED:,} more: --json names all.")
    if found:
        if not json:
            say(f"{len(found):,} found. Take these texts out, or exclude the file from the hook if they belong there.")
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("data-check")(data_check)
