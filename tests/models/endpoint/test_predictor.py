import numpy as np
import pytest

from byheart.core.decoding import GREEDY, Decoding
from byheart.core.predictor import Access, Samples, Scores
from byheart.core.token_scores import TOP_K, TokenScores
from byheart.core.tokens import TokenIds
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import CapabilityError, InputError
from byheart.models.endpoint.predictor import ScoringEndpoint
from tests.models.endpoint.conftest import opened, variant
from tests.models.endpoint.server import Offer, true_scores

TEXTS = ("In the spring of that year the company", "a list is sorted", "The café closed")


def offered(predictor: object) -> tuple[bool, bool]:
    """Whether it scores, and whether it samples."""
    return isinstance(predictor, Scores), isinstance(predictor, Samples)


def encoded(tokenizer: Tokenizer) -> list[TokenIds]:
    return [tokenizer.encode(text).token_ids for text in TEXTS]


SHOWN = ("token_ids", "log_probability_nats", "rank", "argmax_id", "argmax_log_probability_nats")


def assert_identical(one: TokenScores, other: TokenScores) -> None:
    columns, others = dict(one.arrays()), dict(other.arrays())
    assert tuple(columns) == (*SHOWN, "log_top_k_mass_nats")
    for name in SHOWN:
        assert columns[name].tobytes() == others[name].tobytes(), name
    # Summed in another order.
    np.testing.assert_allclose(one.log_top_k_mass_nats, other.log_top_k_mass_nats, rtol=0, atol=1e-13)


@pytest.mark.parametrize("kind", ["transformer", "memorizer"])
def test_scores_over_http_are_the_bytes_of_the_scores_in_process(
    kind: str, request: pytest.FixtureRequest, tokenizer: Tokenizer
) -> None:
    offer: Offer = variant(request.getfixturevalue(kind))
    with opened(offer) as endpoint:
        assert offered(endpoint) == (True, True)
        assert isinstance(endpoint, ScoringEndpoint)
        assert endpoint.access is Access.PROMPT_LOG_PROBABILITIES
        texts = encoded(tokenizer)
        for text, scores in zip(texts, endpoint.score(texts), strict=True):
            assert_identical(scores, true_scores(offer, text))


def test_scores_over_http_equal_the_scoring_pass_of_the_model(transformer: Offer, tokenizer: Tokenizer) -> None:
    texts = encoded(tokenizer)
    local = transformer.model
    assert isinstance(local, Scores)
    with opened(variant(transformer)) as endpoint:
        assert isinstance(endpoint, ScoringEndpoint)
        for over_http, in_process in zip(endpoint.score(texts), local.score(texts), strict=True):
            local_columns = dict(in_process.arrays())
            for name, column in over_http.arrays():
                np.testing.assert_allclose(column.astype(float), local_columns[name].astype(float), atol=1e-4)


@pytest.mark.parametrize("form", ["prompt_logprobs", "echo"])
def test_given_tokens_are_sent_as_context_and_get_no_scores(
    form: str, transformer: Offer, tokenizer: Tokenizer
) -> None:
    offer = variant(transformer, prompt_logprobs=form == "prompt_logprobs")
    texts = encoded(tokenizer)
    given = [texts[0].size - 1, 2, 0]
    with opened(offer) as endpoint:
        assert isinstance(endpoint, ScoringEndpoint)
        assert endpoint.found.score_form == form
        before = offer.num_requests
        for text, num, scores in zip(texts, given, endpoint.score(texts, given), strict=True):
            true = true_scores(offer, text).slice(num, text.size)
            assert scores.token_ids.tolist() == true.token_ids.tolist()
            assert scores.log_probability_nats.tolist() == true.log_probability_nats.tolist()
            assert scores.is_argmax.tolist() == true.is_argmax.tolist()
        sent = sorted(len(body["prompt"]) for _, body in offer.seen[before:])
        assert sent == sorted(1 + text.size for text in texts)
        for wrong in (-1, texts[1].size):
            with pytest.raises(InputError, match="At least one token of a text must be scored"):
                endpoint.score(texts[1:2], [wrong])


