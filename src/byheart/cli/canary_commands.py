"""Commands about planted secrets: canary make, canary plant."""

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
from byheart.errors import ConfigError

canary = typer.Typer(
    name="canary",
    help="Plant secrets into your own training data, so that an audit can say how far they stand out.\n\n"
    "Example:  byheart canary make -o canaries.jsonl",
    no_args_is_help=True,
)


@canary.command()
def make(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write; it must not exist.")],
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Pairs of twins, of which one each is planted.")] = 48,
    repetitions: Annotated[
        str, typer.Option("--repetitions", help="Copies of a planted one, comma-separated.")
    ] = "1,4,16",
    digits: Annotated[int, typer.Option("--digits", min=1, max=12, help="Of secrets in sentences.")] = 4,
    words: Annotated[int, typer.Option("--words", min=1, max=5, help="Of secrets of made-up words.")] = 3,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, help="Only to repeat a list: who knows it knows the secrets. Left out, none can guess it."
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Make pairs of secrets and flip a coin for each: one is to be planted, its twin is not.

    Only you can read the file, and no later command says what is in it.

    Example:  byheart canary make -o canaries.jsonl --pairs 96
    """
    from byheart.study.canary_planting import canary_warnings, make_canaries

    try:
        counts = [int(count) for count in repetitions.split(",")]
    except ValueError:
        raise ConfigError(
            f"--repetitions {repetitions!r} is no list of numbers.", next_step="Write for example 1,4,16."
        ) from None
    made = make_canaries(output, num_pairs=pairs, repetitions=counts, digits=digits, words=words, seed=seed)
    for warning in canary_warnings(made):
        say(f"Warning: {warning}")
    if json:
        answer_json(
            {
                "canaries": str(output),
                "pairs": len(made.pairs),
                "copies": sum(pair.repetitions for pair in made.pairs),
                "bytes": made.num_planted_bytes,
                "fingerprint": made.fingerprint,
            }
        )
        return
    answer(f"{output}: {len(made.pairs):,} pairs; the planted copies will have {made.num_planted_bytes:,} bytes.")
    answer(f"Fingerprint {made.fingerprint}: published before the training, it proves that no coin was turned.")
    answer(f"Next:  byheart canary plant {output} SOURCE -o training.jsonl")


@canary.command()
def plant(
    canaries: Annotated[Path, typer.Argument(help="File that `byheart canary make` wrote.", metavar="FILE")],
    source: Annotated[str, typer.Argument(help=SourceHelp, metavar="SOURCE")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .jsonl to write; it must not exist.")],
    lines: LinesFlag = False,
    skip_bad: SkipBadFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Write your training data with the planted secrets in it, at most 1 % of the bytes, as name and text.

    Example:  byheart canary plant canaries.jsonl texts/ -o training.jsonl
    """
    from byheart.study.canary_planting import plant_canaries

    with progress(quiet) as on_progress:
        done = plant_canaries(canaries, source, output, lines=lines, skip_bad=skip_bad, on_progress=on_progress)
    if json:
        answer_json(
            {
                "output": str(output),
                "documents": done.num_documents,
                "copies": done.num_copies,
                "share": done.share,
                "fingerprint": done.secrets.fingerprint,
            }
        )
        return
    answer(
        f"{output}: {done.num_documents:,} documents and {done.num_copies:,} copies of canaries, "
        f"{100 * done.share:.2f} % of the bytes. Do not remove duplicates from it."
    )
    answer(f"Train on it, then:  byheart audit MODEL --canaries {canaries} --trained-on {output} --held-out ... -o RUN")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.add_typer(canary)
