"""The reference transformer, whole: L1-L5 of theory.md in the Llama architecture.

Shape legend: B batch, T tokens of this pass, D width, V vocabulary.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.models.transformer.borders import Borders
from byheart.models.transformer.cache import Cache
from byheart.models.transformer.config import NetworkConfig
from byheart.models.transformer.layers import Layer, RMSNorm, Seen, rotary_tables, weight
from byheart.models.transformer.plain_layers import Output, PlainLayer, initial_scale


class Network(nn.Module):
    """A causal language model: token ids or embeddings in, states and logits out.

    Definition:
        h_0 = E[x];  h_{l+1} = Layer_l(h_l);  P(. given x_<=t) = softmax(E RMSNorm(h_L,t))
        plain forms: P(. given x_<=t) = softmax(W_final h_L,t + b_final)
    Source: theory.md L1-L5; Touvron et al. 2023, "LLaMA" (arXiv 2302.13971).
    Differs: L5's W_final is the embedding matrix itself and has no bias; L2's ReLU is a gated silu. Not so in the plain
        forms.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = weight(config.vocabulary_size, config.width)
        layer = PlainLayer if config.is_plain else Layer
        self.layers = nn.ModuleList(layer(config) for _ in range(config.num_layers))
        self.final_norm = nn.Identity() if config.is_plain else RMSNorm(config.width, config.norm_epsilon)
        self.output = Output(config.vocabulary_size, config.width) if config.is_plain else None
        tables = rotary_tables(config.num_positions, config.width // config.num_heads, config.rotary_base)
        for name, table in zip(("cosines", "sines"), tables, strict=True):
            self.register_buffer(name, table[:, None, :], persistent=False)

    def initialize(self, generator: torch.Generator) -> "Network":
        """Draws the weights: N(0, 0.02^2), those that write into the stream scaled by 1 / sqrt(2 layers), gains 1.

        Plain forms: N(0, initial_scale^2).
        """
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if self.config.is_plain:
                    parameter.normal_(0.0, initial_scale(name, self.config), generator=generator)
                    continue
                if parameter.dim() == 1:
                    parameter.fill_(1.0)
                    continue
                writes = name.endswith(("attention.out", "mlp.down"))
                scale = 0.02 / math.sqrt(2 * self.config.num_layers) if writes else 0.02
                parameter.normal_(0.0, scale, generator=generator)
        return self

    @property
    def num_parameters(self) -> int:
        """Numbers that training can move; the tied embedding counts once."""
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return self.embedding.device

    @property
    def num_layers(self) -> int:
        """Steps of depth."""
        return self.config.num_layers

    def read_states(self, states: Tensor) -> Tensor:
        """States between layers [..., D] as `logits` takes them: the logit lens."""
        read: Tensor = self.final_norm(states)
        return read

    def embed(self, token_ids: Tensor) -> Tensor:
        """L2: ids [B, T] -> embeddings [B, T, D]."""
        return F.embedding(token_ids, self.embedding)

    def new_cache(self) -> Cache:
        """An empty cache."""
        return Cache()

    def layer_states(self, embeddings: Tensor, cache: Seen = None) -> list[Tensor]:
        """L4: the stream before the first layer, between layers, and after the last, normed: L + 1 times [B, T, D].

        Training gives borders where others give a cache.
        """
        past = 0 if cache is None else cache.num_tokens
        stop = past + embeddings.shape[1]
        rotation = (self.get_buffer("cosines")[past:stop], self.get_buffer("sines")[past:stop])
        states = [embeddings]
        for layer_index, layer in enumerate(self.layers):
            states.append(layer(states[-1], rotation, cache, layer_index))
        states[-1] = self.final_norm(states[-1])
        return states

    def final_states(self, embeddings: Tensor, cache: Seen = None) -> Tensor:
        """The states that predict: embeddings [B, T, D] -> [B, T, D]."""
        return self.layer_states(embeddings, cache)[-1]

    def logits(self, states: Tensor) -> Tensor:
        """L5 before its softmax: final states [..., D] -> [..., V]."""
        return F.linear(states, self.embedding) if self.output is None else self.output(states)

    def forward(self, token_ids: Tensor, borders: Borders | None = None) -> Tensor:
        """Ids [B, T] -> logits [B, T, V]."""
        return self.logits(self.final_states(self.embed(token_ids), borders))
