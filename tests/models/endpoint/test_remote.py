"""What was answered is paid for: it is kept as it comes, and not asked again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from byheart.core.codec import dumps
from byheart.core.decoding import Decoding
from byheart.core.tokens import TokenIds
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError, InputError
from byheart.models.endpoint.limits import Limits
from byheart.models.endpoint.predictor import Endpoint, ScoringEndpoint
from byheart.models.endpoint.remote import Answers, ReadsText, Remote
from tests.models.endpoint.conftest import opened, variant
from tests.models.endpoint.server import Offer, Reply, true_scores

WORDS = ("the company", "a list", "the committee", "to make the dough", "when a clock", "the small room", "salt")


class Book(dict[str, Any]):
    """A store in memory."""

    def put(self, key: str, value: object) -> None:
        self[key] = dumps(value)

    def get(self, key: str, default: Any = None) -> Any:
        import json

        return json.loads(self[key])


def encoded(tokenizer: Tokenizer) -> list[TokenIds]:
    return [tokenizer.encode(text).token_ids for text in WORDS]


def scoring(endpoint: Endpoint) -> ScoringEndpoint:
    assert isinstance(endpoint, ScoringEndpoint)
    assert isinstance(endpoint, Remote)
    assert isinstance(endpoint, ReadsText)
    return endpoint


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_failure_within_a_batch_keeps_the_answers_that_came_and_only_the_rest_is_asked_later(
    concurrency: int, memorizer: Offer, tokenizer: Tokenizer
) -> None:
    texts, book = encoded(tokenizer), Book()
    bad = [tokenizer.end_id, *texts[5].tolist()]
    offer = variant(memorizer)
    with opened(offer, limits=Limits(concurrency=concurrency, max_tries=1)) as opened_one:
        endpoint = scoring(opened_one)
        endpoint.keep_in(book)
        offer.fault = lambda number, path, body: Reply(500, b"ill") if body.get("prompt") == bad else None
        with pytest.raises(BackendError, match="Status 500"):
            endpoint.score(texts)
        answered = len(book)
        # All before it were sent before it.
        assert answered >= 5
        offer.fault = None
        before = offer.num_requests
        for text, scores in zip(texts, endpoint.score(texts), strict=True):
            np.testing.assert_array_equal(scores.log_probability_nats, true_scores(offer, text).log_probability_nats)
        assert offer.num_requests - before == len(texts) - answered
        before = offer.num_requests
        endpoint.score(texts)
        assert offer.num_requests == before


@pytest.mark.parametrize("is_ill", [False, True])
def test_equal_questions_under_way_together_are_asked_and_paid_for_once(is_ill: bool) -> None:
    answers, asked, all_begun = Answers(), list[str](), threading.Barrier(5)
    answers.keep_in(Book())

    def come(key: str) -> str:
        def ask() -> str:
            asked.append(key)
            # Long enough for the others to come and find no answer.
            threading.Event().wait(0.2)
            if is_ill:
                raise BackendError("ill")
            return f"answer to {key}"

        all_begun.wait(10)
        try:
            return answers.once(key, ask, str, str)
        except BackendError as error:
            return error.what

    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(come, ["same"] * 4 + ["other"]))
    assert sorted(asked) == ["other", "same"]
    assert found == (["ill"] * 5 if is_ill else ["answer to same"] * 4 + ["answer to other"])
    # A failure is no answer: it is asked again.
    assert answers.once("same", lambda: "new", str, str) == ("new" if is_ill else "answer to same")


def test_equal_texts_of_one_batch_are_one_request(memorizer: Offer, tokenizer: Tokenizer) -> None:
    text, slow = encoded(tokenizer)[3], threading.Event()
    offer = variant(memorizer)
    with opened(offer, limits=Limits(concurrency=4)) as opened_one:
        endpoint = scoring(opened_one)
        endpoint.keep_in(Book())

        def wait(number: int, path: str, body: dict[str, Any]) -> None:
            slow.wait(0.2)

        offer.fault = wait
        before = offer.num_requests
        scores = endpoint.score([text] * 4)
        assert offer.num_requests - before == 1
    for one in scores:
        np.testing.assert_array_equal(one.log_probability_nats, true_scores(offer, text).log_probability_nats)


def test_other_given_tokens_are_another_question(memorizer: Offer, tokenizer: Tokenizer) -> None:
    text = encoded(tokenizer)[3]
    offer = variant(memorizer)
    with opened(offer) as opened_one:
        endpoint = scoring(opened_one)
        endpoint.keep_in(Book())
        assert [len(endpoint.score([text], [num])[0]) for num in (0, 1, 0, 1)] == [text.size, text.size - 1] * 2


def test_what_was_written_is_kept_by_context_rule_and_seed(transformer: Offer, tokenizer: Tokenizer) -> None:
    contexts = encoded(tokenizer)[:2]
    offer = variant(transformer)

    def write(seed: int, temperature: float = 1.0) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        return [ids.tolist() for ids in endpoint.sample(contexts, Decoding(temperature=temperature), 6, rng=rng)]

    with opened(offer) as endpoint:
        endpoint.keep_in(Book())
        before = offer.num_requests
        first, again = write(1), write(1)
        assert first == again
        assert offer.num_requests - before == len(contexts)
        assert write(2) != first
        write(1, temperature=0.5)
        assert offer.num_requests - before == 3 * len(contexts)


def misread(part: str) -> Any:
    """Cuts a text that has that part into one token more."""

    def change(body: dict[str, Any], answer: dict[str, Any]) -> None:
        if body.get("echo") and part in body["prompt"]:
            logprobs = answer["choices"][0]["logprobs"]
            for name in ("tokens", "token_logprobs", "top_logprobs"):
                logprobs[name] = [*logprobs[name][:2], *logprobs[name][1:]]

    return change


def test_texts_that_the_server_reads_otherwise_are_told_and_asked_about_once(
    memorizer: Offer, tokenizer: Tokenizer
) -> None:
    letters = np.array([tokenizer.encode(one).token_ids[0] for one in "the"], dtype=np.int32)
    texts = [*encoded(tokenizer), letters]
    offer = variant(memorizer, takes_token_ids=False)
    with opened(offer) as opened_one:
        endpoint = scoring(opened_one)
        endpoint.keep_in(Book())
        offer.change = misread("dough")
        before = offer.num_requests
        told: list[float] = []
        found = endpoint.unreadable(texts, [0] * 8, on_progress=lambda stage, done, total, note="": told.append(done))
        # One is misread by the server, and one cannot be written as text, which nobody has to be asked.
        assert found == [False, False, False, True, False, False, False, True]
        assert offer.num_requests - before == len(WORDS)
        assert told == [7]
        assert endpoint.unreadable(texts, [0] * 8) == found
        endpoint.score([text for text, is_unreadable in zip(texts, found, strict=True) if not is_unreadable])
        assert offer.num_requests - before == len(WORDS)
        with pytest.raises(BackendError, match="reads otherwise"):
            endpoint.score([texts[3]])
        with pytest.raises(InputError, match="cut inside a word"):
            endpoint.score([letters])


def test_a_server_that_reads_most_texts_otherwise_has_another_tokenizer(memorizer: Offer, tokenizer: Tokenizer) -> None:
    offer = variant(memorizer, takes_token_ids=False)
    with opened(offer) as opened_one:
        endpoint = scoring(opened_one)
        offer.change = misread("")
        with pytest.raises(BackendError, match="another tokenizer") as caught:
            endpoint.unreadable(encoded(tokenizer), [0] * 7)
        assert caught.value.why == "It read 7 of 7 texts otherwise."


def test_token_ids_are_read_as_they_are(memorizer: Offer, tokenizer: Tokenizer) -> None:
    offer = variant(memorizer)
    with opened(offer) as opened_one:
        before = offer.num_requests
        assert scoring(opened_one).unreadable(encoded(tokenizer), [0] * 7) == [False] * 7
        assert offer.num_requests == before
