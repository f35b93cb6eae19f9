"""Finds out what an endpoint offers by asking for it: a dozen small requests, each of a kind that is used later."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from byheart.core.decoding import GREEDY, Decoding
from byheart.core.visible import visible_in_line
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError, ConfigError
from byheart.models.endpoint.answer import Answer
from byheart.models.endpoint.capabilities import Capabilities
from byheart.models.endpoint.completions import (
    CHAT,
    COMPLETIONS,
    Prompt,
    Written,
    choice,
    ids_of,
    read_chat,
    read_completion,
    scoring_body,
    writing_body,
)
from byheart.models.endpoint.connection import Connection, Refused, Unauthorized
from byheart.models.endpoint.prompt_scores import scores_from_echo, scores_from_prompt_logprobs

T = TypeVar("T")

TEXT = "The ship left the harbour at dawn, and nobody on the quay knew where it was bound."
"""What is asked about."""
_TOP_TOKENS = (40, 20, 5, 1)
_NUM_TOKENS = 12
_TRIES = 2
_NOTHING = Capabilities(
    score_form=None,
    top_tokens=0,
    takes_token_ids=False,
    start_text="",
    completes=False,
    chats=False,
    generated_top_tokens=0,
    takes_extras=False,
    takes_seed=False,
    repeats=False,
    context_tokens=None,
    identity=(),
)


class Probe:
    """Asks one endpoint.

    Args:
        connection: to its server.
        tokenizer: of its model, as the user says; None where there is none, and then no given text is scored.
    """

    def __init__(self, connection: Connection, tokenizer: Tokenizer | None) -> None:
        self._connection = connection
        self._tokenizer = tokenizer
        self.model = connection.address.model
        """Name on the server."""

    def run(self) -> Capabilities:
        """What it offers.

        Raises:
            ConfigError: the server has several models and none was named.
            Refused: it serves nothing of what was asked.
            BackendError: it does not answer, wants another key, or answers wrongly.
        """
        found = self._named(_NOTHING)
        for takes_seed in (True, False):
            found = replace(found, takes_seed=takes_seed)
            completes, no_completion = self._offers(partial(self._write, found, GREEDY, 0, 1, chat=False))
            chats, no_chat = self._offers(partial(self._write, found, GREEDY, 0, 1, chat=True))
            if completes or chats:
                break
        else:
            raise no_completion or no_chat or AssertionError("one of them was refused")
        found = replace(found, completes=completes is not None, chats=chats is not None)
        if self._tokenizer is not None and found.completes:
            found = self._with_ids(found, self._tokenizer)
            found = self._with_scores(found, self._tokenizer)
        found = self._with_generated(found)
        return self._with_sampling(found)

    def _offers(self, ask: Callable[[], Written]) -> tuple[Written | None, Refused | None]:
        try:
            return ask(), None
        except Refused as refusal:
            return None, refusal

    def _optional(self, ask: Callable[[], T]) -> T | None:
        """What came, or None where the server does not serve it; some show that by failing."""
        try:
            return ask()
        except Unauthorized:
            raise
        except Refused:
            return None
        except BackendError as error:
            if "Status 5" in error.why:
                return None
            raise

    def _named(self, found: Capabilities) -> Capabilities:
        """What the server says about its models."""
        answer = self._optional(partial(self._connection.get, "/models", max_tries=_TRIES))
        if answer is None:
            if not self.model:
                raise ConfigError(
                    "The endpoint does not say which models it has.", next_step="Name one: http://host:port/v1#name"
                )
            return found
        entries = answer.member("data").items() if answer.has("data") else []
        names = [entry.member("id").text() for entry in entries]
        if not self.model and len(names) != 1:
            shown = ", ".join(visible_in_line(name)[:80] for name in names[:10])
            raise ConfigError(
                f"The endpoint has {len(names)} models, and none was named.",
                why=f"It has {shown}." if names else "",
                next_step="Put the name behind the address: http://host:port/v1#name",
            )
        self.model = self.model or names[0]
        for name, entry in zip(names, entries, strict=True):
            if name == self.model:
                return _told(found, entry)
        return found

    def _write(
        self, found: Capabilities, decoding: Decoding, seed: int, num_tokens: int, *, chat: bool, prompt: Prompt = TEXT
    ) -> Written:
        body = writing_body(self.model, decoding, num_tokens, seed, found, chat=chat)
        body |= {"messages": [{"role": "user", "content": prompt}]} if chat else {"prompt": prompt}
        answer = self._connection.post(
            CHAT if chat else COMPLETIONS, body, reserved_tokens=len(TEXT) + num_tokens, max_tries=_TRIES
        )
        return read_chat(answer) if chat else read_completion(answer)

    def _with_ids(self, found: Capabilities, tokenizer: Tokenizer) -> Capabilities:
        ids = ids_of(tokenizer.encode(TEXT).token_ids, tokenizer.end_id)
        body = writing_body(self.model, GREEDY, 1, 0, found, chat=False) | {"prompt": ids}
        answer = self._optional(
            partial(self._connection.post, COMPLETIONS, body, reserved_tokens=len(ids) + 1, max_tries=_TRIES)
        )
        if answer is None:
            return found
        usage = answer.member("usage") if answer.has("usage") else None
        # A server may take a list for something else.
        takes = usage is None or usage.member("prompt_tokens").whole_number() == len(ids)
        return replace(found, takes_token_ids=takes)

    def _with_scores(self, found: Capabilities, tokenizer: Tokenizer) -> Capabilities:
        text_ids = tokenizer.encode(TEXT).token_ids
        ids = ids_of(text_ids, tokenizer.end_id)
        if found.takes_token_ids:
            for top in _TOP_TOKENS:
                answer = self._scored(ids, "prompt_logprobs", top)
                if answer is not None and choice(answer).has("prompt_logprobs"):
                    scores_from_prompt_logprobs(answer, text_ids, top, tokenizer)
                    return replace(found, score_form="prompt_logprobs", top_tokens=top)
                if answer is not None:
                    break
        if found.takes_token_ids and _echoes(answer := self._scored(ids, "echo", 1)):
            assert answer is not None
            scores_from_echo(answer, text_ids, tokenizer)
            return replace(found, score_form="echo", top_tokens=1)
        # A server may put the start token before a text by itself.
        for start in (tokenizer.end_token, ""):
            if _echoes(answer := self._scored(start + TEXT, "echo", 1)):
                assert answer is not None
                try:
                    scores_from_echo(answer, text_ids, tokenizer)
                except BackendError:
                    if not start:
                        raise
                    continue
                return replace(found, score_form="echo", top_tokens=1, takes_token_ids=False, start_text=start)
        return found

    def _scored(self, prompt: Prompt, form: str, top_tokens: int) -> Answer | None:
        body = scoring_body(self.model, prompt, form, top_tokens)
        return self._optional(
            partial(self._connection.post, COMPLETIONS, body, reserved_tokens=len(TEXT) + 2, max_tries=_TRIES)
        )

    def _with_generated(self, found: Capabilities) -> Capabilities:
        chat = not found.completes
        for top in (5, 1):
            wanted = replace(found, generated_top_tokens=top)
            written = self._optional(partial(self._write, wanted, GREEDY, 0, 1, chat=chat))
            if written is not None:
                # A text that ends at once has none, but a list for them.
                return found if written.log_probability_nats is None else wanted
        return found

    def _with_sampling(self, found: Capabilities) -> Capabilities:
        chat = not found.completes
        extras = replace(found, takes_extras=True)
        hot = Decoding(temperature=2.0, top_k=1)
        texts = []
        for seed in (1, 2):
            written = self._optional(partial(self._write, extras, hot, seed, _NUM_TOKENS, chat=chat))
            texts.append(None if written is None else written.text)
        if texts[0] is not None and texts[0] == texts[1]:
            found = extras
        if found.takes_seed:
            plain = Decoding(temperature=1.0)
            first, second = (self._write(found, plain, 7, _NUM_TOKENS, chat=chat).text for _ in range(2))
            found = replace(found, repeats=first == second)
        return found


def _told(found: Capabilities, entry: Answer) -> Capabilities:
    """What an entry of /models says about its model."""
    identity = tuple(
        f"{name}={entry.member(name).text()}"
        for name in ("id", "root", "owned_by")
        if entry.has(name) and isinstance(entry.value[name], str)
    )
    longest = entry.value.get("max_model_len")
    if not isinstance(longest, int) or isinstance(longest, bool) or longest < 3:
        return replace(found, identity=identity)
    # The start token and the token that a scoring request writes need places too.
    return replace(found, identity=identity, context_tokens=longest - 2)


def _echoes(answer: Answer | None) -> bool:
    """Whether log-probabilities of more than the generated token came."""
    if answer is None or not choice(answer).has("logprobs"):
        return False
    logprobs = choice(answer).member("logprobs")
    return logprobs.has("tokens") and len(logprobs.member("tokens").items()) > 1
