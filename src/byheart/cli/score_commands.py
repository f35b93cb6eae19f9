"""The command that puts any predictor on a text: score."""

from typing import Annotated

import typer

from byheart.cli.endpoint_options import (
    CompletionPriceOption,
    ConcurrencyOption,
    MaxRequestsOption,
    MaxTokensOption,
    PromptPriceOption,
    RateOption,
    TimeoutOption,
    limits_of,
)
from byheart.cli.model_options import AdapterOption, ChatOption, DeviceOption, DtypeOption
from byheart.cli.resuming import resumable
from byheart.cli.session import JsonFlag, LinesFlag, QuietFlag, SkipBadFlag, answer, answer_json, folded, progress
from byheart.cli.text_commands import read_text

CalibrationOption = Annotated[
    list[str] | None,
    typer.Option(
        "--calibration", help="For memorizer:mixture: text that is neither in the index nor scored. Repeatable."
    ),
]


def score(
    context: typer.Context,
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
    index: Annotated[str, typer.Option("--index", help="For memorizer:NAME: the corpus that it knows by heart.")] = "",
    tokenizer: Annotated[
        str, typer.Option("--tokenizer", help="For endpoints and an index that carries none: folder or tokenizer.json.")
    ] = "",
    calibration: CalibrationOption = None,
    lines: LinesFlag = False,
    skip_bad: SkipBadFlag = False,
    all: Annotated[
        bool, typer.Option("--all", help="Every token in the table, and with --json a table at all.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print what an endpoint would be asked, and stop.", rich_help_panel="Endpoints"),
    ] = False,
    adapter: AdapterOption = "",
    chat: ChatOption = "",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    max_requests: MaxRequestsOption = None,
    max_tokens: MaxTokensOption = None,
    requests_per_second: RateOption = None,
    concurrency: ConcurrencyOption = None,
    timeout: TimeoutOption = None,
    price_prompt: PromptPriceOption = 0.0,
    price_completion: CompletionPriceOption = 0.0,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Say how many bits a model or a memorizer needs for a text, and which of its tokens surprise it.

    Example:  byheart score README.md --with memorizer:infinigram --index stdlib-tokens.idx
    """
    from byheart.cli.score_answer import score_json, score_lines
    from byheart.study.score_job import run_score
    from byheart.study.score_plan import ScorePlan

    plan = ScorePlan(
        source=text,
        model=model,
        index=index,
        tokenizer=tokenizer,
        adapter=adapter,
        chat=chat,
        device=device,
        dtype=dtype,
        calibration=tuple(calibration or ()),
        lines=lines,
        skip_bad=skip_bad,
    )
    limits, price = limits_of(context, model)
    if dry_run:
        from byheart.study.endpoint_forecast import Terms
        from byheart.study.endpoint_score import forecast_score

        planned = forecast_score(plan, Terms(limits, price), read_stdin=lambda: read_text("-"))
        answer_json(planned) if json else answer(folded(planned["lines"]))
        return
    with progress(quiet) as on_progress, resumable():
        found = run_score(
            plan,
            read_stdin=lambda: read_text("-"),
            limits=limits,
            wanted="all" if all else "none" if json else "costliest",
            on_progress=on_progress,
        )
    if json:
        answer_json(score_json(found, with_table=all))
    else:
        answer(folded(score_lines(found)))


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command()(score)