@pytest.mark.parametrize(("most", "tells_ranks"), [(TOP_K, True), (20, True), (20, False), (5, False)])
def test_what_the_server_does_not_show_is_absent_and_the_rest_exact(
    most: int, tells_ranks: bool, transformer: Offer, tokenizer: Tokenizer
) -> None:
    offer = variant(transformer, max_logprobs=most, tells_ranks=tells_ranks)
    texts = encoded(tokenizer)
    with opened(offer) as endpoint:
        assert isinstance(endpoint, ScoringEndpoint)
        for text, scores in zip(texts, endpoint.score(texts), strict=True):
            true = true_scores(offer, text)
            assert scores.log_probability_nats.tolist() == true.log_probability_nats.tolist()
            assert scores.argmax_id.tolist() == true.argmax_id.tolist()
            assert scores.argmax_log_probability_nats.tolist() == true.argmax_log_probability_nats.tolist()
            if tells_ranks:
                assert scores.ranked_tokens is None
                assert scores.rank.tolist() == true.rank.tolist()
            else:
                assert scores.ranked_tokens == most
                assert scores.rank.tolist() == np.minimum(true.rank, most + 1).tolist()
                assert int(true.rank.max()) > most + 1
            assert scores.knows_top_k == (most == TOP_K)
            if most == TOP_K:
                np.testing.assert_allclose(scores.log_top_k_mass_nats, true.log_top_k_mass_nats, atol=1e-12)
                np.testing.assert_allclose(scores.top_k_log_probability_nats, true.top_k_log_probability_nats)
            else:
                with pytest.raises(CapabilityError, match="log_top_k_mass_nats is not known"):
                    _ = scores.top_k_log_probability_nats
            with pytest.raises(CapabilityError, match="entropy_nats is not known"):
                _ = scores.entropy_nats


@pytest.mark.parametrize(("takes_token_ids", "puts_start"), [(True, False), (False, False), (False, True)])
def test_an_echo_gives_log_probabilities_and_tells_which_tokens_are_the_most_probable(
    takes_token_ids: bool, puts_start: bool, memorizer: Offer, tokenizer: Tokenizer
) -> None:
    offer = variant(memorizer, prompt_logprobs=False, takes_token_ids=takes_token_ids, puts_start=puts_start)
    texts = encoded(tokenizer)
    with opened(offer) as endpoint:
        assert isinstance(endpoint, ScoringEndpoint)
        assert endpoint.found.score_form == "echo"
        assert endpoint.found.start_text == ("" if takes_token_ids or puts_start else tokenizer.end_token)
        for text, scores in zip(texts, endpoint.score(texts), strict=True):
            true = true_scores(offer, text)
            assert scores.log_probability_nats.tolist() == true.log_probability_nats.tolist()
            assert scores.ranked_tokens == 1
            # A tie counts as the arg-max, since the texts of tokens do not say which id is smaller.
            ties = (true.log_probability_nats == true.argmax_log_probability_nats) & ~true.is_argmax
            assert scores.is_argmax.tolist() == (true.is_argmax | ties).tolist()
            assert not scores.knows("argmax_id")


def test_tokens_that_text_cannot_ask_about_are_refused(memorizer: Offer, tokenizer: Tokenizer) -> None:
    whole = tokenizer.encode("In the spring of that year").token_ids
    whole = np.append(whole, np.int32(tokenizer.end_id))
    letters = np.array([tokenizer.encode(one).token_ids[0] for one in "the"], dtype=np.int32)
    assert tokenizer.decode(letters) == "the"
    with opened(variant(memorizer, prompt_logprobs=False, takes_token_ids=False)) as endpoint:
        assert isinstance(endpoint, ScoringEndpoint)
        assert len(endpoint.score([whole])[0]) == whole.size
        with pytest.raises(InputError, match="cut inside a word"):
            endpoint.score([letters])


