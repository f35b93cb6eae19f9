"""The logit lens: its last layer is the model itself, and forming layers are what the definition says."""

import numpy as np
import pytest
import torch

from byheart.core.predictor import Layered
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import CapabilityError
from byheart.models.causal import CausalPredictor
from byheart.models.huggingface import HuggingFaceNetwork, huggingface_predictor
from byheart.models.transformer.config import NetworkConfig
from tests.models.forms import every_form, network_of
from tests.models.networks import predictor, sharp_network, texts
from tests.models.test_architectures import _OPTIONS, _model


def written_out(lens: Floats) -> list[int]:
    """min {l : argmax P_k = argmax P_L for all k in l..L}, token by token, from [L + 1, T, V]."""
    said = lens.argmax(axis=-1)
    num = said.shape[0]
    return [min(m for m in range(num) if (said[m:, t] == said[-1, t]).all()) for t in range(said.shape[1])]


def check(subject: CausalPredictor, batch: list[TokenIds], given: list[int]) -> set[int]:
    assert isinstance(subject, Layered)
    assert subject.lacks_lens() is None
    seen: set[int] = set()
    for text, num, found in zip(batch, given, subject.formations(batch, given), strict=True):
        (scores,) = subject.score([text])
        lens = subject.lens_log_probabilities_nats(text)
        assert lens.shape == (subject.num_layers + 1, text.size, subject.vocabulary_size)
        np.testing.assert_allclose(np.exp(lens).sum(axis=-1), 1.0, atol=1e-6)
        own = lens[-1][np.arange(text.size), text]
        np.testing.assert_allclose(own, scores.log_probability_nats, atol=1e-4)
        assert np.array_equal(lens[-1].argmax(axis=-1), scores.argmax_id)
        np.testing.assert_allclose(found.log_probability_nats, own[num:], atol=1e-4)
        assert found.layers.tolist() == written_out(lens)[num:]
        assert np.array_equal(found.argmax_id, scores.argmax_id[num:])
        seen |= set(found.layers.tolist())
    return seen


@every_form
def test_the_reference_reads_its_layers(config: NetworkConfig) -> None:
    check(predictor(network_of(config)), texts(12, 5, 20), [4, 0, 19])


def test_predictions_form_at_every_depth_of_a_network_with_random_weights() -> None:
    found: set[int] = set()
    for seed in range(4):
        found |= check(predictor(sharp_network(seed=seed)), texts(30, 20, seed=seed), [0, 0])
    assert found == {0, 1, 2, 3}


@pytest.mark.parametrize("kind", sorted(_OPTIONS))
def test_architectures_of_transformers_read_their_layers(kind: str) -> None:
    model = _model(kind)
    subject = huggingface_predictor(model, name=f"model:{kind}", end_id=3)
    check(subject, texts(20, 7), [0, 3])
    # Behind transformers' own pass, which the fast one replaces where it can.
    subject.network = HuggingFaceNetwork(model)
    check(subject, texts(20, 7), [0, 3])


def test_a_text_s_company_does_not_move_its_layers() -> None:
    subject = predictor()
    long, short = texts(25, 6)
    alone = subject.formations([short])[0]
    together = subject.formations([long, short])[1]
    assert np.array_equal(alone.layers, together.layers)


def test_a_network_that_does_not_show_its_layers_says_so() -> None:
    class Closed:
        device = torch.device("cpu")

        def embed(self, token_ids: torch.Tensor) -> torch.Tensor:
            return token_ids

    subject = predictor()
    subject.network = Closed()  # type: ignore[assignment]
    assert "does not show them" in (subject.lacks_lens() or "")
    with pytest.raises(CapabilityError):
        subject.formations(texts(5))
