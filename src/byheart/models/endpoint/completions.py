"""Requests to /completions and /chat/completions, and what is read from their answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from byheart.core.decoding import Decoding
from byheart.core.tokens import TokenIds
from byheart.models.endpoint.answer import Answer, wrong_answer
from byheart.models.endpoint.capabilities import Capabilities

COMPLETIONS = "/completions"
CHAT = "/chat/completions"
Prompt = str | list[int]
Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Written:
    """What an endpoint wrote."""

    text: str
    """Untrusted."""
    token_ids: tuple[int, ...] | None
    """Ids of its tokens, untrusted; None where the server did not tell."""
    log_probability_nats: tuple[float, ...] | None
    """nats of each token given those before it; None where the server did not tell."""
    finish: str
    """Why it stopped: "stop" at the end of the text, "length" where the tokens asked for were used up; untrusted."""


def scoring_body(model: str, prompt: Prompt, form: str, top_tokens: int) -> dict[str, Any]:
    """A request for the log-probabilities of a prompt.

    One token is written and thrown away: servers take a maximum of 0 to mean "as many as fit".

    Args:
        model: name on the server.
        prompt: with its start token or start text.
        form: "prompt_logprobs" or "echo".
        top_tokens: most probable tokens to show at each place, >= 1.
    """
    wanted = {"prompt_logprobs": top_tokens} if form == "prompt_logprobs" else {"echo": True, "logprobs": top_tokens}
    # Some servers divide by the temperature before they take logarithms.
    return {"model": model, "prompt": prompt, "max_tokens": 1, "temperature": 1.0, "top_p": 1.0, **wanted}


def writing_body(
    model: str, decoding: Decoding, num_tokens: int, seed: int, found: Capabilities, *, chat: bool
) -> dict[str, Any]:
    """All of a request to write but its prompt or messages.

    Args:
        model: name on the server.
        decoding: its top-k only where the server obeys it.
        num_tokens: most tokens to write.
        seed: of this one sequence.
        found: what the server takes.
        chat: whether it goes to /chat/completions.
    """
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": num_tokens,
        "temperature": decoding.temperature,
        "top_p": 1.0 if decoding.top_p is None else decoding.top_p,
    }
    if found.takes_seed:
        body["seed"] = seed
    if found.takes_extras:
        # Said even where they are off: servers have defaults of their own.
        body |= {"top_k": decoding.top_k or 0, "min_p": 0.0, "return_token_ids": found.takes_token_ids}
    if found.generated_top_tokens:
        body |= (
            {"logprobs": True, "top_logprobs": found.generated_top_tokens}
            if chat
            else {"logprobs": found.generated_top_tokens}
        )
    return body


def choice(answer: Answer) -> Answer:
    """The only choice of an answer."""
    return answer.member("choices").items(expected=1)[0]


def read_completion(answer: Answer) -> Written:
    """What /completions wrote.

    Raises:
        BackendError: a field is wrong.
    """
    one = choice(answer)
    logs = None
    if one.has("logprobs"):
        logs = tuple(item.log_probability_nats() for item in one.member("logprobs").member("token_logprobs").items())
    return Written(
        text=one.member("text").text(),
        token_ids=_token_ids(one),
        log_probability_nats=logs,
        finish=one.member("finish_reason").text() if one.has("finish_reason") else "",
    )


def read_chat(answer: Answer) -> Written:
    """What /chat/completions wrote.

    Raises:
        BackendError: a field is wrong.
    """
    one = choice(answer)
    message = one.member("message")
    logs = None
    if one.has("logprobs") and one.member("logprobs").has("content"):
        items = one.member("logprobs").member("content").items()
        logs = tuple(item.member("logprob").log_probability_nats() for item in items)
    return Written(
        # A refusal, or reasoning that used up all tokens, leaves no content.
        text=message.member("content").text() if message.has("content") else "",
        token_ids=_token_ids(one),
        log_probability_nats=logs,
        finish=one.member("finish_reason").text() if one.has("finish_reason") else "",
    )


def _token_ids(one: Answer) -> tuple[int, ...] | None:
    if not one.has("token_ids"):
        return None
    return tuple(item.whole_number() for item in one.member("token_ids").items())


def ids_of(token_ids: TokenIds, start_id: int) -> list[int]:
    """A prompt of token ids behind its start token."""
    return [start_id, *map(int, token_ids)]


def check_length(written: Written, num_tokens: int) -> None:
    """Refuses an answer of more tokens than were asked for.

    Raises:
        BackendError: it is too long.
    """
    for name, found in (("token_ids", written.token_ids), ("logprobs", written.log_probability_nats)):
        if found is not None and len(found) > num_tokens:
            raise wrong_answer(f"choices[0].{name}", f"{num_tokens} tokens were asked for, got {len(found)}")
