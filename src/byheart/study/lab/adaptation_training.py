"""The networks of the adaptation experiment, and their gradient steps on either domain."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from byheart.audits.adaptation_lab_params import TextSize
from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds
from byheart.study.lab.adaptation_texts import Domains

if TYPE_CHECKING:
    from byheart.models.transformer.network import Network


def untrained(size: TextSize, domains: Domains, *, rng: np.random.Generator) -> "Network":
    """A network as its training begins."""
    import torch

    from byheart.models.transformer.config import NetworkConfig
    from byheart.models.transformer.network import Network

    config = NetworkConfig(
        vocabulary_size=domains.vocabulary_size,
        end_id=domains.end_id,
        width=size.width,
        num_layers=size.num_layers,
        num_heads=size.num_heads,
        hidden_width=size.hidden_width,
        context_tokens=size.context_tokens,
    )
    return Network(config).initialize(torch.Generator().manual_seed(int(rng.integers(2**63)))).eval()


def train_on(
    network: "Network", documents: Sequence[TokenIds], num_steps: int, size: TextSize, *, rate: float | None = None,
    rng: np.random.Generator, on_progress: Progress = silent,
) -> "Network":  # fmt: skip
    """The network after so many gradient steps on windows of the documents, each behind the start token.

    Args:
        network: is moved; its context is the length of a window.
        documents: each of a window's tokens or more; longer ones are read oftener, at any offset.
        num_steps: 0 or more.
        size: optimizer, windows of a step at most, and step size.
        rate: largest step size instead.
        rng: draws the windows.
        on_progress: told the steps.
    """
    from byheart.models.transformer.fitting import Batch, fit
    from byheart.models.transformer.recipe import TrainingRecipe

    if num_steps == 0:
        return network
    length = network.config.context_tokens
    offsets = np.array([document.size - length + 1 for document in documents])
    ends = np.cumsum(offsets)
    num_windows = min(size.batch_windows, sum(document.size for document in documents) // length)

    def draw(step: int) -> Batch:
        places = rng.integers(ends[-1], size=num_windows)
        chosen = np.searchsorted(ends, places, side="right")
        starts = places - (ends[chosen] - offsets[chosen])
        rows = [documents[at][start : start + length] for at, start in zip(chosen, starts, strict=True)]
        return Batch.of(np.stack(rows), network.config.end_id)

    recipe = TrainingRecipe(
        num_steps=num_steps,
        learning_rate=size.learning_rate if rate is None else rate,
        warmup_steps=max(min(num_steps // 10, 20), 1),
        optimizer=size.optimizer,
    )
    return fit(network, draw, recipe, on_progress=on_progress)
