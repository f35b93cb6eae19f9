"""How large the capacity experiment is."""

from collections.abc import Mapping
from dataclasses import dataclass

from byheart.core.audit import Profile


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the experiment."""

    vocabulary_size: int = 64
    """V; the start token is one more."""
    sequence_tokens: int = 64
    """S: long, so that log2 N is little beside S log2 V."""
    ladder: tuple[int, ...] = (2, 4, 6, 8, 12, 16, 32)
    """Numbers of sequences N, ascending, from well below the kink to well beyond it."""
    num_seeds: int = 2
    """Repetitions with new weights and new data."""
    num_steps: int = 1500
    """Gradient steps of each training; each is done a second time with half as many."""
    num_unseen: int = 64
    """Sequences that each network is asked for and never saw."""
    width: int = 8
    """Of the network."""
    num_layers: int = 1
    """Of the network."""
    num_heads: int = 2
    """Of the network."""
    hidden_width: int = 16
    """Of the network's MLP."""
    learning_rate: float = 0.02
    """Largest step size of AdamW."""
    batch_sequences: int = 64
    """Sequences of a step, at most."""
    confidence: float = 0.95
    """Coverage of the intervals."""


PROFILES: Mapping[Profile, Params] = {
    "quick": Params(),
    "standard": Params(
        vocabulary_size=128, ladder=(4, 8, 16, 24, 32, 48, 64, 128), num_seeds=5, num_steps=4000, width=16,
        hidden_width=40, batch_sequences=128,
    ),
    "full": Params(
        vocabulary_size=128, ladder=(8, 16, 32, 48, 64, 96, 128, 256), num_seeds=5, num_steps=10_000, width=16,
        num_layers=2, hidden_width=40, batch_sequences=256,
    ),
}  # fmt: skip
