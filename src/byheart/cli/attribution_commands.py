"""The command that explains what a predictor says of a text: attribute."""

from typing import Annotated

import typer

from byheart.cli.model_options import AdapterOption, ChatOption, DeviceOption, DtypeOption
from byheart.cli.outlets import has_colours
from byheart.cli.session import (
    JsonFlag,
    LinesFlag,
    QuietFlag,
    SkipBadFlag,
    answer_json,
    answer_styled,
    progress,
)
from byheart.cli.text_commands import read_text


def attribute(
    text: Annotated[
        str,
        typer.Argument(
            help="File, folder, .jsonl(.gz/.zst), .parquet, `stdlib`, or - for standard input.", metavar="TEXT"
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--with",
            help="Model folder, gguf:FILE, smollm2, or "
            "memorizer:knowledge|infinigram|markov|boolean|automaton|mixture.",
            metavar="MODEL",
        ),
    ],
    index: Annotated[str, typer.Option("--index", help="Index of tokens of the text that the model was trained on.")],
    tokenizer: Annotated[
        str, typer.Option("--tokenizer", help="For an index that carries none: folder or tokenizer.json.")
    ] = "",
    floor: Annotated[
        list[str] | None,
        typer.Option("--floor", help="Text of the same kind that is not in the index: gives the floor. Repeatable."),
    ] = None,
    calibration: Annotated[
        list[str] | None,
        typer.Option("--calibration", help="Such text to weigh all memorizers by: gives the bits. Repeatable."),
    ] = None,
    lines: LinesFlag = False,
    skip_bad: SkipBadFlag = False,
    all: Annotated[bool, typer.Option("--all", help="Show every token of a long text.")] = False,
    adapter: AdapterOption = "",
    chat: ChatOption = "",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Changes nothing: nothing is drawn here.")] = 0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Show for each token of a text the weakest memorizer that says what the model says, and what is left beyond them.

    Example:  byheart attribute README.md --with smollm2 --index stdlib-smollm2.idx --floor other_docs/
    """
    from byheart.cli.attribution_answer import attribution_json, attribution_lines
    from byheart.study.attributing import attribute as attributed
    from byheart.study.attribution_plan import AttributionPlan

    plan = AttributionPlan(
        source=text,
        model=model,
        index=index,
        tokenizer=tokenizer,
        floor=tuple(floor or ()),
        calibration=tuple(calibration or ()),
        adapter=adapter,
        chat=chat,
        device=device,
        dtype=dtype,
        lines=lines,
        skip_bad=skip_bad,
    )
    with progress(quiet) as on_progress:
        found = attributed(plan, read_stdin=lambda: read_text("-"), on_progress=on_progress)
    if json:
        answer_json(attribution_json(found))
    else:
        answer_styled(attribution_lines(found, colours=has_colours(), show_all=all))


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command()(attribute)
