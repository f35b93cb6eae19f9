"""How large the experiment of A4 is."""

from collections.abc import Mapping
from dataclasses import dataclass

from byheart.core.audit import Profile


@dataclass(frozen=True, kw_only=True)
class Params:
    """Sizes of the experiment."""

    num_seeds: int = 2
    """Repetitions with new weights and new data."""
    num_steps: int = 1500
    """Gradient steps of a network on modular addition, on all trained pairs at once; the other tasks scale with it."""
    other_steps_share: float = 0.5
    """Steps on each other task by `num_steps`."""
    depths: tuple[int, ...] = (1, 2)
    """Layers of the networks on the other tasks, ascending; the deepest ones give the headlines."""
    num_cases: int = 300
    """Unseen cases that everybody is asked, at most, and as many of sizes that were trained on."""
    num_trained: int = 2000
    """Sequences to train on in each other task, at most."""
    batch_cases: int = 64
    """Sequences of a step on the other tasks."""
    width: int = 32
    """Of the networks."""
    num_heads: int = 4
    """Of the networks."""
    hidden_width: int = 64
    """Of the networks' MLPs."""
    modulus: int = 59
    """p of a + b mod p."""
    train_share: float = 0.5
    """Of the p (p + 1) / 2 pairs without order, that is trained on, each in both orders."""
    addition_layers: int = 1
    """Of the networks that add."""
    addition_rate: float = 3e-3
    """Step size of AdamW on addition."""
    weight_decay: float = 1.0
    """Of AdamW on addition; the same networks are trained with none beside."""
    other_rate: float = 3e-3
    """Largest step size of AdamW on the other tasks."""
    other_decay: float = 0.1
    """Weight decay there."""
    dyck_depth: int = 4
    """Deepest trained bracket; up to twice as deep is asked."""
    dyck_tokens: int = 28
    """Of a bracket sequence, an even number."""
    parity_bits: int = 5
    """Longest trained sequence of bits; up to twice as long is asked."""
    arithmetic_numbers: int = 3
    """Most numbers of a trained expression; up to twice as many are asked."""
    curve_points: int = 60
    """Looks at a network while it is trained on addition."""
    confidence: float = 0.95
    """Coverage of the intervals."""


PROFILES: Mapping[Profile, Params] = {
    "quick": Params(),
    "standard": Params(num_seeds=5, num_steps=3000, depths=(1, 2, 4), num_cases=500),
    "full": Params(num_seeds=5, num_steps=6000, depths=(1, 2, 3, 4), num_cases=1000, num_trained=5000, width=64),
}
