"""Networks that write: caches and their rows, batches, draws."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from byheart.core.decoding import GREEDY, Decoding, draw_token
from byheart.core.tokens import TokenIds
from byheart.errors import NumericalError
from byheart.models import generation, load_model
from byheart.models.causal import CausalPredictor
from byheart.models.drawing import draw_next_ids
from byheart.models.generation import write
from byheart.models.huggingface import HuggingFaceNetwork
from byheart.models.network import CausalNetwork, RaggedNetwork
from tests.models.networks import SMALL, predictor, sharp_network, texts


def _gpt2() -> HuggingFaceNetwork:
    hf: Any = importlib.import_module("transformers")
    config = hf.GPT2Config(
        n_positions=33, n_embd=16, n_layer=2, n_head=2, vocab_size=61, bos_token_id=3, eos_token_id=3
    )
    return HuggingFaceNetwork(hf.GPT2LMHeadModel(config).eval())


NETWORKS: dict[str, Callable[[], CausalNetwork]] = {"reference": sharp_network, "gpt2": _gpt2}


def _ids(*lengths: int) -> torch.Tensor:
    return torch.from_numpy(np.stack(texts(*lengths)).astype(np.int64))


@pytest.mark.parametrize("name", NETWORKS)
def test_rows_of_a_cache_go_on_by_themselves(name: str) -> None:
    network = NETWORKS[name]()
    assert not isinstance(network, RaggedNetwork)
    assert network.device == torch.device("cpu")
    past, (first, second, third) = _ids(9, 9), _ids(5, 5, 5)
    with torch.inference_mode():
        cache = network.new_cache()
        network.final_states(network.embed(past), cache)
        chosen = cache.rows(torch.tensor([1, 0, 1]))
        states = network.final_states(network.embed(torch.stack((first, second, third))), chosen)
        whole = torch.stack((torch.cat((past[1], first)), torch.cat((past[0], second)), torch.cat((past[1], third))))
        torch.testing.assert_close(states, network.final_states(network.embed(whole))[:, 9:], atol=1e-4, rtol=0)
        # The cache that the rows come from has not moved.
        states = network.final_states(network.embed(torch.stack((third, first))), cache)
        whole = torch.stack((torch.cat((past[0], third)), torch.cat((past[1], first))))
        torch.testing.assert_close(states, network.final_states(network.embed(whole))[:, 9:], atol=1e-4, rtol=0)
    assert float(states.std()) > 0.1


def _alone(network: CausalNetwork, context: TokenIds, decoding: Decoding, num_tokens: int, seed: int) -> TokenIds:
    """The definition: the whole text is read again for every token."""
    rng = np.random.default_rng(seed)
    text = context.astype(np.int64)
    with torch.inference_mode():
        for _ in range(num_tokens):
            logits = network.logits(network.final_states(network.embed(torch.from_numpy(text)[None]))[0, -1])
            drawn = draw_token(logits.double().log_softmax(dim=-1).numpy(), decoding, rng=rng)
            if drawn == SMALL.end_id:
                break
            text = np.append(text, drawn)
    return text[context.size :].astype(np.int32)


RULES = {
    "greedy": GREEDY,
    "plain": Decoding(),
    "cool": Decoding(temperature=0.6),
    "top 5": Decoding(top_k=5),
    "all": Decoding(top_k=1000),
    "nucleus": Decoding(top_p=0.8),
    "both": Decoding(temperature=1.5, top_k=12, top_p=0.7),
}


def _ended(network: CausalNetwork) -> CausalNetwork:
    """The same network, in whose texts the end token is a good deal more frequent."""
    whole = network.logits

    def logits(states: torch.Tensor) -> torch.Tensor:
        result = whole(states)
        result[..., SMALL.end_id] += 3.0
        return result

    network.logits = logits  # type: ignore[method-assign]
    return network


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", [*NETWORKS, "fused"])
def test_a_batch_of_any_lengths_writes_what_each_context_alone_would(name: str, rule: str) -> None:
    network = _ended(NETWORKS[name]() if name != "fused" else predictor().network)
    contexts = texts(3, 9, 3, 1, 12, 3, 20, 9)
    rngs = [np.random.default_rng(seed) for seed in range(8)]
    written = write(network, contexts, RULES[rule], 12, end_id=SMALL.end_id, rngs=rngs)
    for seed, (context, continuation) in enumerate(zip(contexts, written, strict=True)):
        assert np.array_equal(continuation, _alone(network, context, RULES[rule], 12, seed)), seed
    sizes = [continuation.size for continuation in written]
    assert all(continuation.dtype == np.int32 for continuation in written)
    assert name == "gpt2" or len(set(sizes)) > 2


def test_nothing_is_written_where_nothing_is_asked() -> None:
    rngs = [np.random.default_rng(0)] * 2
    written = write(sharp_network(), texts(3, 4), GREEDY, 0, end_id=3, rngs=rngs)
    assert [continuation.size for continuation in written] == [0, 0]
    assert write(sharp_network(), [], GREEDY, 5, end_id=3, rngs=[]) == []


def test_batches_hold_similar_lengths_and_never_more_than_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "BATCH_ROWS", 3)
    monkeypatch.setattr(generation, "_BATCH_TOKENS", 60)
    lengths = [5, 50, 2, 5, 5, 5, 2, 70]
    ragged = list(generation._batches(lengths, 10, ragged=True))
    # 3 (5 + 10) = 45 tokens; 50 + 10 = 60 fill a batch alone, and so does what exceeds it.
    assert ragged == [[2, 6, 0], [3, 4, 5], [1], [7]]
    assert list(generation._batches(lengths, 10, ragged=False)) == [[2, 6], [0, 3, 4], [5], [1], [7]]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 20.0])
def test_draws_are_those_of_the_definition_also_among_equals(rule: str, scale: float) -> None:
    rng = np.random.default_rng(5)
    logits = np.round(scale * rng.standard_normal((300, 61)), 1).astype(np.float32)
    drawn = draw_next_ids(torch.from_numpy(logits), RULES[rule], [np.random.default_rng(row) for row in range(300)])
    rows = enumerate(logits.astype(np.float64))
    assert drawn.tolist() == [draw_token(row, RULES[rule], rng=np.random.default_rng(seed)) for seed, row in rows]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_draws_from_logits_of_any_type_are_those_of_the_definition(dtype: torch.dtype, rule: str) -> None:
    rng = np.random.default_rng(6)
    logits = torch.from_numpy(3.0 * rng.standard_normal((100, 61))).to(dtype)
    drawn = draw_next_ids(logits, RULES[rule], [np.random.default_rng(row) for row in range(100)])
    rows = enumerate(logits.double().numpy())
    assert drawn.tolist() == [draw_token(row, RULES[rule], rng=np.random.default_rng(seed)) for seed, row in rows]


@pytest.mark.parametrize("rule", RULES)
def test_a_logit_of_minus_infinity_is_a_probability_of_zero(rule: str) -> None:
    logits = torch.full((200, 61), -np.inf)
    logits[:, [3, 40]] = torch.tensor([1.0, 1.5])
    drawn = draw_next_ids(logits, RULES[rule], [np.random.default_rng(row) for row in range(200)])
    assert set(drawn.tolist()) == ({40} if rule == "greedy" else {3, 40})
    with pytest.raises(NumericalError):
        draw_next_ids(torch.full((1, 61), -np.inf), RULES[rule], [np.random.default_rng(0)])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("rule", RULES)
def test_logits_that_are_not_finite_are_a_numerical_error(rule: str, bad: float) -> None:
    logits = torch.zeros(2, 61)
    logits[1, 7] = bad
    with pytest.raises(NumericalError):
        draw_next_ids(logits, RULES[rule], [np.random.default_rng(0)] * 2)


def test_free_writing_equals_the_teacher_forced_arg_max_on_200_windows() -> None:
    subject, contexts = predictor(), texts(*[4, 7, 12, 16] * 50)
    written = subject.sample(contexts, GREEDY, 16, rng=np.random.default_rng(0))
    longer = [pair for pair in zip(contexts, written, strict=True) if pair[1].size]
    scores = subject.score([np.concatenate(pair) for pair in longer])
    for (context, continuation), score in zip(longer, scores, strict=True):
        assert score.slice(context.size, context.size + continuation.size).is_argmax.all()
    assert np.mean([continuation.size == 16 for continuation in written]) > 0.5


@pytest.mark.slow
def test_smollm2_writes_the_teacher_forced_arg_max_on_200_windows() -> None:
    subject = load_model("smollm2").predictor
    assert isinstance(subject, CausalPredictor)
    rng = np.random.default_rng(0)
    contexts = [rng.integers(100, 40_000, size=length).astype(np.int32) for length in (20, 35, 50, 50) * 50]
    written = subject.sample(contexts, GREEDY, 50, rng=rng)
    differ = 0
    for context, continuation in zip(contexts, written, strict=True):
        if continuation.size:
            score = subject.score([np.concatenate((context, continuation))])[0]
            differ += not bool(score.slice(context.size, len(score)).is_argmax.all())
    assert differ == 0
