"""What an endpoint was found to offer, in words and as core's access levels."""

from dataclasses import dataclass
from typing import Literal

from byheart.core.predictor import Access
from byheart.core.token_scores import TOP_K

ScoreForm = Literal["prompt_logprobs", "echo"]
"""How log-probabilities of a given text are asked for: vLLM's own field, or the echo of OpenAI's first API."""

CANNOT = {
    Access.PROMPT_LOG_PROBABILITIES: (
        "It can't show what happens inside: no embeddings, no gradients, no proof that the weights stay the same."
    ),
    Access.GENERATED_LOG_PROBABILITIES: (
        "It can't say how probable a given text is: membership, exposure and bits per byte are not testable."
    ),
    Access.TEXT: (
        "It can't say how probable anything is: only what comes out can be compared, by asking often and with controls."
    ),
}
"""What each access level can't prove."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """Findings of a probe."""

    score_form: ScoreForm | None
    """How given texts are scored; None where they are not."""
    top_tokens: int
    """Most probable tokens shown at each place of a scored text; 0 where none is scored."""
    takes_token_ids: bool
    """Whether a prompt may be a list of token ids."""
    start_text: str
    """What stands before a prompt that is text, so that the model is at the start of a document."""
    completes: bool
    """Whether it continues a text (/completions)."""
    chats: bool
    """Whether it answers a message (/chat/completions)."""
    generated_top_tokens: int
    """Most probable tokens shown beside each generated one; 0 where no log-probability of them is shown."""
    takes_extras: bool
    """Whether top_k and min_p are obeyed and token ids of answers are asked for; false where the API has no such
    fields."""
    takes_seed: bool
    """Whether a seed may be sent."""
    repeats: bool
    """Whether the same seed gave the same text twice."""
    context_tokens: int | None
    """Tokens of a prompt beside its start token; None where the server does not tell."""
    identity: tuple[str, ...]
    """What the server says that it is."""
    notes: tuple[str, ...] = ()
    """What a reader of the results should know beside."""

    @property
    def access(self) -> Access:
        """The level that core knows."""
        if self.score_form is not None:
            return Access.PROMPT_LOG_PROBABILITIES
        return Access.GENERATED_LOG_PROBABILITIES if self.generated_top_tokens else Access.TEXT

    def in_words(self) -> tuple[str, ...]:
        """What was found and what it can't prove, a sentence each."""
        said = [f"Access: {self.access}."]
        if self.score_form is not None:
            unit = "token ids" if self.takes_token_ids else "text"
            said.append(
                f"Given texts are scored by {self.score_form}, asked in {unit}, with the {self.top_tokens} most "
                "probable tokens at each place."
            )
            if self.top_tokens < TOP_K:
                said.append(f"p_z needs the {TOP_K} most probable ones, so it can't be told.")
        ways = [
            way for way, offered in (("continues text", self.completes), ("answers messages", self.chats)) if offered
        ]
        said.append(f"It {' and '.join(ways)}." if ways else "It writes nothing.")
        if ways:
            said.append("Top-k sampling is obeyed." if self.takes_extras else "It takes no top-k.")
            seeds = "repeats its text" if self.repeats else "does not repeat its text"
            said.append(f"Asked twice with one seed it {seeds}." if self.takes_seed else "It takes no seed.")
        return (*said, *self.notes, CANNOT[self.access])
