"""Learning an automaton from the singular directions of its Hankel matrix: no iteration, but no probabilities either.

What it learns can give negative weights, since nothing keeps its states within the probabilities. They are mended
where they show: `next_probabilities` takes negative weights as none and mixes the rest with the unigram distribution;
a state whose sum is not positive, or small against its parts, starts again.
"""

import numpy as np

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.memorizers.hidden_chain import Tokens
from byheart.memorizers.token_classes import bigram_directions
from byheart.memorizers.weighted_automaton import WeightedAutomaton

UNIGRAM_SHARE = 0.05
"""Chosen on calibration text of the standard library."""
_LARGEST_RATIO = 1e3
"""Sum of the absolute parts of a state over the sum of its parts."""


@compiled
def _add_triples(tokens: Tokens, before: Floats, after: Floats, tensor: Floats) -> None:
    """Adds after[z] before[y]^T to tensor[x] for every three consecutive tokens y x z."""
    for t in range(1, tokens.size - 1):
        matrix, left, right = tensor[tokens[t]], after[tokens[t + 1]], before[tokens[t - 1]]
        for i in range(left.size):
            weight, row = left[i], matrix[i]
            for j in range(right.size):
                row[j] += weight * right[j]


def learn_spectral(tokens: Tokens, *, vocabulary_size: int, num_states: int, end_id: int) -> WeightedAutomaton:
    """The automaton whose Hankel matrix over single tokens is nearest to the corpus's.

    Definition:
        H_yz, H_yxz = shares of y z and y x z in the text; H ~ L S R^T in margins' roots; with F = D^-1/2 R on the later
        token and G = D^-1/2 L S^-1 on the earlier one: A(x) = F^T H_x^T G, mean state F^T p, sum of a state u^T s with
        u = G^T p, out(x) = A(x)^T u, s_0 = A(end) mean / u^T A(end) mean; p are the tokens' shares
    Args:
        tokens: documents, each closed by `end_id`, shape [num_tokens >= 3].
        vocabulary_size: token ids are 0..vocabulary_size-1.
        num_states: at most so many; fewer where the matrix has a lower rank.
        end_id: the end of a document.
    Returns:
        an automaton in a basis where a state's weights sum to u^T s = 1^T s, so that `weight` is a text's share.
    Cost: num_states^2 a token.
    Source: Hsu, Kakade and Zhang 2012, "A spectral algorithm for learning hidden Markov models", section 3 (0811.4413);
        Balle et al. 2014, "Spectral learning of weighted automata".
    Differs: the Hankel matrix is divided by the roots of its margins; documents run on through their end tokens.
    """
    left, values, right, margins = bigram_directions(tokens, vocabulary_size, num_states)
    rank = max(1, int((values > 1e-6).sum()))
    roots = np.sqrt(np.maximum(margins, 1.0))
    before = left[:, :rank] / values[:rank] / roots[0][:, None]
    after = right[:, :rank] / roots[1][:, None]
    tensor = np.zeros((vocabulary_size, rank, rank))
    _add_triples(tokens, before, after, tensor)
    # The first direction of the scaled matrix is that of the margins' roots, so that all of a state's sum is in it.
    sums = before.T @ margins[0]
    mean = after.T @ margins[1] / tokens.size
    basis = _basis_with_sum(sums)
    back = np.linalg.inv(basis)
    tensor = basis @ tensor @ back
    mean = basis @ mean
    outputs = tensor.sum(axis=1)
    start = tensor[end_id] @ mean
    if start.sum() <= 0.0:
        start = mean
    return WeightedAutomaton(start / start.sum(), tensor, outputs)


def _basis_with_sum(sums: Floats) -> Floats:
    """An invertible B with 1^T B = sums^T, shape [num_states, num_states]."""
    basis = np.eye(sums.size)
    largest = int(np.abs(sums).argmax())
    basis[largest] = sums - 1.0
    basis[largest, largest] = sums[largest]
    return basis


def next_probabilities(weights: Floats, unigram: Floats) -> Floats:
    """What an automaton with negative weights predicts, mended: a distribution in which every token is possible.

    Definition:
        P = (1 - e) max(weights, 0) / sum max(weights, 0) + e unigram, e = UNIGRAM_SHARE;
        the unigram where no weight is positive
    Args:
        weights: out(x)^T s, shape [vocabulary].
        unigram: positive, sums to 1, shape [vocabulary].
    """
    positive = np.maximum(weights, 0.0)
    total = positive.sum()
    if total <= 0.0:
        return unigram
    mended: Floats = (1 - UNIGRAM_SHARE) * positive / total + UNIGRAM_SHARE * unigram
    return mended


def log_probabilities_nats(machine: WeightedAutomaton, unigram: Floats, tokens: Tokens) -> Floats:
    """Log-probability in nats of each token of a text, mended as the head of this file says, shape [num_tokens].

    Args:
        machine: of `learn_spectral`.
        unigram: positive, sums to 1, shape [vocabulary].
        tokens: shape [num_tokens].
    """
    state, found = machine.initial, np.empty(tokens.size)
    for position, token in enumerate(tokens):
        found[position] = next_probabilities(machine.outputs @ state, unigram)[token]
        state = machine.tensor[token] @ state
        total = state.sum()
        if total > 0.0 and np.abs(state).sum() <= _LARGEST_RATIO * total:
            state = state / total
        else:
            state = machine.initial
    logs: Floats = np.log(found)
    return logs
