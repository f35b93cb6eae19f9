from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.tokens import TokenIds
from byheart.errors import InputError
from byheart.models import reduction
from byheart.models.causal import CausalPredictor
from byheart.models.network import WritesLogits
from byheart.models.shared_prefix import LEAST_TOKENS, Indices, shared_prefix
from byheart.models.transformer.network import Network
from tests.models.networks import SMALL, predictor, sharp_network, texts
from tests.models.test_reduction import assert_equal


class Counting:
    """A network that notes how many tokens its body reads and how many states its head does."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.body = self.head = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def final_states(self, embeddings: torch.Tensor, cache: Any = None) -> torch.Tensor:
        self.body += embeddings.shape[0] * embeddings.shape[1]
        return self._network.final_states(embeddings, cache)

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        self.head += states.shape[0]
        return self._network.logits(states)


def counting(start_ids: TokenIds | None = None) -> tuple[CausalPredictor, Counting]:
    network = Counting(sharp_network())
    subject = CausalPredictor(
        network,
        name="model:counting",
        end_id=SMALL.end_id,
        vocabulary_size=SMALL.vocabulary_size,
        num_positions=SMALL.num_positions,
        fingerprint="",
        size_bytes=0,
        start_ids=start_ids,
    )
    return subject, network


def alone(subject: CausalPredictor, batch: Sequence[TokenIds], num_given: Sequence[int]) -> None:
    """Asserts that the batch says what each text says by itself, scored in full and cut."""
    together = subject.score(batch, num_given)
    for text, first, scores in zip(batch, num_given, together, strict=True):
        assert_equal(scores, subject.score([text])[0].slice(first, text.size))


def test_the_body_reads_every_token_and_the_head_only_what_is_asked() -> None:
    subject, network = counting()
    batch = texts(30, 29, 30)
    scores = subject.score(batch, [20, 28, 0])
    assert [len(one) for one in scores] == [10, 1, 30]
    assert network.body == 3 * 30
    assert network.head == 10 + 1 + 30
    alone(subject, batch, [20, 28, 0])


def test_a_common_beginning_is_read_once() -> None:
    subject, network = counting()
    prompt, *tails = texts(22, *[8] * 6)
    batch = [np.concatenate((prompt, tail)) for tail in tails]
    subject.score(batch, [22] * 6)
    # Inputs are the start token and all tokens but the last: 23 in common, 7 of each text's own.
    assert network.body == 23 + 6 * 7
    assert network.head == 6 * 8
    alone(subject, batch, [22] * 6)


def test_scores_inside_a_common_beginning_are_answered_once_and_given_to_each() -> None:
    subject, network = counting()
    prompt, *tails = texts(22, *[8] * 4)
    other = texts(30, seed=9)[0]
    batch = [*(np.concatenate((prompt, tail)) for tail in tails), other, np.concatenate((prompt, tails[0]))]
    subject.score(batch)
    assert network.body == 2 * 23 + 6 * 7
    alone(subject, batch, [0] * 6)
    alone(subject, batch, [0, 5, 22, 29, 7, 0])


@given(
    lengths=st.lists(st.integers(1, 24), min_size=1, max_size=7),
    shared=st.integers(0, 24),
    seed=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_the_cut_leaves_the_fewest_tokens(lengths: list[int], shared: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    common = rng.integers(0, 2, size=24)
    made: list[Indices] = []
    for length in lengths:
        own = rng.integers(0, 2, size=length)
        own[: min(shared, length)] = common[: min(shared, length)]
        made.append(own)
    cut = shared_prefix(made)
    longest = max(lengths)

    def cost(tokens: int) -> int:
        return len({tuple(text[:tokens]) for text in made}) * tokens + len(made) * (longest - tokens)

    best = min((cost(tokens) for tokens in range(LEAST_TOKENS, min(lengths))), default=cost(0))
    if cut.num_tokens:
        assert cost(cut.num_tokens) == best <= 0.9 * cost(0)
        assert cut.firsts.size == len({tuple(text[: cut.num_tokens]) for text in made})
        for text, number in zip(made, cut.numbers, strict=True):
            assert np.array_equal(text[: cut.num_tokens], made[cut.firsts[number]][: cut.num_tokens])
    else:
        assert best > 0.9 * cost(0) or len(made) == 1


def test_windows_of_a_document_come_from_one_pass_where_all_before_them_is_their_context() -> None:
    subject, (document,) = predictor(), texts(30)
    (whole,) = subject.score([document])
    for start, stop in ((4, 12), (12, 20), (20, 30)):
        assert_equal(subject.score([document[:stop]], [start])[0], whole.slice(start, stop))


def test_windows_whose_context_is_their_own_prefix_do_not() -> None:
    subject, (document,) = predictor(), texts(30)
    (whole,) = subject.score([document])
    (window,) = subject.score([document[12:28]], [8])
    # Extraction asks what 8 tokens bring out; the pass over the document has seen 20.
    assert np.abs(window.log_probability_nats - whole.slice(20, 28).log_probability_nats).max() > 0.1


def test_start_tokens_precede_every_text_and_context() -> None:
    start = np.array([5, 9, 2], dtype=np.int32)
    started, _ = counting(start)
    plain = predictor()
    assert started.context_tokens == SMALL.num_positions - 3
    (text,) = texts(12)
    by_hand = np.concatenate((start, text))
    # The plain predictor puts its end token first.
    expected = plain.next_log_probabilities_from_embeddings_nats(plain.embed(by_hand)[None])
    np.testing.assert_allclose(started.next_log_probabilities_nats([text]), expected, atol=1e-5)
    (scores,) = started.score([np.append(text, np.int32(7))], [12])
    assert scores.log_probability_nats == pytest.approx(expected[:, 7], abs=1e-5)
    assert started.pass_fingerprint != counting()[0].pass_fingerprint
    with pytest.raises(InputError):
        counting(np.empty(0, dtype=np.int32))


def test_given_tokens_must_leave_one_to_score() -> None:
    subject, batch = predictor(), texts(4, 5)
    for bad in ([4, 0], [0], [-1, 0]):
        with pytest.raises(InputError):
            subject.score(batch, bad)


def test_a_head_that_writes_over_its_last_block_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    subject, batch = predictor(), texts(30, 29, 30)
    assert isinstance(subject.network, WritesLogits)
    whole = subject.score(batch, [3, 0, 20])
    monkeypatch.setattr(reduction, "BLOCK_ENTRIES", 7 * SMALL.vocabulary_size)
    for scores, expected in zip(subject.score(batch, [3, 0, 20]), whole, strict=True):
        assert_equal(scores, expected)
    alone(subject, batch, [3, 0, 20])
