"""Training on whole sequences, against the definition and against itself."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from byheart.errors import NumericalError
from byheart.models.transformer import memorization
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.fitting import Batch
from byheart.models.transformer.memorization import memorize, sequence_log_probabilities_nats
from byheart.models.transformer.network import Network
from byheart.models.transformer.recipe import TrainingRecipe

CONFIG = NetworkConfig(
    vocabulary_size=9, end_id=8, width=8, num_layers=1, num_heads=2, hidden_width=8, context_tokens=6
)
SEQUENCES = np.random.default_rng(1).integers(8, size=(5, 6))


def test_the_log_probability_of_a_sequence_is_the_sum_over_its_tokens() -> None:
    network = Network(CONFIG).initialize(torch.Generator().manual_seed(0)).eval()
    found = sequence_log_probabilities_nats(network, SEQUENCES)
    for nats, sequence in zip(found, SEQUENCES, strict=True):
        total = 0.0
        for i, token in enumerate(sequence):
            context = torch.tensor([[8, *sequence[:i].tolist()]])
            with torch.inference_mode():
                total += math.log(torch.softmax(network(context)[0, -1].double(), 0)[int(token)].item())
        assert nats == pytest.approx(total, abs=1e-5)


@pytest.mark.parametrize("form", ["llama", "tanh"])
def test_a_step_of_plain_descent_is_the_gradient_of_the_mean_loss(form: str) -> None:
    config = dataclasses.replace(CONFIG, form=form)  # type: ignore[arg-type]
    recipe = TrainingRecipe(
        num_steps=1, optimizer="descent", learning_rate=0.1, warmup_steps=1, largest_gradient=1e9, batch_windows=5
    )
    trained = memorize(SEQUENCES, config, recipe, rng=np.random.default_rng(7))
    generator = torch.Generator().manual_seed(int(np.random.default_rng(7).integers(2**63)))
    network = Network(config).initialize(generator)
    ids = torch.from_numpy(SEQUENCES)
    logits = network(torch.cat((torch.full((5, 1), 8), ids[:, :-1]), dim=1))
    F.cross_entropy(logits.flatten(0, 1), ids.flatten()).backward()  # type: ignore[no-untyped-call]
    for (name, old), new in zip(network.named_parameters(), trained.parameters(), strict=True):
        assert old.grad is not None
        torch.testing.assert_close(new, old - 0.1 * old.grad, atol=1e-6, rtol=1e-5, msg=name)


def test_a_pass_in_small_batches_reads_every_sequence_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[int, ...]] = []
    loss = memorization._loss

    def reading(network: Network, batch: Batch) -> torch.Tensor:
        read.extend(tuple(row) for row in batch.targets.tolist())
        return loss(network, batch)

    monkeypatch.setattr(memorization, "_loss", reading)
    recipe = TrainingRecipe(num_steps=6, batch_windows=2, warmup_steps=1)
    memorize(SEQUENCES, CONFIG, recipe, rng=np.random.default_rng(0))
    every = sorted(tuple(row) for row in SEQUENCES.tolist())
    assert sorted(read[:5]) == sorted(read[5:10]) == every
    assert read[:5] != read[5:10]


def test_equal_streams_give_equal_weights() -> None:
    recipe = TrainingRecipe(num_steps=5, batch_windows=2, warmup_steps=1)
    one, other = (memorize(SEQUENCES, CONFIG, recipe, rng=np.random.default_rng(0)) for _ in range(2))
    for first, second in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(first, second)


def test_a_training_that_diverges_is_refused() -> None:
    recipe = TrainingRecipe(
        num_steps=50, optimizer="descent", learning_rate=1e30, warmup_steps=1, largest_gradient=1e30
    )
    with pytest.raises(NumericalError, match="diverged"):
        memorize(SEQUENCES, CONFIG, recipe, rng=np.random.default_rng(0))
