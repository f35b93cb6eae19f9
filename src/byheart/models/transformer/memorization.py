"""Training on sequences of equal length as they stand, to see how many of them the network can hold.

`training.train` reads documents as a stream that windows cut anywhere; of random
sequences a beginning that was cut off cannot be inferred, and learning to guess it would take room from the rest.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from byheart.core.progress import Progress, silent
from byheart.core.tokens import Floats
from byheart.errors import NumericalError
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.loss import TiedLoss
from byheart.models.transformer.network import Network
from byheart.models.transformer.optimizers import optimizers, set_step_size
from byheart.models.transformer.precision import DTYPES
from byheart.models.transformer.recipe import TrainingRecipe

Sequences = npt.NDArray[np.integer[Any]]
_SCORED_AT_ONCE = 256
_STEPS_PER_WORD = 50
"""Steps between two words about progress; each waits for the device."""


def memorize(
    sequences: Sequences,
    config: NetworkConfig,
    recipe: TrainingRecipe,
    *,
    rng: np.random.Generator,
    device: str = "cpu",
    on_progress: Progress = silent,
) -> Network:
    """A network fitted to whole sequences, each behind the start token, none of their ends predicted.

    Definition:
        theta_{t+1} = theta_t - eta_t clip(grad of the mean of -log P(x_ij given x_i,<j) over a batch), through the
        recipe's optimizer; a batch is recipe.batch_windows sequences, all of them where there are fewer, in an order
        that is drawn anew for each pass
    Args:
        sequences: token ids, shape [N, S], S at most config.context_tokens.
        config: shape of the network; its end_id stands before each sequence.
        recipe: num_steps, not seconds.
        rng: fresh; draws initial weights and orders: equal streams give equal weights on a machine with equal threads.
        device: of torch.
        on_progress: hears some steps under the stage "memorize".
    Returns:
        the network in evaluation mode, on its device.
    Raises:
        NumericalError: the loss is not finite.
    Cost: 6 * parameters floating-point operations per token.
    Source: theory.md L3; Morris et al. 2025 (arXiv 2505.24832).
    Differs: nothing.
    """
    num_steps = recipe.num_steps
    assert num_steps is not None
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    network = Network(config).initialize(generator).to(device).train()
    parameters = list(network.parameters())
    moving = optimizers(network, recipe, DTYPES[recipe.precision])
    inputs, targets = _pairs(sequences, config.end_id, device)
    size = min(recipe.batch_windows, len(sequences))
    order = np.empty(0, dtype=np.int64)
    for step in range(num_steps):
        rows: Tensor | slice = slice(None)
        if size < len(sequences):
            while order.size < size:
                order = np.concatenate((order, rng.permutation(len(sequences))))
            rows, order = torch.from_numpy(order[:size]).to(device), order[size:]
        set_step_size(moving, recipe.step_size(step, num_steps) / recipe.peak_size)
        loss = _loss(network, inputs[rows], targets[rows])
        network.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, recipe.largest_gradient, foreach=True)
        for optimizer in moving:
            optimizer.step()
        if (step + 1) % _STEPS_PER_WORD == 0 or step + 1 == num_steps:
            nats = loss.item()
            if not np.isfinite(nats):
                raise NumericalError("Training diverged: the loss is not finite.", why=f"At step {step + 1}.")
            on_progress("memorize", step + 1, num_steps, f"loss {nats:.2f} nats/token")
    return network.eval()


def _pairs(sequences: Sequences, start_id: int, device: str) -> tuple[Tensor, Tensor]:
    targets = torch.from_numpy(sequences.astype(np.int64)).to(device)
    return F.pad(targets[:, :-1], (1, 0), value=start_id), targets


def _loss(network: Network, inputs: Tensor, targets: Tensor) -> Tensor:
    states = network.final_states(network.embed(inputs)).flatten(0, 1)
    if network.output is None:
        loss: Tensor = TiedLoss.apply(states, network.embedding, targets.flatten())  # type: ignore[no-untyped-call]
        return loss
    return F.cross_entropy(network.logits(states).float(), targets.flatten())


def sequence_log_probabilities_nats(network: Network, sequences: Sequences) -> Floats:
    """Log-probability of each whole sequence behind the start token.

    Args:
        network: on its device.
        sequences: token ids, shape [N, S].
    Returns:
        nats, shape [N]; softmax and sums in float64.
    """
    inputs, targets = _pairs(sequences, network.config.end_id, str(network.device))
    found = []
    with torch.inference_mode():
        for start in range(0, len(sequences), _SCORED_AT_ONCE):
            rows = slice(start, start + _SCORED_AT_ONCE)
            nats = torch.log_softmax(network(inputs[rows]).double(), dim=-1)
            found.append(nats.gather(2, targets[rows, :, None]).sum(dim=(1, 2)).cpu().numpy())
    return np.concatenate(found)
