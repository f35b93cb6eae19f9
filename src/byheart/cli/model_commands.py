"""Commands that make models: train."""

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import (
    JsonFlag,
    LinesFlag,
    QuietFlag,
    SeedOption,
    SkipBadFlag,
    SourceHelp,
    answer,
    answer_json,
    progress,
)


def train(
    source: Annotated[str, typer.Argument(help=SourceHelp, metavar="SOURCE")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write the model to.")],
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of gradient descent, 1,024 tokens each.")] = 600,
    vocabulary: Annotated[int, typer.Option("--vocabulary", min=300, help="Tokens of the tokenizer.")] = 2048,
    seed: SeedOption = 0,
    lines: LinesFlag = False,
    skip_bad: SkipBadFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Train the small reference transformer; transformers loads the result as Llama.

    Example:  byheart train stdlib -o model --steps 600
    """
    from byheart.study.training import TrainingPlan, train_model

    plan = TrainingPlan(
        source=source, num_steps=steps, vocabulary_size=vocabulary, seed=seed, lines=lines, skip_bad=skip_bad
    )
    with progress(quiet) as on_progress:
        trained = train_model(plan, output, on_progress=on_progress)
    if json:
        answer_json(
            {
                "model": str(output),
                "tokens": trained.num_tokens,
                "held_out_bits_per_byte": trained.held_out_bits_per_byte,
            }
        )
    else:
        answer(
            f"{output}: {trained.num_tokens:,} tokens seen in {trained.seconds:.0f} s, "
            f"held-out {trained.held_out_bits_per_byte:.3f} bits per byte"
        )


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(train)
