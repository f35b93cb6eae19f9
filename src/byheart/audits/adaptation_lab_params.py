"""How large the adaptation experiment is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from byheart.core.audit import Profile


@dataclass(frozen=True, kw_only=True)
class TextSize:
    """Of one kind of text and of the networks that learn it."""

    old_tokens: int
    """Tokens of the old domain to learn from."""
    num_documents: int
    """Held-out documents of each domain, and as many for the first weights of the mixture."""
    context_tokens: int
    """Length of what is read at a time; every predictor gets the same beginning and nothing before it."""
    vocabulary_size: int
    """Tokens, the end included; of made text the symbols and the end."""
    width: int
    """Of the network."""
    num_layers: int
    """Of the network."""
    num_heads: int
    """Of the network."""
    batch_windows: int
    """Pieces of context_tokens in a step."""
    learning_rate: float
    """Largest step size of the main training."""
    adapting_rate: float
    """Largest step size on the new domain."""
    optimizer: Literal["adamw", "muon"]
    """How gradients become steps."""
    steps_share: float
    """Steps of the main training, as a share of the experiment's."""

    @property
    def hidden_width(self) -> int:
        """Of the network's MLP."""
        return 8 * max(round(self.width / 3), 1)

    @property
    def step_cost(self) -> float:
        """Multiplications of a step, about: 12 width^2 for each layer and the head, for each token."""
        weights = self.width * (12 * self.num_layers * self.width + self.vocabulary_size)
        return float(self.batch_windows * self.context_tokens * weights)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the experiment.

    Made text: each symbol is that of `lag` places before, put into other letters. Real text: code without comments (the
    old domain), and what its authors wrote about other code (the new one).
    """

    made_symbols: int = 32
    """V of made text."""
    made_tokens: int = 65_536
    """Symbols of the old domain to learn from."""
    made_documents: int = 100
    """Held-out documents of made text, of each domain; and as many for the first weights of the mixture."""
    made_context: int = 64
    """Length of a document."""
    made_width: int = 64
    """Of the network that learns it, which has one layer."""
    lag: int = 12
    """Of made text: longer than the rules of M2 (7) and the n-grams of M3 (5) reach."""
    noise: float = 0.2
    """Of made text: share of symbols that are drawn uniformly instead."""
    real_vocabulary: int = 1024
    """Tokens of the tokenizer, which is trained on the old domain."""
    real_tokens: int = 262_144
    """Tokens of the old domain to learn from."""
    real_documents: int = 48
    """Held-out documents of real text, as of made."""
    real_context: int = 128
    """Tokens that are read at a time."""
    real_width: int = 128
    """Of the network that learns it."""
    real_layers: int = 3
    """Of that network."""
    num_seeds: int = 2
    """Repetitions with new weights, new data and other documents held out."""
    num_steps: int = 600
    """Gradient steps of the main training on real text."""
    new_tokens: tuple[int, ...] = (1024, 4096, 16_384, 65_536)
    """N: tokens of the new domain, ascending; each from the weights of the main training anew."""
    num_passes: int = 4
    """How often the steps on the new domain read its tokens."""
    least_steps: int = 32
    """Steps on the new domain, at least."""
    confidence: float = 0.95
    """Coverage of the intervals."""

    @property
    def made(self) -> TextSize:
        """Of made text."""
        return TextSize(
            old_tokens=self.made_tokens, num_documents=self.made_documents, context_tokens=self.made_context,
            vocabulary_size=self.made_symbols + 1, width=self.made_width, num_layers=1, num_heads=2, batch_windows=32,
            learning_rate=4e-3, adapting_rate=4e-3, optimizer="adamw", steps_share=0.5,
        )  # fmt: skip

    @property
    def real(self) -> TextSize:
        """Of real text."""
        return TextSize(
            old_tokens=self.real_tokens, num_documents=self.real_documents, context_tokens=self.real_context,
            vocabulary_size=self.real_vocabulary, width=self.real_width, num_layers=self.real_layers,
            num_heads=max(self.real_width // 32, 1), batch_windows=8, learning_rate=0.02, adapting_rate=0.01,
            optimizer="muon", steps_share=1.0,
        )  # fmt: skip

    def steps_on(self, num_tokens: int, size: TextSize) -> int:
        """Gradient steps on so many tokens of the new domain; 0 of none."""
        windows = num_tokens // size.context_tokens
        batch = min(size.batch_windows, windows)
        return max(self.num_passes * windows // batch, self.least_steps) if batch else 0


PROFILES: Mapping[Profile, Params] = {
    "quick": Params(real_tokens=131_072, new_tokens=(1024, 4096, 16_384)),
    "standard": Params(num_seeds=5, num_steps=3000),
    "full": Params(num_seeds=5, num_steps=20_000),
}
