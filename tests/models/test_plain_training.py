"""Gradient descent on every form of the reference."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.predictor import reference_predictor
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.models.transformer.training import train
from tests.models.forms import every_form
from tests.models.networks import texts


@every_form
@pytest.mark.parametrize(("optimizer", "learning_rate"), [("adamw", 1e-2), ("descent", 0.5)])
def test_every_form_learns(config: NetworkConfig, optimizer: Literal["adamw", "descent"], learning_rate: float) -> None:
    (passage,) = texts(24, seed=9)
    recipe = TrainingRecipe(num_steps=60, learning_rate=learning_rate, optimizer=optimizer, batch_windows=4)
    shallow = replace(config, num_layers=1)
    training = train([passage] * 8, shallow, recipe, rng=np.random.default_rng(0))
    assert training.losses_nats[0] == pytest.approx(np.log(config.vocabulary_size), abs=0.2)
    assert training.losses_nats[-5:].mean() < 0.85 * training.losses_nats[0]
    (scores,) = reference_predictor(training.network).score([passage])
    assert -scores.log_probability_nats.mean() < 0.85 * np.log(config.vocabulary_size)
