"""Keys and values of the tokens already seen, so that writing one more token costs one token."""

import torch
from torch import Tensor


class Cache:
    """Grows with every pass; one per batch of continuations."""

    def __init__(self) -> None:
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}

    @property
    def num_tokens(self) -> int:
        """Tokens seen before this pass."""
        return self._layers[0][0].shape[2] if self._layers else 0

    def extend(self, layer_index: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Appends this pass's keys and values [B, H, T, d] and gives all of them [B, H, S, d]."""
        if layer_index in self._layers:
            past_keys, past_values = self._layers[layer_index]
            keys = torch.cat((past_keys, keys), dim=2)
            values = torch.cat((past_values, values), dim=2)
        self._layers[layer_index] = (keys, values)
        return keys, values

    def rows(self, row_indices: Tensor) -> "Cache":
        """A new cache with the same past for the chosen rows, int64 [B'], in that order; a row may be repeated."""
        chosen = Cache()
        chosen._layers = {
            layer_index: (keys[row_indices], values[row_indices])
            for layer_index, (keys, values) in self._layers.items()
        }
        return chosen
