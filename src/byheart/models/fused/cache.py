"""Keys and values of the tokens already seen, each row with as many as it has.

Shape legend: B batch, T tokens of this pass, S tokens seen so far, C room in tokens, K key heads, d head width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_ROOM_TOKENS = 64
"""Room grows by so many tokens at a time: copying all that is remembered for every token would double its cost."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the tokens of one pass stand."""

    positions: Tensor
    """int64; [T] where all rows have the same past, [B, T] otherwise."""
    stop: int
    """1 + the greatest of them."""
    mask: Tensor | None
    """Added to the scores, 0 or -inf; [T, S] or [B, 1, T, S]. None: every token sees all keys, or, in a first pass,
    those up to its own."""
    is_first: bool
    """Whether nothing was seen before."""


class FusedCache:
    """Grows with every pass; one per batch."""

    def __init__(self) -> None:
        self._layers: list[Tensor] = []
        """Each [2, B, K, C, d]: keys, values."""
        self._pasts: Tensor | None = None
        """int64 [B], tokens of each row; None while all rows have `_longest`."""
        self._longest = 0

    def places(self, num_tokens: int, like: Tensor) -> Places:
        """Where the next tokens of every row stand; `like` gives device and type."""
        stop = self._longest + num_tokens
        steps = torch.arange(num_tokens, device=like.device)
        positions = steps + self._longest if self._pasts is None else self._pasts[:, None] + steps
        mask = None
        if self._pasts is not None or (self._longest > 0 and num_tokens > 1):
            is_future = torch.arange(stop, device=like.device) > positions[..., None]
            mask = torch.zeros(is_future.shape, dtype=like.dtype, device=like.device)
            mask.masked_fill_(is_future, -torch.inf)
            mask = mask if self._pasts is None else mask[:, None]
        return Places(positions=positions, stop=stop, mask=mask, is_first=self._longest == 0)

    def extend(self, layer_index: int, keys: Tensor, values: Tensor, places: Places) -> tuple[Tensor, Tensor]:
        """Takes in keys and values [B, T, K, d] and gives all of them, [B, K, S, d]."""
        layer = self._with_room(layer_index, keys, places.stop)
        for remembered, new in zip(layer, (keys, values), strict=True):
            if places.positions.dim() == 1:
                remembered[:, :, places.stop - keys.shape[1] : places.stop] = new.transpose(1, 2)
            else:
                rows = torch.arange(keys.shape[0], device=keys.device)[:, None]
                remembered[rows, :, places.positions] = new
        return layer[0, :, :, : places.stop], layer[1, :, :, : places.stop]

    def advance(self, num_tokens: int, lengths: Tensor | None) -> None:
        """Ends a pass: its tokens are remembered, or only the first lengths[b] of row b."""
        if self._pasts is not None:
            pasts = self._pasts + (num_tokens if lengths is None else lengths)
        elif lengths is not None:
            pasts = lengths + self._longest
        else:
            self._longest += num_tokens
            return
        self._longest = int(pasts.max())
        self._pasts = None if int(pasts.min()) == self._longest else pasts

    def rows(self, row_indices: Tensor) -> "FusedCache":
        """A new cache with the same past for the chosen rows, int64 [B'], in that order; a row may be repeated."""
        chosen = FusedCache()
        chosen._layers = [layer.index_select(1, row_indices) for layer in self._layers]
        chosen._longest = self._longest
        if self._pasts is not None:
            chosen._pasts = self._pasts[row_indices]
            chosen.advance(0, None)
        return chosen

    def _with_room(self, layer_index: int, like: Tensor, num_tokens: int) -> Tensor:
        """The layer's memory, with room for num_tokens.

        Zeros: places between the rows' ends are read, and thrown away by the mask, before they are written.
        """
        is_new = layer_index == len(self._layers)
        if not is_new and self._layers[layer_index].shape[3] >= num_tokens:
            return self._layers[layer_index]
        batch, _, num_heads, width = like.shape
        room = -(-num_tokens // _ROOM_TOKENS) * _ROOM_TOKENS
        layer = torch.zeros(2, batch, num_heads, room, width, dtype=like.dtype, device=like.device)
        if is_new:
            self._layers.append(layer)
        else:
            layer[:, :, :, : self._longest] = self._layers[layer_index][:, :, :, : self._longest]
            self._layers[layer_index] = layer
        return layer
