"""The command `byheart`: its commands, its global options, and how errors become exit codes."""

import os
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, cast

import typer
import typer.main

from byheart._version import __version__
from byheart.cli import (
    attribution_commands,
    audit_commands,
    canary_commands,
    compare_commands,
    corpus_commands,
    data_commands,
    explain_commands,
    gate_commands,
    index_commands,
    lab_commands,
    model_commands,
    run_commands,
    score_commands,
    serve_command,
    text_commands,
)
from byheart.cli.outlets import CLOSED_PIPE, accept_every_character, discard_rest
from byheart.cli.session import be_verbose, fail, show_log, show_trace, show_unexpected
from byheart.errors import ByheartError, ConfigError

EPILOG = "Try it now:  byheart demo -o runs/demo   (offline, two minutes, no data needed)"

app = typer.Typer(
    name="byheart",
    help="What does a language model know by heart, and what does it do beyond?",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "BYHEART"},
)
audit_commands.register(app)
lab_commands.register(app)
index_commands.register(app)
text_commands.register(app)
canary_commands.register(app)
corpus_commands.register(app)
data_commands.register(app)
score_commands.register(app)
attribution_commands.register(app)
explain_commands.register(app)
model_commands.register(app)
run_commands.register(app)
compare_commands.register(app)
gate_commands.register(app)
serve_command.register(app)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"byheart {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show Python's traceback when something fails.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask anything; byheart never does.")] = False,
) -> None:
    """What does a language model know by heart, and what does it do beyond?"""
    context.default_map = configuration(Path("byheart.toml"), command())


def configuration(path: Path, tree: Any) -> dict[str, Any]:
    """Defaults for options from byheart.toml: a table per command. Flags and BYHEART_* variables win over them.

    Args:
        path: the file; nothing when it does not exist.
        tree: the commands whose options may be named.

    Raises:
        ConfigError: the file is not TOML, or names a command or an option that does not exist.
    """
    if not path.is_file():
        return {}
    try:
        defaults = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML.", why=str(error), next_step="Correct or remove the file.") from error
    faults = _faults(defaults, tree, "")
    if faults:
        raise ConfigError(f"{path} is ill-formed.", why="; ".join(faults) + ".", next_step="See docs/commands.md.")
    return defaults


def _faults(tables: dict[str, Any], tree: Any, above: str) -> list[str]:
    """Tables that are no command's, and options that a command has not; [canary.make] is the table of a subcommand."""
    faults = []
    for name, options in tables.items():
        one = tree.commands.get(name)
        known = [p.name for p in one.params] if one is not None else []
        if not isinstance(options, dict) or one is None:
            faults.append(f"{above + name!r} is not a table of a command")
        elif hasattr(one, "commands"):
            faults += _faults(options, one, f"{name}.")
        else:
            faults += [f"[{above}{name}] has no option {option!r}" for option in options if option not in known]
    return faults


def command() -> Any:
    """The command tree; its help leaves out each option's variable, whose name docs/commands.md tells by a rule."""
    group: Any = typer.main.get_command(app)
    below = [inner for one in group.commands.values() for inner in getattr(one, "commands", {}).values()]
    for one in (group, *group.commands.values(), *below):
        if any(parameter.name == "quiet" for parameter in one.params):
            one.params.append(_verbose_option())
        for parameter in one.params:
            if hasattr(parameter, "show_envvar"):
                parameter.show_envvar = False
    return group


def _switched(value: bool) -> None:
    if value:
        be_verbose()


VerboseFlag = Annotated[
    bool,
    typer.Option(
        "-v", "--verbose", callback=_switched, help="Also say what was read from where, and how long each stage took."
    ),
]


def _verbose_option() -> Any:
    """-v, which every command with -q has, so that no command need pass it on."""
    flags = typer.Typer(add_completion=False)

    @flags.command()
    def takes(verbose: VerboseFlag = False) -> None:
        """Nothing; its option is what is wanted."""

    (option,) = (one for one in cast("Any", typer.main.get_command(flags)).params if one.name == "verbose")
    option.expose_value = False
    return option


def data_main() -> None:
    """`byheart-data` is `byheart data-check`: the entry of the pre-commit hook."""
    sys.argv.insert(1, "data-check")
    main()


def main() -> None:
    """Runs the command line; the exit codes are those of contract.md."""
    debug = "--debug" in sys.argv or bool(os.environ.get("BYHEART_DEBUG"))
    sys.excepthook = show_trace if debug else show_unexpected
    accept_every_character()
    show_log()
    try:
        command()(prog_name="byheart")
    except SystemExit as stopped:
        if isinstance(stopped.__context__, BrokenPipeError):
            discard_rest()
            sys.exit(CLOSED_PIPE)
        raise
    except ByheartError as error:
        if debug:
            raise
        fail(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
