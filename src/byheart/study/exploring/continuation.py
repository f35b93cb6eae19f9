"""How probable a continuation is that somebody typed: to the model, and to whoever only stores text."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from byheart.core.predictor import Scores
from byheart.core.tokens import TokenIds
from byheart.core.units import nats_to_bits
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import InputError
from byheart.stats.tries import tries_needed

MOST_TOKENS = 512
"""Of a continuation; the scores of more take long, and no window of an audit is longer."""
MOST_GIVEN = 2048
"""Tokens before it that are read; where the model's context is shorter, so many."""
HALF = 0.5


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A text cut into what is given and how it goes on, in tokens of one encoding."""

    token_ids: TokenIds
    """shape [num_tokens]; the given ones first."""
    num_given: int
    """Tokens that are context only."""
    moved_bytes: int
    """bytes; so much before the place that was asked for lies the border, where that is inside a token."""
    left_out_tokens: int
    """Tokens at the beginning of the given text that nobody read, since no context is so long."""
    blank_bytes: int = 0
    """bytes; blanks at the end of the text that are not asked about."""

    @property
    def num_tokens(self) -> int:
        """Tokens of the continuation."""
        return int(self.token_ids.size) - self.num_given


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one predictor gives a continuation."""

    name: str
    """Who, as in the results."""
    log_pz_nats: float | None
    """nats; log of the probability that it writes exactly this at temperature 1 and top-k 40, <= 0; None where it
    never does, since a token is not among the 40, or where it does not tell."""
    tells_pz: bool
    """Whether it tells its 40 most probable tokens."""
    bits: float
    """bits; - log2 of the probability under its whole distribution."""
    num_right: int
    """Tokens from the start on that are its most probable ones."""
    log_pz_right_nats: float | None
    """nats; log p_z of those, <= 0; None where it does not tell."""
    is_greedy: bool
    """Whether all are: without any chance it writes exactly this."""
    tries: float | None
    """Continuations after which this has come out with probability one half; None where it never does, or where the
    number is beyond what a float holds."""


def cut(tokenizer: Tokenizer, given: str, continuation: str, context_tokens: int | None) -> Cut:
    """Slices of one encoding, as the audits cut them: the two parts are never encoded apart.

    Blanks at the end are left out, unless there is nothing else: who copies a line takes its end along, which in the
    source is often part of a longer token (line end and indentation), so that it alone would make p_z 0.

    Args:
        tokenizer: of the model.
        given: what stands before.
        continuation: not empty.
        context_tokens: of the model; None where it has no bound.
    Raises:
        InputError: the continuation has no token or too many.
    """
    asked = continuation.rstrip() or continuation
    encoding = tokenizer.encode(given + asked)
    border = len(given.encode())
    num_given = int(np.searchsorted(encoding.byte_ends, border, side="right"))
    num_given = min(num_given, max(len(encoding) - 1, 0))
    num_tokens = len(encoding) - num_given
    # The last token is predicted and never read.
    longest = MOST_TOKENS if context_tokens is None else min(MOST_TOKENS, context_tokens)
    if not 1 <= num_tokens <= longest:
        raise InputError(
            f"A continuation has 1 to {longest:,} tokens here.",
            why=f"This one has {num_tokens:,}.",
            next_step="Move the border, or give less text.",
        )
    room = MOST_GIVEN if context_tokens is None else min(MOST_GIVEN, context_tokens + 1 - num_tokens)
    left_out = max(0, num_given - room)
    reached = int(encoding.byte_ends[num_given - 1]) if num_given else 0
    return Cut(
        token_ids=encoding.token_ids[left_out:],
        num_given=num_given - left_out,
        moved_bytes=border - reached,
        left_out_tokens=left_out,
        blank_bytes=len(continuation[len(asked) :].encode()),
    )


def say(name: str, predictor: Scores, it: Cut) -> Said:
    """What a predictor gives a continuation.

    Definition:
        p_z = prod_t P_40(x_t | x_<t), P_40 its distribution at temperature 1 over its 40 most probable tokens;
        tries = log(1 - 1/2) / log(1 - p_z)
    Args:
        name: as in the results.
        predictor: whose tokens these are.
        it: the cut text.
    Source: Hayes et al. 2024 (2410.19482); protocols.md B1.
    Differs: nothing.
    """
    (scores,) = predictor.score([it.token_ids], [it.num_given])
    wrong = np.flatnonzero(~scores.is_argmax)
    num_right = int(wrong[0]) if wrong.size else len(scores)
    inside = scores.top_k_log_probability_nats if scores.knows_top_k else None
    log_pz = -math.inf if inside is None else float(inside.sum())
    tries = tries_needed(log_pz, HALF)
    return Said(
        name=name,
        log_pz_nats=log_pz if log_pz > -math.inf else None,
        tells_pz=scores.knows_top_k,
        bits=nats_to_bits(-float(scores.log_probability_nats.sum())),
        num_right=num_right,
        log_pz_right_nats=None if inside is None else float(inside[:num_right].sum()),
        is_greedy=not wrong.size,
        tries=tries if math.isfinite(tries) else None,
    )


def say_all(model: tuple[str, Scores], beside: Mapping[str, Scores], it: Cut) -> tuple[Said, ...]:
    """The model's first, then the others' in their order."""
    return tuple(say(name, predictor, it) for name, predictor in (model, *beside.items()))
