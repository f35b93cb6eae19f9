"""The command that opens the explorer of a run: serve."""

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from byheart.cli.session import JsonFlag, QuietFlag, answer, answer_json, progress, say
from byheart.errors import ByheartError, CapabilityError


def serve(
    run: Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")],
    index: Annotated[
        Path | None,
        typer.Option("--index", help="Index of the trained-on text; else one is built of the run's sources, once."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--with", help="The model under test where it has moved; of an endpoint: may be asked.", metavar="MODEL"
        ),
    ] = "",
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Default: 8321, or the next that is free; 0: any.")
    ] = None,
    open: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Explore a finished run in the browser: its passages, its sources, and any text that you paste. Ctrl-C ends it.

    Example:  byheart serve runs/demo
    """
    if any(importlib.util.find_spec(name) is None for name in ("starlette", "uvicorn", "jinja2")):
        raise CapabilityError(
            "The explorer needs starlette, uvicorn and jinja2.",
            why="They come with the extra `serve`.",
            next_step="pip install 'byheart[serve]'",
        )
    from byheart.explorer.serving import serve as served
    from byheart.study.exploring.exploration import Exploration

    exploration = Exploration(run, index=index, model=model)
    with progress(quiet) as on_progress:
        try:
            exploration.places(on_progress=on_progress)
        except ByheartError as error:
            if index is not None:
                raise
            # The rest of the explorer works without, and its pages say what to type.
            say(f"Without an index: {error.what} {error.why}")
            say(error.next_step)

    if exploration.index.is_another:
        say(exploration.index.is_another)

    def started(address: str) -> None:
        if json:
            answer_json({"address": address})
        else:
            answer(f"Explorer: {address}")
        say("On this machine only. Ctrl-C ends it.")
        if open:
            import webbrowser

            webbrowser.open(address)

    served(exploration, port, started)


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command()(serve)
