"""A shuffled split by document: what is learned from, what is tuned on, what counts as unseen."""

from dataclasses import dataclass

import numpy as np

from byheart.corpus.documents import Corpus
from byheart.errors import InputError, SourceError


@dataclass(frozen=True)
class Splits:
    """Three parts of one corpus that share no document."""

    train: Corpus
    """Trained on and indexed."""
    calibration: Corpus
    """For fitting weights and thresholds; empty when its share is 0."""
    held_out: Corpus
    """Never seen; empty when its share is 0."""


def split(corpus: Corpus, *, calibration_share: float, held_out_share: float, rng: np.random.Generator) -> Splits:
    """A random partition of the documents.

    Definition:
        of n documents in random order, held-out text is the first max(1, round(share n)), calibration text the next
        max(1, round(share n)), none where the share is 0; where that leaves nothing to train on, the larger part gives
    Args:
        corpus: deduplicated by the caller, or else one text may stand on both sides.
        calibration_share: of the documents, in [0, 1).
        held_out_share: of the documents, in [0, 1); both together below 1.
        rng: consumed by one permutation, so that equal corpora and streams give equal parts.
    Returns:
        parts in the shuffled order.
    Raises:
        InputError: shares outside their range.
        SourceError: fewer documents than parts.
    Source: definition.
    Differs: nothing.
    """
    shares = {"calibration_share": calibration_share, "held_out_share": held_out_share}
    faults = [f"{name} must be in [0, 1), got {share}" for name, share in shares.items() if not 0 <= share < 1]
    if not faults and sum(shares.values()) >= 1:
        faults.append(f"the shares must leave something to train on, got {calibration_share} + {held_out_share}")
    if faults:
        raise InputError("The split is ill-formed.", why="; ".join(faults), next_step="Correct the shares.")
    num_parts = 1 + sum(share > 0 for share in shares.values())
    if len(corpus) < num_parts:
        raise SourceError(
            f"A corpus of {len(corpus)} documents cannot be split into {num_parts} parts.",
            why="A split is by document, and each part needs at least one.",
            next_step="Use a source with more documents, for example with --lines.",
        )
    num_calibration, num_held_out = (
        max(1, round(share * len(corpus))) if share > 0 else 0 for share in shares.values()
    )
    while num_calibration + num_held_out >= len(corpus):
        if num_calibration > num_held_out:
            num_calibration -= 1
        else:
            num_held_out -= 1
    documents = [corpus.documents[i] for i in rng.permutation(len(corpus))]
    border = num_held_out + num_calibration
    return Splits(
        train=Corpus(tuple(documents[border:])),
        calibration=Corpus(tuple(documents[num_held_out:border])),
        held_out=Corpus(tuple(documents[:num_held_out])),
    )
