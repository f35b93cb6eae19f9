"""Training on batches that are drawn as the caller pleases: whole sequences, and only some of their tokens predicted.

`training.train` reads documents as a stream of windows; an experiment makes its data anew at each step, or asks for the
answer alone. Any module that turns ids into logits can be fitted, the reference network and what it is compared with.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.core.progress import Progress, silent
from byheart.errors import NumericalError
from byheart.models.transformer.optimizers import optimizers, set_step_size
from byheart.models.transformer.precision import DTYPES
from byheart.models.transformer.recipe import TrainingRecipe

Ids = npt.NDArray[np.integer[Any]]
N = TypeVar("N", bound=nn.Module)
_STEPS_PER_WORD = 50
"""Steps between two words about progress; each waits for the device."""


@dataclass(frozen=True)
class Batch:
    """What one step reads. Shapes: B sequences, T tokens."""

    inputs: Tensor
    """int64 [B, T]; what stands before each target."""
    targets: Tensor
    """int64 [B, T]; what is to be predicted."""
    counted: Tensor | None = None
    """bool [B, T]; targets whose loss counts; None: all."""

    @staticmethod
    def of(
        sequences: Ids, start_id: int, *, counted: npt.NDArray[np.bool_] | None = None, device: str = "cpu"
    ) -> "Batch":
        """Whole sequences, each behind the start token.

        Args:
            sequences: token ids, shape [B, T].
            start_id: stands before each.
            counted: shape [B, T]; tokens whose prediction counts; None: all.
            device: of torch.
        """
        targets = torch.from_numpy(sequences.astype(np.int64)).to(device)
        mask = None if counted is None else torch.from_numpy(counted).to(device)
        return Batch(F.pad(targets[:, :-1], (1, 0), value=start_id), targets, mask)


def mean_nats(network: nn.Module, batch: Batch) -> Tensor:
    """The mean of -log P(target given its past) over the targets that count."""
    logits, targets = network(batch.inputs), batch.targets
    if batch.counted is not None:
        logits, targets = logits[batch.counted], targets[batch.counted]
    return F.cross_entropy(logits.flatten(0, -2).float(), targets.flatten())


def fit(
    network: N,
    draw: Callable[[int], Batch],
    recipe: TrainingRecipe,
    *,
    loss: Callable[[N, Batch], Tensor] = mean_nats,
    watch: Callable[[int, N], None] | None = None,
    watch_at: Collection[int] = (),
    on_progress: Progress = silent,
) -> N:
    """The network after the recipe's steps, each on the batch that was drawn for it.

    Definition:
        theta_{s+1} = theta_s - eta_s clip(grad loss(theta_s; draw(s))), through the recipe's optimizer
    Args:
        network: its parameters move.
        draw: the batch of step s = 0, 1, ...; on the network's device.
        recipe: num_steps, not seconds; batch_windows means nothing here.
        loss: of a batch, nats.
        watch: is shown the network in evaluation mode, without gradients, after so many steps.
        watch_at: numbers of steps after which to call `watch`, 0 for before the first.
        on_progress: hears some steps under the stage "train".
    Returns:
        the network itself, in evaluation mode.
    Raises:
        NumericalError: the loss is not finite.
    Source: theory.md L3.
    Differs: nothing.
    """
    num_steps = recipe.num_steps
    assert num_steps is not None
    parameters = list(network.train().parameters())
    moving = optimizers(network, recipe, DTYPES[recipe.precision])
    _show(network, watch, watch_at, 0)
    for step in range(num_steps):
        batch = draw(step)
        set_step_size(moving, recipe.step_size(step, num_steps) / recipe.peak_size)
        lost = loss(network, batch)
        network.zero_grad(set_to_none=True)
        lost.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, recipe.largest_gradient, foreach=True)
        for optimizer in moving:
            optimizer.step()
        if (step + 1) % _STEPS_PER_WORD == 0 or step + 1 == num_steps:
            nats = lost.item()
            if not np.isfinite(nats):
                raise NumericalError("Training diverged: the loss is not finite.", why=f"At step {step + 1}.")
            on_progress("train", step + 1, num_steps, f"loss {nats:.2f} nats/token")
        _show(network, watch, watch_at, step + 1)
    return network.eval()


def _show(network: N, watch: Callable[[int, N], None] | None, watch_at: Collection[int], num_steps: int) -> None:
    if watch is not None and num_steps in watch_at:
        network.eval()
        with torch.no_grad():
            watch(num_steps, network)
        network.train()
