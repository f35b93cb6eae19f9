"""Tokens with like successors in one class: where learning starts, since equal states would stay equal."""

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.memorizers.hidden_chain import Tokens

_ROUNDS = 12
_OVERSAMPLING = 8
_SUBSPACE_ROUNDS = 4


def bigram_directions(tokens: Tokens, vocabulary_size: int, rank: int) -> tuple[Floats, Floats, Floats, Floats]:
    """The largest singular directions of the bigram counts, each count over the root of its margins.

    Definition:
        C_ab / sqrt(C_a. C_.b) ~ left diag(values) right^T
    Args:
        tokens: shape [num_tokens].
        vocabulary_size: token ids are 0..vocabulary_size-1.
        rank: at most so many directions.
    Returns:
        left [vocabulary, rank] for the first token of a pair, values [rank] descending, right [vocabulary, rank]
        for the second, margins [2, vocabulary].
    Cost: a few products of the sparse matrix with `rank` columns.
    Source: Halko et al. 2011, "Finding structure with randomness", algorithm 4.4.
    Differs: starts from cosines of fixed frequencies instead of random numbers: equal corpora give equal states.
    """
    from scipy.sparse import csr_array

    pairs, counts = np.unique(tokens[:-1] * vocabulary_size + tokens[1:], return_counts=True)
    first, second = np.divmod(pairs, vocabulary_size)
    margins = np.zeros((2, vocabulary_size))
    np.add.at(margins[0], first, counts)
    np.add.at(margins[1], second, counts)
    scaled = csr_array(
        (counts / np.sqrt(margins[0, first] * margins[1, second]), (first, second)), shape=(vocabulary_size,) * 2
    )
    width = min(rank + _OVERSAMPLING, vocabulary_size)
    basis = np.cos(np.outer(np.arange(1, vocabulary_size + 1), np.sqrt(np.arange(2, width + 2)) * 7.0))
    basis = np.linalg.qr(scaled @ basis)[0]
    for _ in range(_SUBSPACE_ROUNDS):
        basis = np.linalg.qr(scaled @ (scaled.T @ basis))[0]
    small, values, right = np.linalg.svd((scaled.T @ basis).T, full_matrices=False)
    rank = min(rank, width)
    return (basis @ small)[:, :rank], values[:rank], right[:rank].T, margins


def token_classes(tokens: Tokens, vocabulary_size: int, num_classes: int) -> npt.NDArray[np.int64]:
    """A class for each token, by the tokens that follow it.

    Args:
        tokens: shape [num_tokens].
        vocabulary_size: token ids are 0..vocabulary_size-1.
        num_classes: classes are 0..num_classes-1; some may stay empty.
    Returns:
        shape [vocabulary].
    Source: k-means weighted by frequency on the directions of `bigram_directions`; it starts with the most frequent
        token and then, again and again, the token whose squared distance to its class weighs most.
    """
    left, values, _, margins = bigram_directions(tokens, vocabulary_size, num_classes)
    weights = margins[0]
    places = left * values / np.sqrt(np.maximum(weights, 1.0))[:, None]
    places[weights == 0] = 0.0
    squares = (places**2).sum(axis=1)
    chosen = int(weights.argmax())
    distances = np.full(vocabulary_size, np.inf)
    centres = np.empty((num_classes, places.shape[1]))
    for i in range(num_classes):
        centres[i] = places[chosen]
        distances = np.minimum(distances, squares - 2 * places @ centres[i] + centres[i] @ centres[i])
        chosen = int((np.maximum(distances, 0.0) * weights).argmax())
    for _ in range(_ROUNDS):
        classes = (squares[:, None] - 2 * places @ centres.T + (centres**2).sum(axis=1)).argmin(axis=1)
        sizes = np.zeros(num_classes)
        np.add.at(sizes, classes, weights)
        sums = np.zeros_like(centres)
        np.add.at(sums, classes, places * weights[:, None])
        centres[sizes > 0] = sums[sizes > 0] / sizes[sizes > 0, None]
    return classes