def test_ill_formed_texts_are_refused_before_anything_is_sent(transformer: Offer) -> None:
    offer = variant(transformer, max_model_len=60)
    with opened(offer) as endpoint:
        assert isinstance(endpoint, ScoringEndpoint)
        assert endpoint.context_tokens == 60 - 2
        before = offer.num_requests
        for text, why in (([], "without tokens"), ([10_000], "outside the vocabulary"), ([5] * 60, "too long")):
            with pytest.raises(InputError, match=why):
                endpoint.score([np.array(text, dtype=np.int32)])
        assert offer.num_requests == before
        assert len(endpoint.score([np.full(59, 5, dtype=np.int32)])[0]) == 59


@pytest.mark.parametrize("kind", ["transformer", "memorizer"])
def test_greedy_writing_over_http_equals_greedy_writing_in_process(
    kind: str, request: pytest.FixtureRequest, tokenizer: Tokenizer
) -> None:
    offer: Offer = variant(request.getfixturevalue(kind))
    contexts = encoded(tokenizer)
    local = offer.model.sample(contexts, GREEDY, 12, rng=np.random.default_rng(0))
    with opened(offer) as endpoint:
        remote = endpoint.sample(contexts, GREEDY, 12, rng=np.random.default_rng(0))
    assert [ids.tolist() for ids in remote] == [ids.tolist() for ids in local]


def test_a_sample_depends_on_its_seed_and_on_no_other_context(transformer: Offer, tokenizer: Tokenizer) -> None:
    contexts = encoded(tokenizer)
    rule = Decoding(temperature=1.0, top_k=40)
    offer = variant(transformer)
    with opened(offer) as endpoint:
        together = endpoint.sample(contexts, rule, 12, rng=np.random.default_rng(5))
        alone = endpoint.sample(contexts[:1], rule, 12, rng=np.random.default_rng(5))
        other = endpoint.sample(contexts[:1], rule, 12, rng=np.random.default_rng(6))
    assert together[0].tolist() == alone[0].tolist()
    assert other[0].tolist() != alone[0].tolist()
    body = offer.seen[-1][1]
    assert body["top_k"] == 40
    assert body["min_p"] == 0.0
    assert body["top_p"] == 1.0


def test_a_server_that_takes_no_top_k_is_not_asked_to_sample_with_one(transformer: Offer, tokenizer: Tokenizer) -> None:
    with opened(variant(transformer, extras=False)) as endpoint:
        assert not endpoint.found.takes_extras
        with pytest.raises(CapabilityError, match="takes no top-k, and 40 is asked for"):
            endpoint.sample(encoded(tokenizer), Decoding(top_k=40), 4, rng=np.random.default_rng(0))
        written = endpoint.sample(encoded(tokenizer), Decoding(), 4, rng=np.random.default_rng(0))
        assert [ids.size for ids in written] == [4, 4, 4]


def test_without_a_tokenizer_it_writes_bytes(memorizer: Offer) -> None:
    offer = variant(memorizer)
    with opened(offer, with_tokenizer=False) as endpoint:
        assert offered(endpoint) == (False, True)
        context = endpoint.tokenizer.encode("In the spring of that ").token_ids
        (written,) = endpoint.sample([context], GREEDY, 9, rng=np.random.default_rng(0))
        assert written.astype(np.uint8).tobytes() == b"year the "


def test_a_server_that_only_chats_is_asked_to_continue(memorizer: Offer, tokenizer: Tokenizer) -> None:
    offer = variant(memorizer, completions=False, generated_logprobs=False)
    with opened(offer) as endpoint:
        assert endpoint.access is Access.TEXT
        assert offered(endpoint) == (False, True)
        context = tokenizer.encode("When a list is sorted by comparing its items").token_ids
        (written,) = endpoint.sample([context], GREEDY, 8, rng=np.random.default_rng(0))
        assert tokenizer.decode(written) in " two at a time, no method"
        path, body = offer.seen[-1]
        assert path == "/v1/chat/completions"
        assert body["messages"][-1]["content"].endswith("When a list is sorted by comparing its items")
