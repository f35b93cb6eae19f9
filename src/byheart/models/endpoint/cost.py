"""What asking an endpoint will cost, before anything is asked."""

from dataclasses import dataclass

from byheart.errors import InputError
from byheart.models.endpoint.limits import range_faults
from byheart.models.endpoint.order_check import NUM_TEXTS

PROBE_REQUESTS = 32
"""At most, of one opening."""
PROBE_TOKENS = 2_400
"""At most, of one opening."""
_CHECK_TOKENS = 64
"""Of a text of the order check, about."""
_MOST = 1e9
"""Money; no million tokens cost more."""
_OPTIONS = {"per_million_prompt_tokens": "--price-prompt", "per_million_written_tokens": "--price-completion"}


@dataclass(frozen=True, kw_only=True)
class Price:
    """What the server's owner asks for; the currency is the user's."""

    per_million_prompt_tokens: float = 0.0
    """Money."""
    per_million_written_tokens: float = 0.0
    """Money."""

    def __post_init__(self) -> None:
        faults = range_faults(vars(self), dict.fromkeys(_OPTIONS, (0.0, _MOST)), _OPTIONS)
        if faults:
            raise InputError("A price is ill-formed.", why=faults, next_step="Correct the values.")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """An estimate from above, failed tries left out."""

    requests: int
    """Requests."""
    prompt_tokens: int
    """Tokens sent."""
    written_tokens: int
    """Tokens written by the server."""
    money: float
    """In the currency of the price."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is asked of an endpoint."""

    num_scored_texts: int = 0
    """Texts to score."""
    scored_tokens: int = 0
    """Tokens of them in all."""
    num_prompts: int = 0
    """Prompts to continue."""
    prompt_tokens: int = 0
    """Tokens of them in all."""
    written_tokens: int = 0
    """Tokens to write in all, at most."""


def cost(work: Work, price: Price) -> Cost:
    """Requests, tokens and money that some work takes at most.

    Definition:
        requests = probe + 2 x 32 of the order check where texts are scored + texts + prompts; a scored text has a start
        token more and makes the server write one; a prompt has a start token more, and a quarter more is written where
        the server's tokens have to be encoded here
    Args:
        work: what is asked.
        price: of a million tokens.
    Returns:
        the estimate.
    Source: definition.
    Differs: nothing.
    """
    num_checked = 2 * NUM_TEXTS if work.num_scored_texts else 0
    num_scored = work.num_scored_texts + num_checked
    prompt = PROBE_TOKENS + num_scored + num_checked * _CHECK_TOKENS + work.scored_tokens
    prompt += work.num_prompts + work.prompt_tokens
    written = num_scored + work.written_tokens + work.written_tokens // 4 + 4 * work.num_prompts
    money = (prompt * price.per_million_prompt_tokens + written * price.per_million_written_tokens) / 1e6
    return Cost(
        requests=PROBE_REQUESTS + num_scored + work.num_prompts,
        prompt_tokens=prompt,
        written_tokens=written,
        money=money,
    )
