"""An endpoint as a Predictor: it writes, and where the server shows log-probabilities of a prompt it scores."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from byheart.core.codec import array_from_json, array_to_json, dumps, token_scores_from_json, token_scores_to_json
from byheart.core.decoding import Decoding
from byheart.core.progress import Progress, silent
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError, CapabilityError, InputError
from byheart.models.endpoint.capabilities import Capabilities
from byheart.models.endpoint.completions import (
    CHAT,
    COMPLETIONS,
    Messages,
    Prompt,
    Written,
    check_length,
    ids_of,
    read_chat,
    read_completion,
    scoring_body,
    writing_body,
)
from byheart.models.endpoint.connection import Connection
from byheart.models.endpoint.prompt_scores import Misread, scores_from_echo, scores_from_prompt_logprobs
from byheart.models.endpoint.remote import Answers, Store
from byheart.models.endpoint.texts import is_expressible, prompt_text, sent_text, written_ids

CONTINUE = (
    "Continue the text below exactly where it stops. Answer with the continuation alone: no comment, no quotation "
    "marks, nothing repeated.\n\n"
)
"""Asked before a context where the server only answers messages."""
_BYTES_PER_TOKEN = 2
"""At least so many bytes has a token of a text on average; for the budget."""
_TEXTS_AT_A_TIME = 16
"""Between two notices of progress."""


class Endpoint:
    """Samples over HTTP, and what the black-box audits ask beside it.

    Its weights cannot be hashed: the fingerprint holds the address, what the server says of itself and how it is asked.

    Args:
        connection: to the server.
        model: name there.
        found: what it offers.
        tokenizer: of its model, or one of bytes where only text counts.
    """

    def __init__(self, connection: Connection, *, model: str, found: Capabilities, tokenizer: Tokenizer) -> None:
        self.connection, self.model, self.found, self.tokenizer = connection, model, found, tokenizer
        self.name = f"endpoint:{model}"
        self.access = found.access
        self.vocabulary_size = tokenizer.vocabulary_size
        self.context_tokens = found.context_tokens
        self.size_bytes: int | None = None
        identity = [connection.address.base, model, list(found.identity), found.score_form, found.top_tokens]
        asked = [found.takes_token_ids, found.start_text, found.completes, found.takes_extras, tokenizer.fingerprint]
        self.fingerprint = _digest([identity, asked])
        self._answers = Answers()

    def keep_in(self, store: Store) -> None:
        """As `Remote.keep_in` says."""
        self._answers.keep_in(store)

    def close(self) -> None:
        """Ends the connections."""
        self.connection.close()

    def lacks(self, decoding: Decoding) -> str | None:
        """Why it cannot write under that rule, or None when it can."""
        if decoding.top_k is None or decoding.temperature == 0.0 or self.found.takes_extras:
            return None
        return f"{self.name} takes no top-k, and {decoding.top_k} is asked for."

    def sample(
        self, contexts: Sequence[TokenIds], decoding: Decoding, num_tokens: int, *, rng: np.random.Generator
    ) -> list[TokenIds]:
        """Continues each context, as `Samples` says; each child of rng gives one seed for the server.

        Raises:
            InputError: num_tokens negative.
            CapabilityError: it takes no top-k.
            BackendError: the server fails or answers wrongly.
        Differs: equal seeds give equal texts only where the server keeps to them. Where it does not tell token ids, its
            text is encoded here, and may then have a few tokens less than asked for.
        """
        if num_tokens < 0:
            raise InputError("num_tokens must be >= 0.", why=f"Got {num_tokens}.", next_step="Ask for 0 or more.")
        lacking = self.lacks(decoding)
        if lacking is not None:
            raise CapabilityError(lacking, next_step="Choose a decoding without top-k.")
        seeds = [int(child.integers(1 << 31)) for child in rng.spawn(len(contexts))]
        if num_tokens == 0:
            return [np.empty(0, dtype=np.int32) for _ in contexts]
        # Encoded here, a text may have fewer tokens than it had there.
        tells_ids = self.found.takes_extras and self.found.takes_token_ids
        asked = num_tokens if tells_ids else num_tokens + num_tokens // 4 + 4

        def continued(one: tuple[TokenIds, int]) -> TokenIds:
            context, seed = one

            def ask() -> TokenIds:
                if not self.found.completes:
                    message = {"role": "user", "content": CONTINUE + prompt_text(context, self.tokenizer)}
                    written = self.answer([message], decoding, asked, seed=seed)
                else:
                    written = self.complete(self.prompt(context), decoding, asked, seed=seed)
                return written_ids(written, num_tokens, self.tokenizer)

            key = self._key("continue", context.tolist(), repr(decoding), num_tokens, seed)
            return self._answers.once(key, ask, array_to_json, array_from_json)

        return self.connection.map(continued, list(zip(contexts, seeds, strict=True)))

    def _key(self, *question: object) -> str:
        return f"answer/{_digest([self.fingerprint, *question])}"

    def complete(self, prompt: Prompt, decoding: Decoding, num_tokens: int, *, seed: int) -> Written:
        """Continues one prompt, which is sent as it is.

        Args:
            prompt: text, or token ids where it takes them.
            decoding: how tokens are drawn.
            num_tokens: most to write, >= 1.
            seed: of this sequence.
        Raises:
            BackendError: the server fails or answers wrongly.
        """
        body = writing_body(self.model, decoding, num_tokens, seed, self.found, chat=False) | {"prompt": prompt}
        answer = self.connection.post(COMPLETIONS, body, reserved_tokens=_size(prompt) + num_tokens)
        written = read_completion(answer)
        check_length(written, num_tokens)
        return written

    def answer(self, messages: Messages, decoding: Decoding, num_tokens: int, *, seed: int) -> Written:
        """Answers messages.

        Args:
            messages: each with "role" and "content".
            decoding: how tokens are drawn.
            num_tokens: most to write, >= 1.
            seed: of this sequence.
        Raises:
            BackendError: the server fails or answers wrongly.
        """
        body = writing_body(self.model, decoding, num_tokens, seed, self.found, chat=True)
        body["messages"] = [dict(message) for message in messages]
        size = sum(_size(message["content"]) for message in messages)
        answer = self.connection.post(CHAT, body, reserved_tokens=size + num_tokens)
        written = read_chat(answer)
        check_length(written, num_tokens)
        return written

    def prompt(self, context: TokenIds) -> Prompt:
        """A context as it is sent: behind the start of a document, as token ids where the server takes them."""
        if self.found.takes_token_ids:
            return ids_of(context, self.tokenizer.end_id)
        return self.found.start_text + prompt_text(context, self.tokenizer)


class ScoringEndpoint(Endpoint):
    """Scores and Samples over HTTP."""

    def score(self, texts: Sequence[TokenIds], num_given: Sequence[int] = ()) -> list[TokenScores]:
        """Scores each text by one request, as `Scores` says; columns that the server does not show are absent.

        Raises:
            InputError: an empty text, one too long or wholly given, an id outside the vocabulary, tokens that cannot be
                sent as text.
            BackendError: the server fails or answers wrongly.
        Differs: the server works out the numbers of the given tokens too; here they are not read.
        """
        given = [*num_given] if len(num_given) else [0] * len(texts)
        asked = list(zip(texts, given, strict=True))
        for text, num in asked:
            self._check(text, num)
            if not self.found.takes_token_ids and not is_expressible(text, self.tokenizer):
                raise InputError(
                    f"{self.name} cannot be asked about these tokens.",
                    why="It reads text only, and the text of these tokens has other tokens: it was cut inside a word.",
                    next_step="Cut texts where is_expressible says that it can be asked.",
                )
        return self.connection.map(lambda one: self._scored(*one), asked)

    def unreadable(
        self, texts: Sequence[TokenIds], num_given: Sequence[int], *, on_progress: Progress = silent
    ) -> list[bool]:
        """As `ReadsText.unreadable` says."""
        if self.found.takes_token_ids:
            return [False] * len(texts)
        found = [not is_expressible(text, self.tokenizer) for text in texts]
        sent = [number for number, is_unreadable in enumerate(found) if not is_unreadable]
        stage, num_misread = f"texts that {self.name} reads as they are meant", 0
        for start in range(0, len(sent), _TEXTS_AT_A_TIME):
            chosen = sent[start : start + _TEXTS_AT_A_TIME]
            for number in chosen:
                self._check(texts[number], num_given[number])
            misread = self.connection.map(lambda number: self._is_misread(texts[number], num_given[number]), chosen)
            for number, is_misread in zip(chosen, misread, strict=True):
                found[number] = is_misread
            num_misread += sum(misread)
            on_progress(stage, start + len(chosen), len(sent))
        if 2 * num_misread > len(sent):
            raise BackendError(
                f"{self.name} cuts most texts into other tokens: it has another tokenizer.",
                why=f"It read {num_misread:,} of {len(sent):,} texts otherwise.",
                next_step="Give the tokenizer that the endpoint's model was trained with.",
            )
        return found

    def _is_misread(self, text: TokenIds, num_given: int) -> bool:
        try:
            self._scored(text, num_given)
        except Misread:
            return True
        return False

    def _scored(self, text: TokenIds, num_given: int) -> TokenScores:
        def ask() -> TokenScores | None:
            try:
                return self._asked(text, num_given)
            except Misread:
                if self.found.takes_token_ids:
                    raise
                # Paid for as well: it is not asked again to hear the same.
                return None

        key = self._key("score", text.tolist(), num_given)
        scores = self._answers.once(key, ask, _kept_scores, _scores_kept)
        if scores is None:
            raise Misread(
                f"{self.name} was asked about tokens that it reads otherwise.",
                next_step="Leave such texts out: `unreadable` tells which.",
            )
        return scores

    def _asked(self, text: TokenIds, num_given: int) -> TokenScores:
        form, top = self.found.score_form, self.found.top_tokens
        assert form is not None
        # Asked in text, every token counts, also the end of a document.
        as_text = self.found.start_text + sent_text(text, self.tokenizer)
        prompt = self.prompt(text) if self.found.takes_token_ids else as_text
        body = scoring_body(self.model, prompt, form, top)
        answer = self.connection.post(COMPLETIONS, body, reserved_tokens=text.size + 2)
        if form == "prompt_logprobs":
            return scores_from_prompt_logprobs(answer, text, top, self.tokenizer, num_given=num_given)
        return scores_from_echo(answer, text, self.tokenizer, num_given=num_given)

    def _check(self, text: TokenIds, num_given: int) -> None:
        if text.size == 0:
            raise InputError("A text without tokens cannot be scored.", next_step="Leave empty texts out.")
        if not 0 <= num_given < text.size:
            raise InputError(
                "At least one token of a text must be scored.",
                why=f"{num_given} of {text.size} tokens are given.",
                next_step="Give fewer tokens.",
            )
        if not 0 <= int(text.min()) <= int(text.max()) < self.vocabulary_size:
            raise InputError(
                f"A token id lies outside the vocabulary of {self.name}.",
                why=f"Ids run from {text.min()} to {text.max()}; the vocabulary has {self.vocabulary_size}.",
                next_step="Encode the text with the endpoint's own tokenizer.",
            )
        if self.context_tokens is not None and text.size > self.context_tokens + 1:
            raise InputError(
                f"A text is too long for {self.name}.",
                why=f"It has {text.size} tokens; the endpoint takes {self.context_tokens + 1}.",
                next_step="Cut the text into shorter windows.",
            )


def _digest(value: object) -> str:
    return hashlib.blake2b(dumps(value).encode(), digest_size=16).hexdigest()


def _kept_scores(scores: TokenScores | None) -> object:
    return None if scores is None else token_scores_to_json(scores)


def _scores_kept(raw: dict[str, Any] | None) -> TokenScores | None:
    return None if raw is None else token_scores_from_json(raw)


def _size(prompt: Prompt) -> int:
    """Tokens of a prompt, at most."""
    return len(prompt.encode()) // _BYTES_PER_TOKEN + 8 if isinstance(prompt, str) else len(prompt)
