"""Does a text's score depend on what was asked before it? Some servers answer with a cached number of another text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError
from byheart.models.endpoint.texts import is_expressible

NUM_TEXTS = 32
LARGEST_NATS = 1.0
"""nats; by so much one token may differ: bfloat16 servers round differently in batches of other sizes.

Four times what it came to with these texts, SmolLM2 and transformers in bfloat16: 0.25 at most, 0.041 on average.
"""
MEAN_NATS = 0.1
"""nats; by so much the tokens may differ on average."""
OPENINGS = (
    "In the spring of that year the company sent three ships to the northern islands, with salt, rope, iron and cloth "
    "for the people who lived there, and with orders to bring back oil before the ice closed the strait",
    "When a list is sorted by comparing its items two at a time, no method can do with fewer comparisons than the "
    "logarithm of the number of its orders, and the best known methods come close to that bound",
    "The committee met on the first Monday of each month in the small room behind the library, where the windows did "
    "not open and the clock had stopped, and it spoke about the bridge, the mill and the road",
    "To make the dough, mix flour and water with a little salt, let it rest under a cloth for an hour, fold it from "
    "all four sides, and let it rest again until it has doubled, which takes longer in a cold kitchen",
)
_ENDINGS = (
    ".",
    ", as everyone knew.",
    ", but the letter that came later said otherwise.",
    "; nobody asked why.",
    ", and then it began to rain, first softly, then so that the gutters ran over.",
    " (this was in October).",
    ", which cost 41 pounds and 7 shillings in all.",
    ". What happened next is told in another book.",
)


@dataclass(frozen=True)
class OrderCheck:
    """How far two passes over the same texts, in two orders, agreed."""

    num_tokens: int
    """Tokens compared, >= 1."""
    mean_nats: float
    """nats; mean absolute difference of a token's log-probability."""
    largest_nats: float
    """nats; largest one."""


def check_texts(tokenizer: Tokenizer, longest: int | None) -> list[TokenIds]:
    """The texts: eight ends to each of four openings in turn, since caches go by common beginnings.

    Args:
        tokenizer: of the endpoint's model.
        longest: tokens of a text; None for no bound.
    """
    texts = [tokenizer.encode(opening + ending).token_ids for ending in _ENDINGS for opening in OPENINGS]
    return [text if longest is None or text.size <= longest else text[:longest] for text in texts]


def check_order(
    score: Callable[[Sequence[TokenIds]], list[TokenScores]],
    tokenizer: Tokenizer,
    *,
    longest: int | None,
    as_text: bool,
) -> OrderCheck:
    """Scores the texts in two orders.

    Args:
        score: asks the endpoint.
        tokenizer: of its model.
        longest: tokens of a text; None for no bound.
        as_text: whether it is asked in text, so that only texts may be used whose tokens can be written.
    Returns:
        how well they agree.
    Raises:
        BackendError: not within LARGEST_NATS for each token and MEAN_NATS on average.
    Source: facts of vLLM's prefix cache, which filled cached places with another request's numbers (issue 42019).
    Differs: nothing.
    """
    texts = check_texts(tokenizer, longest)
    if as_text:
        texts = [text for text in texts if is_expressible(text, tokenizer)]
    forward = score(texts)
    backward = score(texts[::-1])[::-1]
    pairs = zip(forward, backward, strict=True)
    gaps = [np.abs(one.log_probability_nats - other.log_probability_nats) for one, other in pairs]
    if not gaps:
        raise BackendError(
            "The order check has no text that this endpoint can be asked about.",
            next_step="Give the tokenizer that the endpoint's model was trained with.",
        )
    together = np.concatenate(gaps)
    found = OrderCheck(together.size, float(together.mean()), float(together.max()))
    if found.largest_nats > LARGEST_NATS or found.mean_nats > MEAN_NATS:
        raise BackendError(
            "The endpoint scores a text differently when other texts were asked before it.",
            why=f"In two orders of {len(texts)} texts a token's log-probability differs by {found.mean_nats:.3f} nats "
            f"on average and {found.largest_nats:.2f} at most; {MEAN_NATS} and {LARGEST_NATS} would be rounding.",
            next_step="Switch its prefix cache off (vLLM: --no-enable-prefix-caching) and type the same command again.",
        )
    return found
