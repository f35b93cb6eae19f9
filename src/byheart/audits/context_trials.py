"""What one training of the context experiment left behind, and the numbers of several of them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.stats.phases import Phases, phases

UNIFORM, STATIC, FREQUENCIES, BAYES = (
    "uniform",
    "static mapping",
    "frequencies in the prompt",
    "Bayes in the prompt",
)
REFERENCES = (STATIC, FREQUENCIES, BAYES)
"""Rows of the table that are no predictor: the best fixed transition probabilities, and who reads the prompt alone."""
EXPECTED = (UNIFORM, FREQUENCIES, BAYES)
"""The phases of the training, in the order of the paper."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One seed: a network, the memorizers of its training data, and what they say of new chains."""

    num_parameters: int
    """Of the network."""
    sizes_bytes: Mapping[str, int]
    """Bytes that each predictor stores, by name."""
    looks: tuple[int, ...]
    """Steps after which the network was asked, shape [num_looks]."""
    from_references: Mapping[str, Floats]
    """nats, shape [num_looks]; KL(reference || network), mean over the second half of new chains, by reference of
    EXPECTED."""
    from_truth: Floats
    """nats, shape [num_looks]; KL(chain || network), likewise."""
    along: Mapping[str, Floats]
    """nats, shape [T]; KL(chain || predictor) at each place of new chains after the training, exact."""
    ruled_nats: Mapping[str, Floats]
    """nats per token, shape [num_held_out]; mean log-probability of the second half of each new chain."""
    shuffled_nats: Mapping[str, Floats]
    """nats per token, shape [num_held_out]; likewise of its tokens in random order."""
    seen_nats: Mapping[str, Floats]
    """nats per token, shape [num_held_out]; likewise of sequences that were trained on."""

    def gains(self, name: str) -> Floats:
        """Bits per token over the static mapping, of each new chain."""
        return _gains(self.ruled_nats, name)

    def seen_gains(self, name: str) -> Floats:
        """Bits per token over the static mapping, of each sequence that was trained on."""
        return _gains(self.seen_nats, name)

    def shuffled_gains(self, name: str) -> Floats:
        """Bits per token over the static mapping, of the new chains' tokens in random order."""
        return _gains(self.shuffled_nats, name)

    def bayes_distances(self, name: str) -> Floats:
        """Nats per token lost against Bayes, of each new chain; below 0 where luck has it."""
        found: Floats = self.ruled_nats[BAYES] - self.ruled_nats[name]
        return found

    @property
    def phases(self) -> Phases:
        """Which reference the network was nearest to, and from when on."""
        return phases(self.looks, self.from_references)

    @property
    def end_distance(self) -> float:
        """nats; KL(Bayes || network) after the training, exact, mean over the second half."""
        return float(self.from_references[BAYES][-1])

    def to_json(self) -> dict[str, Any]:
        """As plain values, for the journal."""
        maps = ("from_references", "along", "ruled_nats", "shuffled_nats", "seen_nats")
        return {
            "num_parameters": self.num_parameters,
            "sizes_bytes": dict(self.sizes_bytes),
            "looks": list(self.looks),
            "from_truth": self.from_truth.tolist(),
        } | {name: {key: array.tolist() for key, array in getattr(self, name).items()} for name in maps}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Trial":
        """The inverse of `to_json`."""

        def arrays(name: str) -> dict[str, Floats]:
            return {key: np.array(values, dtype=np.float64) for key, values in raw[name].items()}

        return Trial(
            num_parameters=int(raw["num_parameters"]),
            sizes_bytes=raw["sizes_bytes"],
            looks=tuple(raw["looks"]),
            from_references=arrays("from_references"),
            from_truth=np.array(raw["from_truth"], dtype=np.float64),
            along=arrays("along"),
            ruled_nats=arrays("ruled_nats"),
            shuffled_nats=arrays("shuffled_nats"),
            seen_nats=arrays("seen_nats"),
        )


def _gains(nats: Mapping[str, Floats], name: str) -> Floats:
    found: Floats = (nats[name] - nats[STATIC]) / NATS_PER_BIT
    return found


def names_of(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Everyone who was asked, references left out."""
    return tuple(name for name in trials[0].ruled_nats if name not in REFERENCES)
