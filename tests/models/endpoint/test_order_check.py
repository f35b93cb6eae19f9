import math
import threading
from typing import Any

import pytest

from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import BackendError
from byheart.models.endpoint import order_check
from byheart.models.endpoint.order_check import LARGEST_NATS, NUM_TEXTS, check_order, check_texts
from byheart.models.endpoint.predictor import ScoringEndpoint
from tests.models.endpoint.conftest import opened, variant
from tests.models.endpoint.server import Offer

ENDINGS = order_check._ENDINGS
BLOCK = 16


class StaleCache:
    """What a server with a broken prefix cache does: places of known beginnings keep the last request's numbers."""

    def __init__(self) -> None:
        self._known: set[tuple[int, ...]] = set()
        self._last: list[Any] = []
        self._lock = threading.Lock()

    def __call__(self, body: dict[str, Any], answer: dict[str, Any]) -> None:
        if "prompt_logprobs" not in body or not isinstance(body["prompt"], list):
            return
        with self._lock:
            prompt, places = body["prompt"], answer["choices"][0]["prompt_logprobs"]
            starts = [tuple(prompt[:stop]) for stop in range(BLOCK, len(prompt), BLOCK)]
            cached = max((len(start) for start in starts if start in self._known), default=0)
            for place in range(1, min(cached, len(self._last))):
                stale = next(iter(self._last[place].values()))["logprob"]
                own = places[place].pop(str(prompt[place]))
                # Not more than the others leave: impossible numbers are refused before any check.
                left = 1.0 - sum(math.exp(other["logprob"]) for other in places[place].values())
                own["logprob"] = min(stale, math.log(max(left, 1e-6)))
                places[place][str(prompt[place])] = own
            self._known.update(starts)
            self._last = places


def test_the_texts_are_32_that_share_long_beginnings(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_check, "_ENDINGS", ENDINGS)
    texts = check_texts(tokenizer, None)
    assert len(texts) == NUM_TEXTS == 32
    assert len({text.tobytes() for text in texts}) == 32
    assert len({text[: 2 * BLOCK].tobytes() for text in texts}) == 4
    assert max(text.size for text in check_texts(tokenizer, 40)) == 40


def test_a_server_that_forgets_nothing_and_mixes_nothing_passes(memorizer: Offer, tokenizer: Tokenizer) -> None:
    with opened(variant(memorizer)) as endpoint:
        assert isinstance(endpoint, ScoringEndpoint)
        found = check_order(endpoint.score, tokenizer, longest=None, as_text=False)
    assert (found.mean_nats, found.largest_nats) == (0.0, 0.0)
    assert found.num_tokens == sum(text.size for text in check_texts(tokenizer, None))


def test_a_stale_prefix_cache_is_refused_with_what_to_do(memorizer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_check, "_ENDINGS", ENDINGS[:2])
    with (
        pytest.raises(BackendError, match="differently when other texts were asked before") as caught,
        opened(variant(memorizer, change=StaleCache())),
    ):
        pass
    assert "--no-enable-prefix-caching" in caught.value.next_step
    assert caught.value.exit_code == 5


@pytest.mark.slow
@pytest.mark.parametrize(("nats", "is_refused"), [(0.9 * LARGEST_NATS, False), (1.1 * LARGEST_NATS, True)])
def test_rounding_passes_up_to_the_stated_tolerance(
    nats: float, is_refused: bool, memorizer: Offer, tokenizer: Tokenizer
) -> None:
    calls = []

    def jitter(body: dict[str, Any], answer: dict[str, Any]) -> None:
        if "prompt_logprobs" in body:
            calls.append(body["prompt"])
            if len(calls) == 3:
                answer["choices"][0]["prompt_logprobs"][5][str(body["prompt"][5])]["logprob"] -= nats

    offer = variant(memorizer)
    with opened(offer) as endpoint:
        offer.change = jitter
        assert isinstance(endpoint, ScoringEndpoint)
        if is_refused:
            with pytest.raises(BackendError, match="differently"):
                check_order(endpoint.score, tokenizer, longest=None, as_text=False)
        else:
            found = check_order(endpoint.score, tokenizer, longest=None, as_text=False)
            assert found.largest_nats == pytest.approx(nats)
