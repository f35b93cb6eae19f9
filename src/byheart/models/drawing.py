"""L5: from logits to the next token of every row of a batch.

Shape legend: B rows, V vocabulary.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from byheart.core.decoding import Decoding, draw_token
from byheart.errors import NumericalError


def draw_next_ids(logits: Tensor, decoding: Decoding, rngs: Sequence[np.random.Generator]) -> npt.NDArray[np.int64]:
    """One token per row, the one that core's `draw_token` draws with the row's generator.

    Args:
        logits: shape [B, V], of any floating type; -inf is a probability of zero.
        decoding: the rule.
        rngs: one per row; each gives one uniform number, or none where nothing is drawn by chance.
    Returns:
        shape [B].
    Raises:
        NumericalError: a row has a logit that is not a number or is infinitely large, or all of it is -inf.
    Cost: O(V) per row; a vocabulary is sorted only where `top_p` stands without `top_k`.
    Source: definition.
    Differs: a uniform number within rounding of a border between two tokens may fall to its other side.
    """
    # NumPy has no bfloat16. Widening is exact, so equals stay equal.
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    # The first of equals, three times as fast as argmax; what is not a number counts as the largest.
    largest, argmax = logits.max(dim=1, keepdim=True)
    if not bool(torch.isfinite(largest).all()):
        raise NumericalError(
            "The model gave a logit that is not finite.",
            next_step="Check the weights: `byheart verify` on the model folder, or download it again.",
        )
    if decoding.temperature == 0.0:
        return argmax[:, 0].cpu().numpy()
    if decoding.top_k is None and decoding.top_p is None:
        weights = ((logits.double() - largest.double()) / decoding.temperature).exp_()
        masses = weights.cumsum_(dim=1)
        uniforms = torch.tensor([[rng.random()] for rng in rngs], dtype=torch.float64, device=logits.device)
        drawn = torch.searchsorted(masses, uniforms * masses[:, -1:], right=True)
        return drawn[:, 0].clamp(max=logits.shape[1] - 1).cpu().numpy()
    if decoding.top_k is None:
        rows = logits.double().cpu().numpy()
        return np.array([draw_token(row, decoding, rng=rng) for row, rng in zip(rows, rngs, strict=True)])
    least = logits.topk(min(decoding.top_k, logits.shape[1]), dim=1).values[:, -1:]
    chosen = np.empty(len(rngs), dtype=np.int64)
    for row, (scores, bound) in enumerate(zip(logits.cpu().numpy(), least.cpu().numpy(), strict=True)):
        # In the order of their ids, and all that tie with the last: draw_token itself says which of these are kept.
        candidates = np.flatnonzero(scores >= bound)
        chosen[row] = candidates[draw_token(scores[candidates].astype(np.float64), decoding, rng=rngs[row])]
    return chosen
