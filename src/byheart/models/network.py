"""What `CausalPredictor` needs of a network, whoever built it: a small internal interface.

Shape legend: B batch, T tokens of this pass, D width, V vocabulary.
"""

from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor


class KeyValueCache(Protocol):
    """What a network remembers of the tokens already seen, row by row."""

    def rows(self, row_indices: Tensor) -> Self:
        """A new cache with the same past for the chosen rows, int64 [B'], in that order; a row may be repeated."""


class CausalNetwork(Protocol):
    """Token ids or embeddings in, states and logits out; position t sees positions <= t only.

    Batches are padded at their right end, where causality keeps padding from mattering: no attention mask is needed.
    """

    @property
    def device(self) -> torch.device:
        """Where ids, embeddings and caches live."""

    def embed(self, token_ids: Tensor) -> Tensor:
        """Ids [B, T] -> embeddings [B, T, D]."""

    # Any: a network takes back only the kind of cache that it made, which a protocol cannot say.
    def new_cache(self) -> Any:
        """An empty `KeyValueCache`, to be handed to `final_states` again and again; it grows in place."""

    def final_states(self, embeddings: Tensor, cache: Any = None) -> Tensor:
        """Embeddings [B, T, D] -> the states [B, T, D] that `logits` takes."""

    def layer_states(self, embeddings: Tensor) -> list[Tensor]:
        """States after the embedding and after every layer, the last one normed as `logits` takes it."""

    def logits(self, states: Tensor) -> Tensor:
        """States [..., D] -> logits [..., V]."""


@runtime_checkable
class LensNetwork(CausalNetwork, Protocol):
    """A network whose states between layers can be read as its last ones are."""

    @property
    def num_layers(self) -> int:
        """L."""

    def read_states(self, states: Tensor) -> Tensor:
        """The states of any layer but the last of `layer_states`, [..., D] -> what `logits` takes, [..., D]."""


@runtime_checkable
class RaggedNetwork(CausalNetwork, Protocol):
    """A network whose cache may remember another number of tokens for each row."""

    @property
    def takes_lengths(self) -> bool:
        """True; tells such a network from others."""

    def final_states(self, embeddings: Tensor, cache: Any = None, lengths: Tensor | None = None) -> Tensor:
        """As `CausalNetwork` says.

        Args:
            embeddings: shape [B, T, D], padded at the right.
            cache: remembers the tokens of this pass; each row goes on where its own past ends.
            lengths: int64 [B], tokens of each row that are not padding: only these are remembered. None: all.
        """


@runtime_checkable
class WritesLogits(CausalNetwork, Protocol):
    """A network whose head can write over memory that is there: fresh memory is slow to touch."""

    def write_logits(self, states: Tensor, out: Tensor) -> None:
        """States [K, D] -> logits, written to out [K, V]."""


@runtime_checkable
class BorrowedNetwork(CausalNetwork, Protocol):
    """A network whose numbers another library computes."""

    @property
    def library(self) -> str:
        """Its name and version: another one may move the last bits."""
