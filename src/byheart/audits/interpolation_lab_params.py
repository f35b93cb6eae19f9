"""How large the interpolation experiment is."""

from collections.abc import Mapping
from dataclasses import dataclass

from byheart.core.audit import Profile


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the experiment."""

    num_values: int = 24
    """K: ordinal tokens 0..K-1, also the answers; one more says that the answer comes, one more that it begins."""
    context_tokens: int = 8
    """n: tokens of which the answer is the rounded mean."""
    spread: int = 3
    """Tokens of a context lie at most so far from a centre that is drawn for it."""
    num_documents: int = 3000
    """Contexts with their answers that are trained on, beside the ends of paths."""
    distances: tuple[int, ...] = (2, 4, 8)
    """By how much every token of the one end of a path is larger than its fellow of the other; even, ascending."""
    num_paths: int = 100
    """Paths of each distance; both ends of each are trained on."""
    num_points: int = 65
    """Points of the grid between the ends."""
    num_windows: int = 300
    """Contexts of each side that are asked and damaged."""
    num_damaged: tuple[int, ...] = (1, 2, 4, 8)
    """Tokens of a context that are replaced, ascending."""
    headline_damaged: int = 2
    """Of these: the number at which the share of changed answers is told."""
    num_seeds: int = 2
    """Repetitions with new weights and new data."""
    num_steps: int = 1500
    """Gradient steps of each training."""
    batch_sequences: int = 128
    """Contexts of a step."""
    width: int = 32
    """Of the network."""
    num_layers: int = 1
    """Of the network."""
    num_heads: int = 2
    """Of the network."""
    hidden_width: int = 64
    """Of the network's MLP."""
    learning_rate: float = 0.003
    """Largest step size of AdamW; of L2's form three times as much."""
    weight_decay: float = 0.1
    """Of AdamW."""
    confidence: float = 0.95
    """Coverage of the intervals."""

    @property
    def vocabulary_size(self) -> int:
        """Values, the token before the answer, and the start and end of a document."""
        return self.num_values + 2

    @property
    def asks_id(self) -> int:
        """The token before the answer."""
        return self.num_values

    @property
    def end_id(self) -> int:
        """Start and end of a document."""
        return self.num_values + 1


PROFILES: Mapping[Profile, Params] = {
    "quick": Params(),
    "standard": Params(num_seeds=5),
    "full": Params(num_seeds=5, num_documents=10_000, num_steps=6000, num_paths=300, width=64, hidden_width=128),
}
