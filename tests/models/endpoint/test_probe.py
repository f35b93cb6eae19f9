from typing import Any

import pytest

from byheart.core.predictor import Access
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError, ConfigError
from byheart.models.endpoint.connection import Refused
from byheart.models.endpoint.cost import PROBE_REQUESTS
from byheart.models.endpoint.limits import Limits
from tests.models.endpoint.conftest import opened, variant
from tests.models.endpoint.server import Offer, Reply

LEVELS: list[tuple[dict[str, Any], Access, str]] = [
    ({}, Access.PROMPT_LOG_PROBABILITIES, "no proof that the weights stay the same"),
    ({"prompt_logprobs": False}, Access.PROMPT_LOG_PROBABILITIES, "no proof that the weights stay the same"),
    ({"prompt_logprobs": False, "echo": False}, Access.GENERATED_LOG_PROBABILITIES, "how probable a given text is"),
    ({"completions": False}, Access.GENERATED_LOG_PROBABILITIES, "how probable a given text is"),
    ({"completions": False, "generated_logprobs": False}, Access.TEXT, "how probable anything is"),
    (
        {"prompt_logprobs": False, "echo": False, "generated_logprobs": False, "takes_token_ids": False, "chat": False},
        Access.TEXT,
        "how probable anything is",
    ),
]


@pytest.mark.parametrize(("changes", "access", "cannot"), LEVELS)
def test_the_access_level_is_found_by_asking_and_said_with_what_it_cannot_prove(
    changes: dict[str, Any], access: Access, cannot: str, transformer: Offer
) -> None:
    with opened(variant(transformer, **changes)) as endpoint:
        assert endpoint.access is access
        said = endpoint.found.in_words()
        assert said[0] == f"Access: {access}."
        assert cannot in said[-1]
        assert endpoint.found.completes == changes.get("completions", True)
        assert endpoint.found.chats == changes.get("chat", True)


@pytest.mark.parametrize("changes", [changes for changes, _, _ in LEVELS])
def test_a_probe_costs_no_more_than_the_forecast_says(changes: dict[str, Any], transformer: Offer) -> None:
    offer = variant(transformer, **changes)
    with opened(offer, with_tokenizer=not changes.get("chat", True)):
        assert offer.num_requests <= PROBE_REQUESTS


def test_top_k_that_a_server_takes_and_forgets_is_noticed(transformer: Offer) -> None:
    class Forgetful:
        def __getattr__(self, name: str) -> Any:
            return getattr(transformer.model, name)

        def sample(self, contexts: Any, decoding: Any, num_tokens: int, *, rng: Any) -> Any:
            from dataclasses import replace

            return transformer.model.sample(contexts, replace(decoding, top_k=None), num_tokens, rng=rng)

    with opened(variant(transformer)) as endpoint:
        assert endpoint.found.takes_extras
        assert "Top-k sampling is obeyed." in endpoint.found.in_words()
    with opened(variant(transformer, model=Forgetful())) as endpoint:
        assert not endpoint.found.takes_extras
        assert "It takes no top-k." in endpoint.found.in_words()


def test_a_seed_that_is_taken_and_not_kept_is_said(transformer: Offer) -> None:
    with opened(variant(transformer)) as endpoint:
        assert endpoint.found.repeats
    seeds = iter(range(1000, 2000))

    def reseed(number: int, path: str, body: dict[str, Any]) -> None:
        if "seed" in body:
            body["seed"] = next(seeds)

    with opened(variant(transformer, fault=reseed)) as endpoint:
        assert endpoint.found.takes_seed
        assert not endpoint.found.repeats
        assert "Asked twice with one seed it does not repeat its text." in endpoint.found.in_words()


