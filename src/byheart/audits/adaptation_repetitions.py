"""What came out of the adaptation experiment, as numbers: bits of everyone on the same held-out documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals, ratio_of_sums
from byheart.stats.intervals import mean_of_few

Kind = Literal["made", "real"]
PartName = Literal["seen", "old", "new"]
MODEL, LOOKUP, BLIND, MIXTURE = "transformer", "lookup:table", "blind:untrained", "memorizer:mixture"
TOLD = "a table that is told the gap"
"""No memorizer of the six and no subject: what a count table of the right form would need, as a declared ceiling."""
ENOUGH_SEEDS = 3
"""With fewer, Student's t is too wide to say anything, and intervals are over documents instead."""


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """One seed: new weights, new text, other documents held out."""

    num_parameters: int
    """Of the network."""
    documents: Mapping[PartName, tuple[str, ...]]
    """Names of the documents: learned from, held out of the old domain, held out of the new one."""
    num_learned: Mapping[PartName, int]
    """How many documents of the old and of the new domain there were to learn from."""
    num_bytes: Mapping[PartName, Floats]
    """Of each document, shape [num_documents]."""
    bits: Mapping[str, Mapping[PartName, Floats]]
    """By predictor and part, shape [number of N, num_documents]; of "seen" text for N = 0 only."""
    sizes_bytes: Mapping[str, int]
    """What each predictor stores before it meets the new domain."""

    @property
    def memorizers(self) -> tuple[str, ...]:
        """M1 to M6."""
        return tuple(name for name in self.bits if name.startswith("memorizer:"))


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """All seeds of one kind of text."""

    kind: Kind
    """Which."""
    repetitions: tuple[Repetition, ...]
    """In the order of seeds, at least one."""
    new_tokens: tuple[int, ...]
    """N, from 0 on, ascending."""
    steps: tuple[int, ...]
    """Gradient steps on so many tokens."""
    floor_bits_per_byte: float | None
    """Of the source, where it is known."""
    chance_bits_per_byte: float | None = None
    """Of who knows nothing of the rule, where that is one number."""

    def per_byte(self, part: PartName, bits: Callable[[Repetition], Floats]) -> list[float]:
        """Bits per byte of each seed.

        Args:
            part: whose bytes.
            bits: of a repetition, bits of each document, shape [num_documents].
        """
        return [float(bits(one).sum() / one.num_bytes[part].sum()) for one in self.repetitions]

    def interval(
        self, part: PartName, bits: Callable[[Repetition], Floats], confidence: float, *, rng: np.random.Generator
    ) -> Interval:
        """Bits per byte over seeds, or over documents where seeds are few; of zero width where these are too.

        Definition:
            Student's t over seeds from ENOUGH_SEEDS on; else sum of bits by sum of bytes over all seeds, percentile
            bootstrap over documents, one that is held out in two seeds counting once
        Args:
            part: whose bytes.
            bits: of a repetition, bits of each document, shape [num_documents]; may be a difference.
            confidence: of the interval.
            rng: draws the resamples.
        """
        if len(self.repetitions) >= ENOUGH_SEEDS:
            return mean_of_few(self.per_byte(part, bits), confidence=confidence)
        names = [self._name(number, part, at) for number, at in self._places(part)]
        summed, sizes = cluster_totals(
            names,
            np.concatenate([bits(one) for one in self.repetitions]),
            np.concatenate([one.num_bytes[part] for one in self.repetitions]),
        )
        if sizes.size < MIN_CLUSTERS:
            value = float(summed.sum() / sizes.sum())
            return Interval(value, value, value, sizes.size)
        (found,) = ratio_of_sums(summed[:, None], sizes[:, None], rng=rng, confidence=confidence)
        return found

    def sign(
        self, part: PartName, bits: Callable[[Repetition], Floats], confidence: float, *, rng: np.random.Generator
    ) -> int:
        """1 where the interval of bits per byte is above zero, -1 below; 0 where it meets zero or there is none.

        Args:
            part: whose bytes.
            bits: of a repetition, a difference of two predictors' bits of each document, shape [num_documents].
            confidence: of the interval.
            rng: draws the resamples.
        """
        found = self.interval(part, bits, confidence, rng=rng)
        if len(self.repetitions) < ENOUGH_SEEDS and (found.n or 0) < MIN_CLUSTERS:
            return 0
        return 1 if found.low > 0 else -1 if found.high < 0 else 0

    def _places(self, part: PartName) -> list[tuple[int, int]]:
        return [(number, at) for number, one in enumerate(self.repetitions) for at in range(len(one.documents[part]))]

    def _name(self, number: int, part: PartName, at: int) -> str:
        name = self.repetitions[number].documents[part][at]
        # Made documents are drawn anew for each seed, whatever they are called.
        return f"{number} {name}" if self.kind == "made" else name

    def best_memorizer(self, part: PartName, row: int) -> str:
        """Of M1 to M6, that with the fewest bits over all seeds.

        Args:
            part: of what text.
            row: after which N, as a row of `bits`.
        """
        return min(
            self.repetitions[0].memorizers,
            key=lambda name: sum(self.per_byte(part, lambda one: one.bits[name][part][row])),
        )

    def said_of_intervals(self) -> str:
        """How they are computed, for the method of an estimate."""
        num = len(self.repetitions)
        if num >= ENOUGH_SEEDS:
            return f"Student's t over {num} seeds"
        return f"percentile bootstrap over the held-out documents of {num} seed{'s' if num > 1 else ''}"
