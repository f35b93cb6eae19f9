"""Networks that are continuous and know nothing: of every kind that stands behind a CausalPredictor."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from byheart.errors import CapabilityError
from byheart.models.causal import CausalPredictor
from byheart.models.controls import shuffled_embeddings, untrained
from byheart.models.fused.adoption import fused_network
from byheart.models.fused.network import FusedNetwork
from byheart.models.huggingface import HuggingFaceNetwork, huggingface_predictor
from byheart.models.transformer.network import Network
from tests.models.forms import CONFIGS, network_of
from tests.models.networks import predictor, texts


def gpt2() -> CausalPredictor:
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(torch.Generator().manual_seed(5).get_state())
        config = GPT2Config(
            vocab_size=61, n_positions=33, n_embd=16, n_layer=2, n_head=2, bos_token_id=3, eos_token_id=3
        )
        model = GPT2LMHeadModel(config)
    model.train(mode=False)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8.0)
    return huggingface_predictor(model, name="model:gpt2", end_id=3)


KINDS = {
    FusedNetwork: predictor,
    Network: lambda: predictor(network_of(CONFIGS["tanh"])),
    HuggingFaceNetwork: gpt2,
}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def subject(request: pytest.FixtureRequest) -> CausalPredictor:
    made = KINDS[request.param]()
    assert isinstance(made.network, request.param)
    return made


def test_an_untrained_network_has_the_shape_and_nothing_else(subject: CausalPredictor) -> None:
    contexts = texts(9, 9)
    one, again, other = (untrained(subject, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    rows = one.next_log_probabilities_nats(contexts)
    np.testing.assert_array_equal(rows, again.next_log_probabilities_nats(contexts))
    assert not np.allclose(rows, other.next_log_probabilities_nats(contexts))
    assert rows.shape == subject.next_log_probabilities_nats(contexts).shape
    # Weights of 0.02 leave everything nearly equally probable; those of the subject do not.
    assert np.ptp(rows[0]) < 0.5 * np.ptp(subject.next_log_probabilities_nats(contexts)[0])
    assert one.network.embed(torch.zeros(1, 1, dtype=torch.int64)).shape[-1] == subject.embed(contexts[0]).shape[-1]


def test_a_llama_begins_alike_whoever_computes_it() -> None:
    config = LlamaConfig(
        vocab_size=61, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=33, initializer_range=0.3, bos_token_id=3, eos_token_id=3, tie_word_embeddings=False,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.train(mode=False)
    fused = fused_network(config.to_dict(), model.state_dict())
    assert fused is not None
    ids = torch.arange(61)[None]
    spreads = []
    for network in (fused, HuggingFaceNetwork(model)):
        asked = CausalPredictor(
            network, name="model:llama", end_id=3, vocabulary_size=61, num_positions=33, fingerprint="", size_bytes=0
        )
        begun = untrained(asked, rng=np.random.default_rng(0)).network
        states = begun.layer_states(begun.embed(ids[:, :30]))
        spreads.append([float(one.detach().std()) for one in (begun.embed(ids), *states, begun.logits(states[-1]))])
    assert spreads[0][0] == pytest.approx(0.3, rel=0.1)
    assert spreads[0] == pytest.approx(spreads[1], rel=0.25)


def test_tokens_that_ask_keep_their_embedding() -> None:
    own = predictor()
    control = shuffled_embeddings(own, kept_ids=(7, 9), rng=np.random.default_rng(4))
    ids = np.arange(own.vocabulary_size, dtype=np.int32)
    same = (own.embed(ids) == control.embed(ids)).all(axis=1)
    assert same[[3, 7, 9]].all()
    assert same.sum() < 12


def test_the_global_stream_of_torch_is_left_as_it_was() -> None:
    before = torch.random.get_rng_state()
    untrained(gpt2(), rng=np.random.default_rng(0))
    assert torch.equal(before, torch.random.get_rng_state())


def test_shuffled_embeddings_read_one_token_as_another_and_are_the_same_network(subject: CausalPredictor) -> None:
    control = shuffled_embeddings(subject, rng=np.random.default_rng(4))
    ids = np.arange(subject.vocabulary_size, dtype=np.int32)
    own, moved = subject.embed(ids), control.embed(ids)
    read_as = [int(np.flatnonzero((own == row).all(axis=1))[0]) for row in moved]
    assert sorted(read_as) == ids.tolist()
    assert read_as[subject.end_id] == subject.end_id
    (text,) = texts(9)
    as_others = np.array([read_as[token] for token in text], dtype=np.int32)
    np.testing.assert_allclose(
        control.next_log_probabilities_nats([text]), subject.next_log_probabilities_nats([as_others]), atol=1e-5
    )
    assert not np.allclose(control.next_log_probabilities_nats([text]), subject.next_log_probabilities_nats([text]))


def test_a_network_of_unknown_kind_has_no_beginning() -> None:
    control = shuffled_embeddings(predictor(), rng=np.random.default_rng(0))
    with pytest.raises(CapabilityError, match="begins its training"):
        untrained(control, rng=np.random.default_rng(0))
