"""What `CausalPredictor` needs of a network, whoever built it: a small internal interface.

Shape legend: B batch, T tokens of this pass, D width, V vocabulary.
"""

from typing import Any, Protocol

from torch import Tensor


class CausalNetwork(Protocol):
    """Token ids or embeddings in, states and logits out; position t sees positions <= t only.

    Batches are padded at their right end, where causality keeps padding from mattering: no attention mask is needed.
    """

    def embed(self, token_ids: Tensor) -> Tensor:
        """Ids [B, T] -> embeddings [B, T, D]."""

    def new_cache(self) -> Any:
        """An empty cache, to be handed to `final_states` again and again; it grows in place."""

    def final_states(self, embeddings: Tensor, cache: Any = None) -> Tensor:
        """Embeddings [B, T, D] -> the states [B, T, D] that `logits` takes."""

    def layer_states(self, embeddings: Tensor) -> list[Tensor]:
        """States after the embedding and after every layer, the last one normed as `logits` takes it."""

    def logits(self, states: Tensor) -> Tensor:
        """States [..., D] -> logits [..., V]."""
