"""Commands that make models: train."""

import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

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
    say,
)
from byheart.errors import ConfigError

_FEW_STEPS = 100
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def train(
    source: Annotated[str, typer.Argument(help=SourceHelp, metavar="SOURCE")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write the model to.")],
    time: Annotated[str, typer.Option("--time", help="Budget: 60s, 20m or 1h of gradient descent (default 2m).")] = "",
    tokens: Annotated[int | None, typer.Option("--tokens", min=1, help="Budget: tokens to see.")] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Budget: passes over the corpus.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Budget: steps of some 2,048 tokens.")] = None,
    size: Annotated[Literal["small", "medium"], typer.Option("--size", help="1 or 4 million parameters.")] = "small",
    form: Annotated[
        Literal["llama", "attention-only", "interpolation", "sigmoid", "tanh"],
        typer.Option("--form", help="What a layer is; transformers opens the first two."),
    ] = "llama",
    optimizer: Annotated[
        Literal["muon", "adamw", "descent"], typer.Option("--optimizer", help="descent: plain gradient descent.")
    ] = "muon",
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", help="Largest step size; each optimizer has its own default.")
    ] = None,
    context: Annotated[int, typer.Option("--context", min=8, help="Tokens that the model can look back.")] = 256,
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16"],
        typer.Option("--dtype", help="What matrix products read; auto: bfloat16 where it is faster here."),
    ] = "auto",
    vocabulary: Annotated[int, typer.Option("--vocabulary", min=300, help="Tokens of the tokenizer.")] = 2048,
    seed: SeedOption = 0,
    lines: LinesFlag = False,
    skip_bad: SkipBadFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Train the small reference transformer; transformers loads the result as Llama.

    Interrupted or killed, the same command goes on where it was, to the same weights.

    Example:  byheart train stdlib -o model --time 60s
    """
    from byheart.study.training import check_installed, train_model
    from byheart.study.training_plan import TrainingPlan

    plan = TrainingPlan(
        source=source,
        seconds=seconds_of(time),
        num_tokens=tokens,
        epochs=epochs,
        num_steps=steps,
        size=size,
        form=form,
        optimizer=optimizer,
        learning_rate=learning_rate,
        context_tokens=context,
        precision=dtype,
        vocabulary_size=vocabulary,
        seed=seed,
        lines=lines,
        skip_bad=skip_bad,
    )
    check_installed()
    from byheart.models.transformer.parallel import join

    try:
        with join() as group, progress(quiet or group.rank > 0) as on_progress:
            trained = train_model(plan, output, group=group, on_progress=on_progress)
    except KeyboardInterrupt:
        say(f"To go on, type  byheart {shlex.join(sys.argv[1:])}")
        raise
    if group.rank > 0:
        return
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
    if trained.num_steps < _FEW_STEPS:
        say(
            f"Only {trained.num_steps} steps: it has hardly begun to learn. Give it more --time, or --steps; other "
            "programs on the same cores slow it down many times."
        )


def seconds_of(text: str) -> float | None:
    """Seconds of "90", "60s", "20m" or "1.5h"; None of nothing."""
    if not text:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if found is None:
        raise ConfigError(f"--time {text!r} is no time.", next_step="Write 60s, 20m or 1h.")
    return float(found[1]) * _UNIT_SECONDS[found[2]]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(train)
