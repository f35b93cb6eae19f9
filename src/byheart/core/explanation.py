"""Why a predictor may have said what it said: the ladder of explanations, weakest first."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import TokenIds

Rungs = npt.NDArray[np.int8]
"""Of each token the place of its explanation in EXPLANATIONS."""


class Explanation(StrEnum):
    """What suffices to say a token, in the order in which they are tried."""

    KNOWLEDGE = "knowledge"
    """The longest match of the context has at least STORED_TOKENS tokens, and everywhere the same token follows it."""
    INFINIGRAM = "infinigram"
    """What the infinigram of the trained-on text finds most probable, by neighbours or by occurrences."""
    MARKOV = "markov"
    """What its n-grams of at most five tokens find most probable, of all documents or of each once."""
    BOOLEAN = "boolean"
    """What its rules over the last seven tokens, gaps allowed, find most probable."""
    COPY = "copy"
    """What followed the longest repeated suffix of the prompt itself: no stored text is needed."""
    BEYOND = "beyond"
    """None of these."""


EXPLANATIONS = tuple(Explanation)
LADDER = EXPLANATIONS[:-1]
"""The rungs: whatever can explain a token."""
STORED_TOKENS = 32
"""Shortest match of `Explanation.KNOWLEDGE`: a run of so many tokens that stands in two texts is a copy."""
NO_ANSWER = -1
"""In the place of a token, where a rung has none."""
Answers = Mapping[Explanation, Sequence[TokenIds]]
"""What each rung says, by each of its memorizers: NO_ANSWER where one has none, shape [num_tokens] each."""


def copy_answers(token_ids: TokenIds) -> TokenIds:
    """What each token would be, if the text went on as it did after the longest run that just repeated itself.

    Definition:
        of token t: x_j for the largest n >= 1 such that x_{j-n..j-1} = x_{t-n..t-1} for a j < t, and among these j the
        last; NO_ANSWER where the token before t stands nowhere earlier
    Args:
        token_ids: the text from the start of the prompt on, shape [num_tokens].
    Returns:
        shape [num_tokens]; the answer of token t rests on the tokens before it alone.
    Cost: quadratic, 0.1 seconds for 10,000 tokens, 10 for 100,000; memory linear.
    Source: Olsson et al. 2022, "In-context Learning and Induction Heads" (2209.11895), prefix matching and copying.
    Differs: the longest repeated run decides, not the last token alone.
    """
    answers = np.full(token_ids.size, NO_ANSWER, dtype=np.int32)
    # runs[j]: tokens that end before j and equal those that end before t; overlaps count.
    runs = np.zeros(token_ids.size + 1, dtype=np.int32)
    for t in range(1, token_ids.size):
        runs[1:t] = np.where(token_ids[: t - 1] == token_ids[t - 1], runs[: t - 1] + 1, 0)
        if t > 1:
            best = t - 1 - int(np.argmax(runs[t - 1 : 0 : -1]))
            if runs[best]:
                answers[t] = token_ids[best]
    return answers


def weakest_explanations(said: TokenIds, answers: Answers) -> Rungs:
    """The first rung of the ladder that says what was said.

    Definition:
        min {r in LADDER : answer(t) = said(t) for a memorizer of r}, BEYOND where there is none
    Args:
        said: the most probable token of the predictor at each place, shape [num_tokens].
        answers: of the rungs that there are.
    Returns:
        places in EXPLANATIONS, shape [num_tokens].
    Source: protocols.md B5; Nguyen 2024, "Understanding Transformers via N-gram Statistics" (2407.12034), where the
        best of many rules is taken, here the first of few.
    Differs: the rules are whole memorizers in a fixed order, so that no rule is chosen by how well it does.
    """
    rungs = np.full(said.size, EXPLANATIONS.index(Explanation.BEYOND), dtype=np.int8)
    for place in reversed(range(len(LADDER))):
        for answer in answers.get(LADDER[place], ()):
            rungs[answer == said] = place
    return rungs
