"""Training on batches that are drawn: what counts, when it is watched, and that any module can be fitted."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.fitting import Batch, fit, mean_nats
from byheart.models.transformer.network import Network
from byheart.models.transformer.recipe import TrainingRecipe

CONFIG = NetworkConfig(
    vocabulary_size=5, end_id=4, width=8, num_layers=1, num_heads=2, hidden_width=8, context_tokens=4
)
SEQUENCES = np.random.default_rng(1).integers(4, size=(6, 4))
RECIPE = TrainingRecipe(num_steps=40, warmup_steps=1, learning_rate=0.01)


def network() -> Network:
    return Network(CONFIG).initialize(torch.Generator().manual_seed(0))


def test_each_target_stands_behind_what_predicts_it() -> None:
    batch = Batch.of(np.array([[3, 1, 2]]), 4)
    assert batch.inputs.tolist() == [[4, 3, 1]]
    assert batch.targets.tolist() == [[3, 1, 2]]


def test_only_what_counts_is_in_the_loss() -> None:
    counted = np.zeros((6, 4), dtype=bool)
    counted[2, 1] = True
    one = network()
    row = torch.tensor([[4, int(SEQUENCES[2, 0])]])
    expected = -math.log(torch.softmax(one(row)[0, -1].double(), 0)[int(SEQUENCES[2, 1])].item())
    assert mean_nats(one, Batch.of(SEQUENCES, 4, counted=counted)).item() == pytest.approx(expected, rel=1e-5)


def test_it_learns_what_counts_and_not_what_does_not() -> None:
    counted = np.zeros((6, 4), dtype=bool)
    counted[:, 3] = True
    batch, rest = Batch.of(SEQUENCES, 4, counted=counted), Batch.of(SEQUENCES, 4, counted=~counted)
    fitted = fit(network(), lambda step: batch, RECIPE)
    assert mean_nats(fitted, batch).item() < 0.5 * math.log(5)
    assert mean_nats(fitted, rest).item() > 0.9 * math.log(5)


def test_it_is_watched_when_asked_and_goes_on_training() -> None:
    seen: list[tuple[int, bool, float]] = []
    batch = Batch.of(SEQUENCES, 4)
    fitted = fit(
        network(),
        lambda step: batch,
        RECIPE,
        watch=lambda step, one: seen.append((step, one.training, mean_nats(one, batch).item())),
        watch_at=(0, 7, 40),
    )
    assert [(step, is_training) for step, is_training, _ in seen] == [(0, False), (7, False), (40, False)]
    assert seen[0][2] > seen[1][2] > seen[2][2] == pytest.approx(mean_nats(fitted, batch).item())


def test_watching_moves_no_weight() -> None:
    batch = Batch.of(SEQUENCES, 4)
    one = fit(network(), lambda step: batch, RECIPE)
    other = fit(network(), lambda step: batch, RECIPE, watch=lambda step, it: None, watch_at=range(41))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_a_module_of_another_kind_can_be_fitted() -> None:
    torch_module = nn.Sequential(nn.Embedding(5, 8), nn.Linear(8, 5))
    batch = Batch.of(np.array([[0, 1, 2, 3]] * 2), 4)
    before = mean_nats(torch_module, batch).item()
    assert mean_nats(fit(torch_module, lambda step: batch, RECIPE), batch).item() < 0.5 * before
