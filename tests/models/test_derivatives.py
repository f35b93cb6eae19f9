"""Derivatives along a line of embeddings are exact: finite differences in float64 are their definition here."""

import numpy as np
import pytest

from byheart.core.predictor import Expands
from byheart.errors import InputError
from byheart.models.causal import CausalPredictor
from byheart.models.transformer.network import Network
from tests.models.forms import CONFIGS, network_of
from tests.models.networks import SMALL, predictor, sharp_network, texts

STEP = 1e-4
SUBJECTS = {
    "fused": lambda: predictor(sharp_network().double()),
    "plain": lambda: predictor(network_of(CONFIGS["tanh"]).double()),
    "reference": lambda: behind(sharp_network().double()),
}


def behind(network: Network) -> CausalPredictor:
    made = predictor(network)
    made.network = network
    return made


@pytest.mark.parametrize("kind", SUBJECTS)
def test_both_derivatives_equal_finite_differences(kind: str) -> None:
    subject, (text, other) = SUBJECTS[kind](), texts(6, 6)
    assert isinstance(subject, Expands)
    start = subject.embed_context(text)
    line = subject.embed_context(other) - start
    value, first, second = subject.directional_derivatives_nats(start, line, 5)
    around = np.stack([start + t * line for t in (-STEP, 0.0, STEP)])
    before, here, after = subject.next_log_probabilities_from_embeddings_nats(around)[:, 5]
    assert value == pytest.approx(here, abs=1e-10)
    assert first == pytest.approx((after - before) / (2 * STEP), rel=1e-5)
    assert second == pytest.approx((after - 2 * here + before) / STEP**2, rel=1e-3)


def test_the_first_derivative_is_the_gradient_times_the_direction() -> None:
    subject, (text, other) = predictor(), texts(6, 6)
    start = subject.embed_context(text)
    line = subject.embed_context(other) - start
    _, first, _ = subject.directional_derivatives_nats(start, line, 5)
    assert first == pytest.approx(float((subject.embedding_gradient(start, 5) * line).sum()), rel=1e-3)


def test_a_context_is_embedded_behind_the_start_token() -> None:
    subject, (text,) = predictor(), texts(6)
    rows = subject.next_log_probabilities_from_embeddings_nats(subject.embed_context(text)[None])
    np.testing.assert_allclose(rows, subject.next_log_probabilities_nats([text]), atol=1e-5)


def test_a_target_outside_the_vocabulary_is_an_input_error() -> None:
    subject, (text,) = predictor(), texts(6)
    start = subject.embed_context(text)
    with pytest.raises(InputError):
        subject.directional_derivatives_nats(start, start, SMALL.vocabulary_size)
