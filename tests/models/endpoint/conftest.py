"""A small transformer and a memorizer, each with the tokenizer of one small corpus, ready to be served."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import httpcore2
import pytest
import torch

from byheart import memorizers
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.tokenizer import Tokenizer
from byheart.index import Index
from byheart.models.endpoint import order_check
from byheart.models.endpoint.opening import open_endpoint
from byheart.models.endpoint.order_check import _ENDINGS, OPENINGS
from byheart.models.endpoint.predictor import Endpoint
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.network import Network
from byheart.models.transformer.predictor import reference_predictor
from tests.models.endpoint.server import Offer, serving

SENTENCES = (*OPENINGS, *_ENDINGS, "The café closed at noon. " * 4, "def main() -> None:\n    return 7\n")
CORPUS = Corpus(tuple(Document(f"{number}.txt", text) for number, text in enumerate(SENTENCES)))


@pytest.fixture(autouse=True, scope="session")
def _certificates_read_once() -> Iterator[None]:
    """Each client reads those of this machine, which takes 40 ms, and none here needs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
        yield


@pytest.fixture(autouse=True)
def _short_order_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """One text of each opening, which takes less time."""
    monkeypatch.setattr(order_check, "_ENDINGS", _ENDINGS[:1])


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(CORPUS, 420)


@pytest.fixture(scope="session")
def transformer(tokenizer: Tokenizer) -> Offer:
    """Random weights, large enough that predictions differ from uniform and from one another."""
    config = NetworkConfig(
        vocabulary_size=tokenizer.vocabulary_size,
        end_id=tokenizer.end_id,
        width=16,
        num_layers=2,
        num_heads=2,
        hidden_width=24,
        context_tokens=256,
    )
    network = Network(config).initialize(torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(6.0 if parameter.dim() > 1 else 1.2)
    return Offer(reference_predictor(network.eval()), tokenizer)


@pytest.fixture(scope="session")
def memorizer(tokenizer: Tokenizer) -> Offer:
    documents = [tokenizer.encode(document.text).token_ids for document in CORPUS]
    index = Index.build(
        documents,
        [document.name for document in CORPUS],
        unit="tokens",
        alphabet_size=tokenizer.vocabulary_size,
        tokenizer_fingerprint=tokenizer.fingerprint,
    )
    model: Any = memorizers.build(
        "infinigram", index, vocabulary_size=tokenizer.vocabulary_size, end_id=tokenizer.end_id
    )
    return Offer(model, tokenizer)


def variant(offer: Offer, **changes: Any) -> Offer:
    """The same model, served otherwise, with a record of its own."""
    return replace(offer, seen=[], **changes)


@contextmanager
def opened(offer: Offer, *, with_tokenizer: bool = True, **settings: Any) -> Iterator[Endpoint]:
    """The endpoint that serves an offer."""
    with serving(offer) as spec:
        endpoint = open_endpoint(
            spec, tokenizer=offer.tokenizer if with_tokenizer else None, environment={}, **settings
        )
        try:
            yield endpoint
        finally:
            endpoint.connection.close()
