"""What moves the weights: plain gradient descent, AdamW, or Muon for matrices beside AdamW for the rest."""

import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from byheart.models.transformer.muon import Muon
from byheart.models.transformer.recipe import TrainingRecipe

_BETAS = (0.9, 0.95)
_EMBEDDING_SHARE = 0.2
"""Step size of AdamW beside Muon, as a share of Muon's."""


def optimizers(network: nn.Module, recipe: TrainingRecipe, dtype: torch.dtype) -> list[Optimizer]:
    """Every parameter in one optimizer; embeddings count as matrices for AdamW, not for Muon.

    Args:
        network: whose parameters move.
        recipe: which optimizer, step size and decay.
        dtype: of Muon's products.
    Returns:
        optimizers whose groups name their largest step size "peak".
    """
    named = list(network.named_parameters())
    gains = [parameter for _, parameter in named if parameter.dim() == 1]
    matrices = [parameter for _, parameter in named if parameter.dim() == 2]
    size = recipe.peak_size
    found: list[Optimizer]
    if recipe.optimizer == "descent":
        found = [SGD([parameter for _, parameter in named], lr=size)]
    elif recipe.optimizer == "adamw":
        groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": gains, "weight_decay": 0.0}]
        found = [AdamW(groups, lr=size, betas=_BETAS, fused=True)]
    else:
        outer = [parameter for name, parameter in named if name == "embedding" or name.startswith("output.")]
        inner = [parameter for parameter in matrices if not any(parameter is one for one in outer)]
        others = [parameter for _, parameter in named if not any(parameter is one for one in inner)]
        found = [
            Muon(inner, lr=size, weight_decay=recipe.weight_decay, dtype=dtype),
            AdamW(others, lr=size * _EMBEDDING_SHARE, betas=_BETAS, weight_decay=0.0, fused=True),
        ]
    for group in (group for one in found for group in one.param_groups):
        group["peak"] = group["lr"]
    return found


def set_step_size(found: list[Optimizer], share: float) -> None:
    """Sets every group's step size to a share of its largest."""
    for group in (group for one in found for group in one.param_groups):
        group["lr"] = group["peak"] * share
