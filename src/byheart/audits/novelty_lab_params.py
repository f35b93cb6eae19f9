"""How large the novelty experiment is."""

from collections.abc import Mapping
from dataclasses import dataclass

from byheart.core.audit import Profile


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the experiment."""

    num_sentences: int = 6000
    """Sentences that the network is trained on and the memorizers hold."""
    most_words: int = 30
    """Longest of them; longer draws are drawn anew."""
    num_calibration: int = 300
    """Other sentences, for the weights of the mixture."""
    num_written: int = 500
    """Sentences that every predictor writes, at each temperature and of each seed."""
    temperatures: tuple[float, ...] = (0.5, 0.7, 1.0, 1.3)
    """Of the sampling, ascending; 1 is among them."""
    markov_orders: tuple[int, ...] = (2, 3, 4, 8)
    """Tokens of the n-grams of further Markov chains, beside the memorizer's own."""
    suffix_samplers: tuple[tuple[int, int], ...] = ((5, 1), (5, 2), (5, 4), (6, 2), (99, 1), (99, 2), (99, 4))
    """Longest suffix in tokens and fewest occurrences of it, of samplers that go on as the corpus does, unsmoothed."""
    num_seeds: int = 2
    """Repetitions with new weights and new sentences."""
    num_steps: int = 1200
    """Gradient steps of each training."""
    width: int = 64
    """Of the network."""
    num_layers: int = 2
    """Of the network."""
    num_heads: int = 4
    """Of the network."""
    hidden_width: int = 128
    """Of the network's MLP."""
    learning_rate: float = 0.006
    """Largest step size of AdamW."""
    batch_sentences: int = 48
    """Sentences of a step."""
    confidence: float = 0.95
    """Coverage of the intervals."""


PROFILES: Mapping[Profile, Params] = {
    "quick": Params(),
    "standard": Params(num_seeds=5, num_written=1000, num_steps=3000),
    "full": Params(
        num_seeds=5, num_sentences=20_000, num_written=2000, num_steps=4000, width=96, num_layers=3, hidden_width=192,
        temperatures=(0.3, 0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.6),
    ),
}  # fmt: skip
