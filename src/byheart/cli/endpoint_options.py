"""Options of commands that may ask an endpoint: how hard, how much, at what price. They decide no number."""

from typing import TYPE_CHECKING, Annotated

import typer

from byheart.errors import ConfigError

if TYPE_CHECKING:
    from byheart.models.endpoint.cost import Price
    from byheart.models.endpoint.limits import Limits

_PANEL = "Endpoints"

MaxRequestsOption = Annotated[
    int | None, typer.Option("--max-requests", help="Most requests of this call.", rich_help_panel=_PANEL)
]
MaxTokensOption = Annotated[
    int | None,
    typer.Option("--max-tokens", help="Most tokens of this call, sent and written.", rich_help_panel=_PANEL),
]
RateOption = Annotated[
    float | None, typer.Option("--requests-per-second", help="Requests begun per second.", rich_help_panel=_PANEL)
]
ConcurrencyOption = Annotated[
    int | None, typer.Option("--concurrency", help="Requests under way at a time [4].", rich_help_panel=_PANEL)
]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", help="Seconds that an answer may take [120].", rich_help_panel=_PANEL)
]
PromptPriceOption = Annotated[
    float,
    typer.Option("--price-prompt", help="Of a million tokens sent, for --dry-run.", rich_help_panel=_PANEL),
]
CompletionPriceOption = Annotated[
    float,
    typer.Option("--price-completion", help="Of a million tokens written, for --dry-run.", rich_help_panel=_PANEL),
]
_NAMES = (
    "max_requests",
    "max_tokens",
    "requests_per_second",
    "concurrency",
    "timeout",
    "price_prompt",
    "price_completion",
)


def limits_of(context: typer.Context, model: str) -> "tuple[Limits, Price]":
    """How hard an endpoint may be asked and what it costs, as the options of a command say.

    Args:
        context: of a command that has all options of this file under their own names.
        model: who is asked; a variable or a file may set limits also where it is no endpoint, a flag may not.
    Raises:
        ConfigError: a flag for a model that is no endpoint.
        InputError: a limit or a price is no number that can be one; the message names its option.
    """
    from byheart.models import is_endpoint
    from byheart.models.endpoint.cost import Price
    from byheart.models.endpoint.limits import Limits

    given = {name: context.params[name] for name in _NAMES}
    typed = [
        f"--{name.replace('_', '-')}"
        for name in _NAMES
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    ]
    if typed and not is_endpoint(model):
        raise ConfigError(
            f"Only an endpoint takes {' and '.join(typed)}.",
            why="Every other model answers on this machine.",
            next_step="Leave it out, or name an endpoint: http://host:port/v1#name",
        )
    price = Price(
        per_million_prompt_tokens=given.pop("price_prompt"), per_million_written_tokens=given.pop("price_completion")
    )
    limits = {name: value for name, value in given.items() if value is not None}
    if "timeout" in limits:
        limits["timeout_seconds"] = limits.pop("timeout")
    return Limits(**limits), price
