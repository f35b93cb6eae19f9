"""Training on sequences of equal length as they stand, to see how many of them the network can hold.

`training.train` reads documents as a stream that windows cut anywhere; of random
sequences a beginning that was cut off cannot be inferred, and learning to guess it would take room from the rest.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from byheart.core.progress import Progress, silent
from byheart.core.tokens import Floats
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.fitting import Batch, Ids, fit
from byheart.models.transformer.loss import TiedLoss
from byheart.models.transformer.network import Network
from byheart.models.transformer.recipe import TrainingRecipe

Sequences = Ids
_SCORED_AT_ONCE = 256


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
        on_progress: hears some steps under the stage "train".
    Returns:
        the network in evaluation mode, on its device.
    Raises:
        NumericalError: the loss is not finite.
    Cost: 6 * parameters floating-point operations per token.
    Source: theory.md L3; Morris et al. 2025 (arXiv 2505.24832).
    Differs: nothing.
    """
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    network = Network(config).initialize(generator).to(device).train()
    whole = Batch.of(sequences, config.end_id, device=device)
    size = min(recipe.batch_windows, len(sequences))
    order = np.empty(0, dtype=np.int64)

    def draw(step: int) -> Batch:
        nonlocal order
        if size == len(sequences):
            return whole
        while order.size < size:
            order = np.concatenate((order, rng.permutation(len(sequences))))
        rows, order = torch.from_numpy(order[:size]).to(device), order[size:]
        return Batch(whole.inputs[rows], whole.targets[rows])

    return fit(network, draw, recipe, loss=_loss, on_progress=on_progress)


def _loss(network: Network, batch: Batch) -> Tensor:
    states = network.final_states(network.embed(batch.inputs)).flatten(0, 1)
    if network.output is None:
        loss: Tensor = TiedLoss.apply(states, network.embedding, batch.targets.flatten())  # type: ignore[no-untyped-call]
        return loss
    return F.cross_entropy(network.logits(states).float(), batch.targets.flatten())


def sequence_log_probabilities_nats(network: Network, sequences: Sequences) -> Floats:
    """Log-probability of each whole sequence behind the start token.

    Args:
        network: on its device.
        sequences: token ids, shape [N, S].
    Returns:
        nats, shape [N]; softmax and sums in float64.
    """
    batch = Batch.of(sequences, network.config.end_id, device=str(network.device))
    found = []
    with torch.inference_mode():
        for start in range(0, len(sequences), _SCORED_AT_ONCE):
            rows = slice(start, start + _SCORED_AT_ONCE)
            nats = torch.log_softmax(network(batch.inputs[rows]).double(), dim=-1)
            found.append(nats.gather(2, batch.targets[rows, :, None]).sum(dim=(1, 2)).cpu().numpy())
    return np.concatenate(found)
