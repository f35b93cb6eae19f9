"""Bits of several predictors on the same held-out text, document by document: what bits per byte are computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.evidence import Estimate, Interval
from byheart.core.material import Piece, Prediction
from byheart.core.tokens import Floats
from byheart.core.units import NATS_PER_BIT
from byheart.stats.bootstrap import MIN_CLUSTERS, cluster_totals, ratio_difference, ratio_of_sums


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Everyone's bits on the same tokens."""

    names: tuple[str, ...]
    """Of the memorizers."""
    bits: Floats
    """bits of the subject, then of each memorizer, shape [num_documents, 1 + num_memorizers]."""
    num_bytes: Floats
    """Bytes of the tokens, shape [num_documents]."""

    @property
    def num_documents(self) -> int:
        """Clusters of the bootstrap."""
        return self.num_bytes.size

    @property
    def carries_intervals(self) -> bool:
        """Whether there are documents enough for an interval."""
        return self.num_documents >= MIN_CLUSTERS

    def everyone(self, confidence: float, *, rng: np.random.Generator) -> list[Interval]:
        """Bits per byte of the subject, then of each memorizer; of zero width where documents are too few."""
        if not self.carries_intervals:
            values = self.bits.sum(axis=0) / self.num_bytes.sum()
            return [Interval(value, value, value, self.num_documents) for value in values.tolist()]
        columns = np.repeat(self.num_bytes[:, None], self.bits.shape[1], axis=1)
        return ratio_of_sums(self.bits, columns, rng=rng, confidence=confidence)

    def saved_over(self, name: str, confidence: float, *, rng: np.random.Generator) -> Interval:
        """Bits per byte of a memorizer minus those of the subject, paired over documents."""
        column = self.bits[:, 1 + self.names.index(name)]
        if not self.carries_intervals:
            value = float((column - self.bits[:, 0]).sum() / self.num_bytes.sum())
            return Interval(value, value, value, self.num_documents)
        first, second = (column, self.num_bytes), (self.bits[:, 0], self.num_bytes)
        return ratio_difference(first, second, rng=rng, confidence=confidence)

    def per_byte(self) -> Mapping[str, float]:
        """Bits per byte of each memorizer."""
        values = self.bits[:, 1:].sum(axis=0) / self.num_bytes.sum()
        return dict(zip(self.names, values.tolist(), strict=True))


def estimate(
    name: str, interval: Interval, n: int, method: str, confidence: float, *, paired: bool = False
) -> Estimate:
    """Bits per byte as evidence.

    Args:
        name: dotted.
        interval: over documents, or a mere value where they are too few.
        n: documents.
        method: what was computed, without a mark at its end.
        confidence: of the interval.
        paired: whether it is a difference of two predictors on the same documents.
    """
    carries = n >= MIN_CLUSTERS
    how = "paired percentile bootstrap over documents" if paired else "percentile bootstrap over documents"
    return Estimate(
        name=name,
        value=interval.value,
        unit="bits per byte",
        low=interval.low if carries else None,
        high=interval.high if carries else None,
        confidence=confidence,
        n=n,
        method=f"{method}; {how}." if carries else f"{method}.",
        no_interval=None if carries else f"An interval needs {MIN_CLUSTERS} documents; there are {n}.",
    )


def totals(pieces: Sequence[Piece]) -> Totals:
    """Of all scored tokens."""
    names = tuple(pieces[0].memorizers)
    nats = [[-one.log_probability_nats.sum() for one in _predictions(piece, names)] for piece in pieces]
    return _by_document(pieces, names, nats, [piece.num_bytes for piece in pieces])


def totals_of_copies(pieces: Sequence[Piece], *, is_copied: bool) -> Totals:
    """Of the scored tokens that stand in long runs of the corpus, or of all others, without documents that have none.

    Args:
        pieces: each with its copies.
        is_copied: which.
    """
    names = tuple(pieces[0].memorizers)
    nats, num_bytes = [], []
    for piece in pieces:
        assert piece.copies is not None
        chosen = piece.copies.is_copied == is_copied
        nats.append([-one.log_probability_nats[chosen].sum() for one in _predictions(piece, names)])
        num_bytes.append(int(piece.copies.num_bytes[chosen].sum()))
    found = _by_document(pieces, names, nats, num_bytes)
    has_bytes = found.num_bytes > 0
    return Totals(names=names, bits=found.bits[has_bytes], num_bytes=found.num_bytes[has_bytes])


def _predictions(piece: Piece, names: Sequence[str]) -> list[Prediction]:
    return [piece.subject, *(piece.memorizers[name] for name in names)]


def _by_document(
    pieces: Sequence[Piece], names: tuple[str, ...], nats: list[list[float]], num_bytes: list[int]
) -> Totals:
    documents = [piece.document for piece in pieces]
    summed, sizes = cluster_totals(documents, np.array(nats, dtype=np.float64), num_bytes)
    return Totals(names=names, bits=summed / NATS_PER_BIT, num_bytes=sizes)
