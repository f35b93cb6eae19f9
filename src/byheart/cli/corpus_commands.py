"""Commands about a whole corpus: what it repeats, and which benchmark items stand in it."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import JsonFlag, QuietFlag, SkipBadFlag, answer, answer_json, folded, progress, say

AgainstOption = Annotated[
    Path | None, typer.Option("--against", help="Look in this index instead of in the corpus itself.")
]
FieldOption = Annotated[
    list[str] | None,
    typer.Option("--field", help="Field to look at, dotted where nested; repeatable. Every string when left out."),
]
ControlOption = Annotated[
    str, typer.Option("--control", help="JSON lines of items that cannot be in the corpus: gives the chance level.")
]


def duplicates(
    index: Annotated[Path, typer.Argument(help="Folder that `byheart index` wrote.", metavar="IDX")],
    minimum: Annotated[
        int, typer.Option("--min-tokens", "--min-bytes", min=1, help="Shortest span, in the index's unit.")
    ] = 50,
    against: AgainstOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Spans and documents to list.")] = 20,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Show what a corpus says more than once.

    Example:  byheart duplicates stdlib.idx --min-bytes 200
    """
    from byheart.cli.repetition_answer import repetition_json, repetition_lines
    from byheart.study.lookup import Lookup
    from byheart.study.repetition import repetition

    with progress(quiet) as on_progress:
        other = Lookup.open(against) if against else None
        found = repetition(Lookup.open(index), min_symbols=minimum, against=other, limit=limit, on_progress=on_progress)
    if json:
        answer_json(repetition_json(found))
    else:
        answer(folded(repetition_lines(found, is_against=against is not None)))


def contaminated(
    benchmark: Annotated[str, typer.Argument(help="JSON lines, one item a line.", metavar="BENCH.jsonl")],
    index: Annotated[Path, typer.Option("--index", help="Index of bytes that `byheart index` wrote.")],
    field: FieldOption = None,
    minimum: Annotated[
        int, typer.Option("--min-words", min=1, help="Shortest run of words that counts as a leak.")
    ] = 13,
    control: ControlOption = "",
    skip_bad: SkipBadFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Say of each item of a benchmark whether it stands in a corpus, whatever its wrapping, case and punctuation.

    Example:  byheart contaminated questions.jsonl --index corpus.idx --field question
    """
    from byheart.cli.contamination_answer import contamination_json, contamination_lines
    from byheart.study.benchmark import read_items
    from byheart.study.contamination import Contamination
    from byheart.study.lookup import Lookup
    from byheart.study.normalised_index import open_normalised

    fields = field or []
    announce = (lambda text: None) if quiet else say
    with progress(quiet) as on_progress:
        items = read_items(benchmark, fields, skip_bad=skip_bad, on_progress=on_progress)
        others = read_items(control, fields, skip_bad=skip_bad, on_progress=on_progress) if control else []
        original = Lookup.open(index).index
        normalised = open_normalised(index, original, announce=announce, on_progress=on_progress)
        judge = Contamination(normalised, original, min_words=minimum)
        found = judge.findings(items, on_progress=on_progress)
        beside = judge.findings(others, on_progress=on_progress) if others else None
    if json:
        answer_json(contamination_json(found, beside, min_words=minimum))
    else:
        answer(folded(contamination_lines(found, beside, min_words=minimum)))


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (duplicates, contaminated):
        app.command()(command)
