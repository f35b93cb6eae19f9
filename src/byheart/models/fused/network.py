"""The fast pass as a `RaggedNetwork`.

Shape legend: B batch, T tokens of this pass, D width, V vocabulary, d head width.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from byheart.models.fused.attention import rotary_table
from byheart.models.fused.cache import FusedCache
from byheart.models.fused.layer import Pass, Workspace, step, stepped
from byheart.models.fused.shape import Shape
from byheart.models.fused.weights import Weights


class FusedNetwork:
    """A Llama that only reads: L1-L5 over plain tensors.

    Args:
        weights: not changed.
        shape: what they mean.
    """

    takes_lengths = True

    def __init__(self, weights: Weights, shape: Shape) -> None:
        self.weights = weights
        self.shape = shape
        self._turns = rotary_table(1, shape.head_width, shape.rotary_base, weights.embedding)

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return self.weights.embedding.device

    def embed(self, token_ids: Tensor) -> Tensor:
        """Ids [B, T] -> embeddings [B, T, D]."""
        return F.embedding(token_ids, self.weights.embedding)

    def new_cache(self) -> FusedCache:
        """An empty cache."""
        return FusedCache()

    def final_states(
        self, embeddings: Tensor, cache: FusedCache | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """As `RaggedNetwork` says: embeddings [B, T, D] -> the states [B, T, D] that `logits` takes."""
        this = self._pass(embeddings, cache)
        if torch.is_grad_enabled() and embeddings.requires_grad:
            states = embeddings
            for layer in self.weights.layers:
                states = stepped(states, layer, this)
        else:
            states = embeddings.clone(memory_format=torch.contiguous_format)
            space = Workspace(states, self.weights.layers[0])
            for layer_index, layer in enumerate(self.weights.layers):
                step(states, layer, layer_index, this, space)
        if cache is not None:
            cache.advance(embeddings.shape[1], lengths)
        return self._final(states)

    def layer_states(self, embeddings: Tensor) -> list[Tensor]:
        """States after the embedding and after every layer, the last one normed as `logits` takes it."""
        this = self._pass(embeddings, None)
        space = Workspace(embeddings, self.weights.layers[0])
        states = [embeddings]
        for layer in self.weights.layers:
            states.append(states[-1].clone(memory_format=torch.contiguous_format))
            step(states[-1], layer, 0, this, space)
        states[-1] = self._final(states[-1])
        return states

    @property
    def num_layers(self) -> int:
        """Steps of depth."""
        return len(self.weights.layers)

    def read_states(self, states: Tensor) -> Tensor:
        """States between layers [..., D] as `logits` takes them: the logit lens."""
        return self._final(states)

    def logits(self, states: Tensor) -> Tensor:
        """L5 before its softmax: final states [..., D] -> [..., V]."""
        return F.linear(states, self.weights.head)

    def write_logits(self, states: Tensor, out: Tensor) -> None:
        """States [K, D] -> logits, written to out [K, V]."""
        torch.mm(states, self.weights.head.t(), out=out)

    def _final(self, states: Tensor) -> Tensor:
        gain = self.weights.final_gain
        return F.rms_norm(states, gain.shape, gain, self.shape.epsilon)

    def _pass(self, embeddings: Tensor, cache: FusedCache | None) -> Pass:
        places = (FusedCache() if cache is None else cache).places(embeddings.shape[1], embeddings)
        if places.stop > self._turns.shape[0]:
            # A power of two, so that the table is made anew only a few times.
            num_positions = 1 << (places.stop - 1).bit_length()
            # Outside inference mode, whose tensors no later gradient could pass.
            with torch.inference_mode(mode=False):
                self._turns = rotary_table(
                    num_positions, self.shape.head_width, self.shape.rotary_base, self.weights.embedding
                )
        turns = self._turns[places.positions].unsqueeze(-2)
        return Pass(shape=self.shape, turns=turns, places=places, cache=cache)
