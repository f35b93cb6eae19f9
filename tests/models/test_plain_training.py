"""Gradient descent on every form of the reference."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.predictor import reference_predictor
from byheart.models.transformer.recipe import Optimizer, Precision, TrainingRecipe
from byheart.models.transformer.training import train
from tests.models.forms import every_form
from tests.models.networks import texts


@every_form
@pytest.mark.parametrize(
    ("optimizer", "precision"),
    [("adamw", "float32"), ("descent", "float32"), ("muon", "float32"), ("adamw", "bfloat16")],
)
def test_every_form_learns(config: NetworkConfig, optimizer: Optimizer, precision: Precision) -> None:
    (passage,) = texts(24, seed=9)
    size = {"adamw": 1e-2, "descent": 0.5, "muon": 0.05}[optimizer]
    recipe = TrainingRecipe(num_steps=60, learning_rate=size, optimizer=optimizer, precision=precision, batch_windows=4)
    training = train([passage] * 8, replace(config, num_layers=2), recipe, rng=np.random.default_rng(0))
    assert training.losses_nats[0] == pytest.approx(np.log(config.vocabulary_size), abs=0.2)
    assert training.losses_nats[-5:].mean() < 0.9 * training.losses_nats[0]
    (scores,) = reference_predictor(training.network).score([passage])
    assert -scores.log_probability_nats.mean() < 0.9 * np.log(config.vocabulary_size)
