"""The material of the capacity experiment: what each trained network says of its sequences, arranged as a ladder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.audits.capacity_params import Params
from byheart.core.tokens import Floats
from byheart.stats.capacity import entropy_bits, memorized_bits


@dataclass(frozen=True, kw_only=True)
class Training:
    """One trained network."""

    num_sequences: int
    """N."""
    seed_index: int
    """Which repetition, 0, 1, ..."""
    is_whole: bool
    """Trained for all steps, not for half of them."""
    num_parameters: int
    """Numbers that training moved."""
    seen_nats: Floats
    """nats; log-probability of each sequence that it was trained on, shape [N]."""
    unseen_nats: Floats
    """nats; likewise of sequences that it never saw."""
    untrained_nats: Floats
    """nats; of the sequences that it was trained on, before the first step, shape [N]."""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """All seeds and rungs of one number of steps; arrays of shape [num_seeds, num_rungs]."""

    rungs: tuple[int, ...]
    """N of each rung."""
    num_parameters: int
    """Of each network."""
    shown: Floats
    """Bits memorized."""
    untrained: Floats
    """Bits that the same sum gives before the first step."""
    possible: Floats
    """Bits that a table of the same sequences shows."""
    entropy: Floats
    """Bits of the data, shape [num_rungs]."""
    unseen: Floats
    """Bits of each unseen sequence of every training, shape [num_seeds * num_rungs * num_unseen]."""
    unseen_means: Floats
    """Mean bits of an unseen sequence at each rung, shape [num_rungs]."""

    @property
    def num_seeds(self) -> int:
        """Repetitions."""
        return int(self.shown.shape[0])

    @staticmethod
    def possible_of(params: Params) -> Floats:
        """H - N log2 N at each rung, bits, shape [num_rungs]: uniform sequences of so many bits do not repeat."""
        rungs = np.array(params.ladder, dtype=np.float64)
        each = entropy_bits(1, num_tokens=params.sequence_tokens, vocabulary_size=params.vocabulary_size)
        return rungs * (each - np.log2(rungs))

    @staticmethod
    def of(trainings: Sequence[Training], params: Params, *, is_whole: bool) -> "Ladder":
        """Arranges trainings; each rung has one of every seed."""
        sizes: dict[str, Any] = {
            "num_tokens": params.sequence_tokens,
            "vocabulary_size": params.vocabulary_size,
        }
        chosen = {(one.seed_index, one.num_sequences): one for one in trainings if one.is_whole == is_whole}
        seeds = sorted({seed for seed, _ in chosen})
        rows = [[chosen[seed, rung] for rung in params.ladder] for seed in seeds]
        unseen = np.array([[memorized_bits(one.unseen_nats, **sizes) for one in row] for row in rows])
        possible = Ladder.possible_of(params)
        return Ladder(
            rungs=params.ladder,
            num_parameters=rows[0][0].num_parameters,
            shown=np.array([[memorized_bits(one.seen_nats, **sizes).sum() for one in row] for row in rows]),
            untrained=np.array([[memorized_bits(one.untrained_nats, **sizes).sum() for one in row] for row in rows]),
            possible=np.tile(possible, (len(seeds), 1)),
            entropy=np.array([entropy_bits(rung, **sizes) for rung in params.ladder]),
            unseen=unseen.ravel(),
            unseen_means=unseen.mean(axis=(0, 2)),
        )
