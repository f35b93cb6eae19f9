"""The memorizers of made data: the same six as beside any model, built from sequences of numbers."""

from collections.abc import Sequence

import numpy as np

from byheart import memorizers
from byheart.core.tokens import TokenIds
from byheart.index.corpus_index import Index
from byheart.memorizers.memorizer import Memorizer
from byheart.memorizers.mixture import Mixture


def memorizers_of(
    documents: Sequence[TokenIds],
    vocabulary_size: int,
    end_id: int,
    *,
    calibration: Sequence[TokenIds],
    names: Sequence[str] = memorizers.NAMES,
) -> dict[str, Memorizer]:
    """M1 to M6 of the same documents.

    Args:
        documents: token ids; what a network beside them was trained on.
        vocabulary_size: token ids are 0..vocabulary_size-1.
        end_id: stands for the end of a document.
        calibration: documents of the same kind that are not among them, for the weights of the mixture.
        names: of `memorizers.NAMES`; the mixture is of the others among them.
    Returns:
        by name, "memorizer:automaton" and so on, in the order of the theory, the mixture last.
    """
    index = index_of(documents, vocabulary_size)
    order = ("automaton", "boolean", "markov", "knowledge", "infinigram")
    built = {
        f"memorizer:{name}": memorizers.build(name, index, vocabulary_size=vocabulary_size, end_id=end_id)
        for name in order
        if name in names
    }
    if "mixture" in names:
        # The infinigram's corpus says how long a match is; it stands first.
        members = sorted(built.values(), key=lambda one: one.name != "memorizer:infinigram")
        built["memorizer:mixture"] = Mixture(tuple(members), calibration=list(calibration))
    return built


def index_of(documents: Sequence[TokenIds], vocabulary_size: int) -> Index:
    """A token index of made documents."""
    ids = [np.ascontiguousarray(document, dtype=np.int32) for document in documents]
    return Index.build(
        ids, [f"document {number}" for number in range(len(ids))], unit="tokens", alphabet_size=vocabulary_size
    )
