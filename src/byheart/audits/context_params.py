"""How large the context experiment is."""

from collections.abc import Mapping
from dataclasses import dataclass

from byheart.core.audit import Profile


@dataclass(frozen=True, kw_only=True)
class LabParams:
    """Sizes of the experiment."""

    num_symbols: int = 3
    """k: symbols of a chain."""
    sequence_tokens: int = 100
    """T: tokens of a sequence, which is a chain of its own."""
    num_sequences: int = 4096
    """Sequences that the network is trained on, and that the memorizers are built of."""
    num_held_out: int = 96
    """New chains that everyone is asked about; as many sequences that were trained on; as many for calibration."""
    num_watched: int = 256
    """New chains that the network alone is asked about while it is trained."""
    language_symbols: int = 5
    """Symbols of a language."""
    language_states: int = 4
    """States of the automaton that writes it; from each two symbols may come."""
    num_seeds: int = 2
    """Repetitions with new weights and new data."""
    num_steps: int = 800
    """Gradient steps of a training."""
    batch_sequences: int = 64
    """Sequences of a step."""
    num_looks: int = 40
    """How often the network is asked during its training, beside before it."""
    width: int = 32
    """Of the network."""
    num_layers: int = 2
    """Of the network, which has attention only."""
    num_heads: int = 1
    """Of the network."""
    initial_scale: float = 3.0
    """First weights of attention are so many times as large as the reference's (0.02): with small ones such a narrow
    network stays at the frequencies for a time that differs widely from seed to seed."""
    learning_rate: float = 3e-3
    """Largest step size of AdamW."""
    confidence: float = 0.95
    """Coverage of the intervals."""

    @property
    def looks(self) -> tuple[int, ...]:
        """Steps after which the network is asked, ascending from 0."""
        return tuple(sorted({round(self.num_steps * look / self.num_looks) for look in range(self.num_looks + 1)}))


PROFILES: Mapping[Profile, LabParams] = {
    "quick": LabParams(),
    "standard": LabParams(num_sequences=16_384, num_seeds=5, num_steps=1000, num_looks=50),
    "full": LabParams(num_sequences=32_768, num_held_out=192, num_seeds=5, num_steps=6000, num_looks=100),
}