def test_a_server_without_seeds_is_asked_without(transformer: Offer) -> None:
    def refuse(number: int, path: str, body: dict[str, Any]) -> Reply | None:
        return Reply(422, b'{"detail": "unknown field seed"}') if "seed" in body else None

    offer = variant(transformer, fault=refuse)
    with opened(offer) as endpoint:
        assert not endpoint.found.takes_seed
        assert endpoint.access is Access.PROMPT_LOG_PROBABILITIES
        assert "It takes no seed." in endpoint.found.in_words()


def test_a_server_that_fails_at_log_probabilities_is_taken_as_one_that_has_none(transformer: Offer) -> None:
    def fail(number: int, path: str, body: dict[str, Any]) -> Reply | None:
        wants = {"logprobs", "prompt_logprobs", "top_logprobs"} & set(body)
        return Reply(500, b'{"error": "logits_all is off"}') if wants else None

    with opened(variant(transformer, fault=fail), limits=Limits(longest_wait_seconds=0.01)) as endpoint:
        assert endpoint.access is Access.TEXT


def test_a_server_that_serves_nothing_is_refused_with_its_own_words(transformer: Offer) -> None:
    nothing = variant(transformer, completions=False, chat=False)
    with pytest.raises(Refused, match="Status 404: Not Found"), opened(nothing):
        pass


def test_the_only_model_is_taken_and_several_must_be_named(transformer: Offer) -> None:
    from byheart.models.endpoint.opening import open_endpoint
    from tests.models.endpoint.server import serving

    offer = variant(transformer)
    with serving(offer) as spec:
        endpoint = open_endpoint(spec.partition("#")[0], tokenizer=offer.tokenizer, environment={})
        assert endpoint.name == "endpoint:tiny"
        assert endpoint.found.identity == ("id=tiny", "owned_by=tests")
        endpoint.connection.close()
        two = b'{"data": [{"id": "one"}, {"id": "two\\u001b[31m"}]}'
        offer.fault = lambda number, path, body: Reply(200, two) if path.endswith("/models") else None
        with pytest.raises(ConfigError, match="2 models, and none was named") as caught:
            open_endpoint(spec.partition("#")[0], environment={})
        assert caught.value.why == "It has one, two⟨U+001B⟩[31m."


@pytest.mark.parametrize("status", [404, 500])
def test_a_server_without_a_list_of_models_is_taken_at_the_name_given(status: int, transformer: Offer) -> None:
    def unlisted(number: int, path: str, body: dict[str, Any]) -> Reply | None:
        return Reply(status, b"no list") if path.endswith("/models") else None

    offer = variant(transformer, fault=unlisted)
    with opened(offer, limits=Limits(longest_wait_seconds=0.01)) as endpoint:
        assert endpoint.model == "tiny"
        assert endpoint.found.identity == ()


def test_another_tokenizer_than_the_servers_is_noticed(transformer: Offer, memorizer: Offer) -> None:
    from byheart.corpus.documents import Corpus, Document
    from byheart.models.endpoint.opening import open_endpoint
    from tests.models.endpoint.server import serving

    other = Tokenizer.train(Corpus((Document("other", "the ship left, the quay knew: 0 1 2 3"),)), 280)
    for changes in ({}, {"prompt_logprobs": False}, {"prompt_logprobs": False, "takes_token_ids": False}):
        with serving(variant(memorizer, **changes)) as spec, pytest.raises(BackendError, match="another tokenizer"):
            open_endpoint(spec, tokenizer=other, environment={})


@pytest.mark.slow
def test_equal_endpoints_have_equal_fingerprints_and_others_have_others(transformer: Offer) -> None:
    from byheart.models.endpoint.opening import open_endpoint
    from tests.models.endpoint.server import serving

    prints = []
    with serving(variant(transformer)) as spec:
        for address, tokenizer in ((spec, transformer.tokenizer), (spec, transformer.tokenizer), (spec + "2", None)):
            endpoint = open_endpoint(address, tokenizer=tokenizer, environment={})
            prints.append(endpoint.fingerprint)
            endpoint.connection.close()
    assert prints[0] == prints[1] != prints[2]
