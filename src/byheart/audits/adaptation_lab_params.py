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
    optimizer: Literal["adamw", "muon"] = "adamw"
    """How gradients become steps."""
    steps_share: float = 1.0
    """Steps of the main training, as a share of the experiment's."""

    @property
    def hidden_width(self) -> int:
        """Of the network's MLP."""
        return 8 * max(round(self.width / 3), 1)


MADE = TextSize(
    old_tokens=65_536, num_documents=100, context_tokens=64, vocabulary_size=33, width=64, num_layers=1, num_heads=2,
    batch_windows=32, learning_rate=4e-3, adapting_rate=4e-3, steps_share=0.5,
)  # fmt: skip
REAL = TextSize(
    old_tokens=262_144, num_documents=48, context_tokens=128, vocabulary_size=1024, width=128, num_layers=3,
    num_heads=4, batch_windows=8, learning_rate=0.02, adapting_rate=0.01, optimizer="muon",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the experiment."""

    made: TextSize = MADE
    """Of text whose rule is known: each symbol is that of `lag` places before, put into other letters."""
    real: TextSize = REAL
    """Of code without comments (the old domain) and of what its authors wrote about it (the new one)."""
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
    lag: int = 12
    """Of made text: longer than the rules of M2 (7) and the n-grams of M3 (5) reach."""
    noise: float = 0.2
    """Of made text: share of symbols that are drawn uniformly instead."""
    confidence: float = 0.95
    """Coverage of the intervals."""

    def steps_on(self, num_tokens: int, size: TextSize) -> int:
        """Gradient steps on so many tokens of the new domain; 0 of none."""
        windows = num_tokens // size.context_tokens
        batch = min(size.batch_windows, windows)
        return max(self.num_passes * windows // batch, self.least_steps) if batch else 0


PROFILES: Mapping[Profile, Params] = {
    "quick": Params(new_tokens=(1024, 4096, 16_384)),
    "standard": Params(num_seeds=5, num_steps=3000),
    "full": Params(num_seeds=5, num_steps=20_000),
}
