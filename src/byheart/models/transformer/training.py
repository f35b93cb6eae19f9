"""L3, gradient descent: how the reference network learns a corpus."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from byheart.core.progress import Progress, silent
from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError, NumericalError
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.network import Network
from byheart.models.transformer.recipe import TrainingRecipe
from byheart.models.transformer.windows import batches, pack

_SPEED_SHARE = 0.1
"""Share of a time budget after which the speed counts as known, if the warm-up has not ended before."""
_LEAST_STEPS = 3
"""Steps before that: the first is slower than the rest."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """A trained network and how it came about."""

    network: Network
    """In evaluation mode."""
    losses_nats: Floats
    """nats per token; mean over each step's batch before the step, shape [num_steps]."""
    stream_tokens: int
    """Tokens of the packed corpus, one end token per document included."""
    seen_tokens: int
    """Targets of all steps, repetitions included."""
    seconds: float
    """Wall-clock seconds of all steps."""

    @property
    def num_steps(self) -> int:
        """Gradient steps taken."""
        return self.losses_nats.size

    @property
    def tokens_per_second(self) -> float:
        """Training speed."""
        return self.seen_tokens / self.seconds


def train(
    documents: Sequence[TokenIds],
    config: NetworkConfig,
    recipe: TrainingRecipe,
    *,
    rng: np.random.Generator,
    on_progress: Progress = silent,
    clock: Callable[[], float] = time.perf_counter,
) -> Training:
    """A network fitted to documents by gradient descent on the mean of -log P(token given its past).

    Definition:
        theta_{t+1} = theta_t - eta_t clip(grad L(theta_t; window batch t)), through AdamW unless the recipe says
        "descent"
    Args:
        documents: token ids, each of shape [num_tokens].
        config: shape of the network.
        recipe: budget and step sizes.
        rng: draws initial weights and windows; with `num_steps`, equal streams give equal weights on one machine.
        on_progress: hears each step under the stage "train", with the loss in nats per token.
        clock: seconds.
    Returns:
        the network with its history.
    Raises:
        InputError: no document has a token, or a token id lies outside the vocabulary.
        NumericalError: the loss is not finite.
    Cost: 6 * parameters floating-point operations per token; 13,000 tokens/s at 1.05 M parameters on 2 idle cores.
    Source: theory.md L3; Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization" (arXiv 1711.05101).
    Differs: AdamW by default, gradients clipped, decay on matrices only.
    """
    stream = pack(documents, config.end_id)
    if not (0 <= int(stream.min()) and int(stream.max()) < config.vocabulary_size):
        raise InputError(
            "A token id lies outside the network's vocabulary.",
            why=f"Ids run from {stream.min()} to {stream.max()}; the vocabulary has {config.vocabulary_size}.",
            next_step="Take vocabulary_size from the tokenizer that encoded the documents.",
        )
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    network = Network(config).initialize(generator).train()
    parameters = list(network.parameters())
    optimizer = _optimizer(network, recipe)
    num_steps = recipe.num_steps
    planned = num_steps or recipe.warmup_steps
    losses: list[float] = []
    began = clock()
    for batch in batches(stream, config.context_tokens, recipe.batch_windows, rng=rng):
        for group in optimizer.param_groups:
            group["lr"] = recipe.step_size(len(losses), planned)
        ids = torch.from_numpy(batch)
        logits = network(ids[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, recipe.largest_gradient)
        optimizer.step()
        losses.append(_finite(loss.item(), len(losses)))
        if num_steps is None and recipe.seconds is not None:
            elapsed = clock() - began
            planned = max(int(recipe.seconds / elapsed * len(losses)), len(losses))
            known = len(losses) >= _LEAST_STEPS and elapsed >= _SPEED_SHARE * recipe.seconds
            if known or len(losses) == recipe.warmup_steps or planned == len(losses):
                num_steps = planned
        on_progress("train", len(losses), planned, f"loss {losses[-1]:.2f} nats/token")
        if len(losses) == num_steps:
            break
    return Training(
        network=network.eval(),
        losses_nats=np.array(losses),
        stream_tokens=stream.size,
        seen_tokens=len(losses) * recipe.batch_windows * config.context_tokens,
        seconds=clock() - began,
    )


def _optimizer(network: Network, recipe: TrainingRecipe) -> torch.optim.Optimizer:
    if recipe.optimizer == "descent":
        return torch.optim.SGD(network.parameters(), lr=recipe.learning_rate)
    matrices = [parameter for parameter in network.parameters() if parameter.dim() > 1]
    gains = [parameter for parameter in network.parameters() if parameter.dim() == 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": gains, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.95), fused=True)


def _finite(loss_nats: float, step_index: int) -> float:
    if not math.isfinite(loss_nats):
        raise NumericalError(
            "Training diverged: the loss is not finite.",
            why=f"First at step {step_index + 1}.",
            next_step="Lower learning_rate or largest_gradient.",
        )
    return loss_nats
