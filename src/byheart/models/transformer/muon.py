"""Muon: momentum whose matrices are made orthogonal, so that a step moves all directions of a matrix alike."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_EPSILON = 1e-7


def orthogonalized(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """Matrices with the same singular vectors and singular values near 1 (0.7 to 1.2).

    Definition:
        X_0 = G / |G|;  X_{k+1} = a X_k + b (X_k X_k^T) X_k + c (X_k X_k^T)^2 X_k, five times
    Args:
        matrices: shape [N, rows, columns].
        dtype: of the products; bfloat16 where the machine multiplies it fast.
    Returns:
        shape [N, rows, columns], of that dtype.
    Source: Jordan et al. 2024, "Muon" (kellerjordan.github.io/posts/muon), Newton-Schulz with tuned coefficients.
    Differs: matrices of one shape are done together.
    """
    a, b, c = _COEFFICIENTS
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.transpose(1, 2) if is_tall else matrices).to(dtype)
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=_EPSILON)
    for _ in range(_ITERATIONS):
        gram = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.transpose(1, 2) if is_tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalized, with decoupled weight decay.

    Definition:
        m <- mu m + (1 - mu) g;  theta <- theta (1 - eta lambda) - eta sqrt(max(1, rows / columns)) O(g + mu (m - g))
        with O `orthogonalized`
    Args:
        matrices: parameters of two dimensions.
        lr: eta, the step size.
        weight_decay: lambda.
        momentum: mu.
        dtype: of the products of the orthogonalization.
    Source: Jordan et al. 2024, "Muon"; torch.optim.Muon, which tests/models/test_optimizers.py holds it to.
    Differs: products in any dtype: torch's are always bfloat16, which many processors multiply very slowly; matrices of
        one shape are done together.
    """

    def __init__(
        self,
        matrices: Iterable[Tensor],
        *,
        lr: float,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Moves the parameters once."""
        assert closure is None
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                shapes.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in shapes.items():
                moves = orthogonalized(self._directions(parameters, group["momentum"]), self._dtype)
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                size = group["lr"] * math.sqrt(max(1.0, shape[0] / shape[1]))
                torch._foreach_add_(parameters, list(moves.float().unbind()), alpha=-size)

    def _directions(self, parameters: list[Tensor], momentum: float) -> Tensor:
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        means = [self.state[parameter]["momentum_buffer"] for parameter in parameters]
        torch._foreach_lerp_(means, gradients, 1 - momentum)
        return torch.stack(list(torch._foreach_lerp(gradients, means, momentum)))
