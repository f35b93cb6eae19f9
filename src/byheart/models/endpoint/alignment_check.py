"""Are the log-probabilities of a text those of its own tokens? Some servers put each one beside the wrong token."""

from dataclasses import dataclass

import numpy as np

from byheart.core.decoding import GREEDY
from byheart.core.tokens import TokenIds
from byheart.models.endpoint.completions import Written
from byheart.models.endpoint.order_check import OPENINGS
from byheart.models.endpoint.predictor import ScoringEndpoint
from byheart.models.endpoint.texts import is_expressible, written_ids

NUM_TOKENS = 8
"""Written after each opening."""
SMALLEST_SHARE = 0.8
"""Of the greedily written tokens so many must be the most probable ones when they are scored; near ties may differ."""
FEWEST_TOKENS = 4
"""Scored tokens that the check needs: one in each text on average. Fewer may be right by chance."""
_MISALIGNED = (
    "It shows log-probabilities of a given text, but they are not those of its tokens: of {num} tokens that it wrote "
    "greedily only {right} are the most probable ones by its own numbers. So they are not used."
)
_UNCHECKED = (
    "It shows log-probabilities of a given text, but whether they are those of its tokens could not be checked: of "
    "what it wrote greedily {num} tokens could be scored, and the check needs {fewest}. So they are not used."
)


@dataclass(frozen=True)
class AlignmentCheck:
    """Greedy writing against the scores of what was written."""

    num_tokens: int
    """Tokens written and scored."""
    num_argmax: int
    """Those that are the most probable by their scores."""

    @property
    def fault(self) -> str | None:
        """Why the scores are not to be used, for the notes; None where they can be those of the tokens.

        What could not be checked is not used either: numbers beside the wrong tokens are known of a server that many
        use, they look like any others, and an audit made of them would be wrong where one without them is only less.
        """
        if self.num_tokens < FEWEST_TOKENS:
            return _UNCHECKED.format(num=self.num_tokens, fewest=FEWEST_TOKENS)
        if self.num_argmax < SMALLEST_SHARE * self.num_tokens:
            return _MISALIGNED.format(num=self.num_tokens, right=self.num_argmax)
        return None


def check_alignment(endpoint: ScoringEndpoint) -> AlignmentCheck:
    """Lets the endpoint continue texts greedily, and scores what it wrote.

    Definition:
        greedy writing takes the most probable token at each place; so each written token has rank 1 when it is scored
    Args:
        endpoint: asked two requests for each of four texts.
    Raises:
        BackendError: the server fails or answers wrongly.
    Source: protocols.md B1: free generation and the teacher-forced shortcut must agree.
    Differs: a share of 0.8 is enough, since servers round differently when they write and when they read.
    """
    num = right = 0
    for opening in OPENINGS:
        half = opening[: opening.rindex(" ", 0, len(opening) // 2)]
        context = endpoint.tokenizer.encode(half).token_ids
        if endpoint.context_tokens is not None:
            context = context[: max(endpoint.context_tokens - NUM_TOKENS, 1)]
        written = endpoint.complete(endpoint.prompt(context), GREEDY, NUM_TOKENS, seed=0)
        whole = _together(endpoint, context, written)
        if whole is not None:
            (tail,) = endpoint.score([whole], [context.size])
            num += len(tail)
            right += int(np.count_nonzero(tail.is_argmax))
    return AlignmentCheck(num, right)


def _together(endpoint: ScoringEndpoint, context: TokenIds, written: Written) -> TokenIds | None:
    """A context with its continuation; None where it cannot be asked about in these very tokens."""
    tokenizer = endpoint.tokenizer
    if written.token_ids is not None:
        tail = written_ids(written, NUM_TOKENS, tokenizer)
        return np.concatenate([context, tail]) if tail.size else None
    whole = tokenizer.encode(tokenizer.decode(context) + written.text).token_ids
    is_continued = whole.size > context.size and np.array_equal(whole[: context.size], context)
    return whole if is_continued and is_expressible(whole, tokenizer) else None
