"""A chain of hidden states as a small automaton, and one pass of Baum-Welch over a text.

After a token is written, the next state comes either from the state that wrote it (share 1 - r_x) or from the token
alone (share r_x): r = 0 is a hidden Markov model, r = 1 a Markov chain over classes of tokens. The end of a document
has r = 1, so that every document starts alike and the corpus is one text.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled

Tokens = npt.NDArray[np.int64]


class HiddenChain(NamedTuple):
    """A weighted automaton in factors: A_ij(x) = E_xj ((1 - r_x) M_ji + r_x R_xi) and out(x) = E_x.

    Before token x_t the chain is in state j with probability s_j; it writes x with E_xj and goes on to i.
    """

    emissions: Floats
    """E: probability of each token by state, columns sum to 1, shape [vocabulary, num_states]."""
    transitions: Floats
    """M: probability of each next state by state, rows sum to 1, shape [num_states, num_states]."""
    resets: Floats
    """R: probability of each next state by token, rows sum to 1, shape [vocabulary, num_states]."""
    reset_shares: Floats
    """r: how often the token alone decides, in [0, 1], shape [vocabulary]."""


class Tally(NamedTuple):
    """Expected counts of the hidden choices, for one text or several. Shapes as in HiddenChain."""

    emissions: Floats
    transitions: Floats
    """From `tally_text` still without the factor M, which is the same for all."""
    resets: Floats
    tokens: Floats
    """How often each token stands, shape [vocabulary]."""


def empty_tally(vocabulary_size: int, num_states: int) -> Tally:
    """No counts yet."""
    return Tally(
        np.zeros((vocabulary_size, num_states)),
        np.zeros((num_states, num_states)),
        np.zeros((vocabulary_size, num_states)),
        np.zeros(vocabulary_size),
    )


def dense_tensor(chain: HiddenChain, tokens: Tokens) -> Floats:
    """The transition matrices A(x) of some tokens, A_ij from state j to i, shape [num_tokens, num_states, num_states].

    Args:
        tokens: x, shape [num_tokens].
    """
    shares = chain.reset_shares[tokens, None, None]
    moves = (1 - shares) * chain.transitions.T + shares * chain.resets[tokens, :, None]
    dense: Floats = moves * chain.emissions[tokens, None, :]
    return dense


@compiled
def add_rows(rows: Floats, weights: Floats, out: Floats) -> None:
    """Adds sum_j weights_j rows_j in the order of j; four at a time, since `out` is then read and written less often.

    Args:
        rows: shape [num_rows, num_columns].
        weights: shape [num_rows].
        out: shape [num_columns].
    """
    j = 0
    while j + 4 <= weights.size:
        w0, w1, w2, w3 = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        r0, r1, r2, r3 = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
        for i in range(out.size):
            out[i] = (((out[i] + r0[i] * w0) + r1[i] * w1) + r2[i] * w2) + r3[i] * w3
        j += 4
    while j < weights.size:
        weight, row = weights[j], rows[j]
        for i in range(out.size):
            out[i] += row[i] * weight
        j += 1


@compiled
def step(chain: HiddenChain, state: Floats, token: int, written: Floats) -> float:
    """Moves the state past a token; returns the token's probability.

    Args:
        state: distribution over states, changed in place, shape [num_states].
        written: becomes the distribution over the states that wrote the token, shape [num_states].
    """
    emission, probability = chain.emissions[token], 0.0
    for j in range(state.size):
        written[j] = emission[j] * state[j]
        probability += written[j]
    share = chain.reset_shares[token]
    reset, total = chain.resets[token], 0.0
    for i in range(state.size):
        state[i] = share * reset[i]
    if share < 1.0:
        add_rows(chain.transitions, (1.0 - share) * written / probability, state)
    for i in range(state.size):
        total += state[i]
    for i in range(state.size):
        written[i] /= probability
        state[i] /= total
    return probability


@compiled
def tally_text(chain: HiddenChain, tokens: Tokens, state: Floats, tally: Tally) -> float:
    """Adds the expected counts of one text to the tally; returns the text's log-probability in nats.

    Args:
        tokens: shape [num_tokens].
        state: distribution over states before the text; becomes the one after it.
    Source: Baum et al. 1970; Rabiner 1989, "A tutorial on hidden Markov models", eqs. 19-40 with scaling.
    Differs: the next state may come from the token alone.
    """
    size = state.size
    written, probabilities, log_probability = np.empty((tokens.size, size)), np.empty(tokens.size), 0.0
    for t in range(tokens.size):
        probabilities[t] = step(chain, state, tokens[t], written[t])
        log_probability += np.log(probabilities[t])
    backward, ahead, columns = np.ones(size), np.empty(size), chain.transitions.T.copy()
    before = np.empty(size)
    for t in range(tokens.size - 1, -1, -1):
        token = tokens[t]
        share, reset, now = chain.reset_shares[token], chain.resets[token], written[t]
        kept, by_token = 1.0 - share, 0.0
        for i in range(size):
            by_token += reset[i] * backward[i]
            tally.resets[token, i] += share * reset[i] * backward[i]
        for j in range(size):
            ahead[j] = share * by_token
        if kept > 0.0:
            for i in range(size):
                weight, column = kept * backward[i], columns[i]
                for j in range(size):
                    ahead[j] += weight * column[j]
            for j in range(size):
                weight, row = kept * now[j], tally.transitions[j]
                for i in range(size):
                    row[i] += weight * backward[i]
        tally.tokens[token] += 1.0
        emission, counts, scale = chain.emissions[token], tally.emissions[token], 0.0
        for j in range(size):
            share_of_state = now[j] * ahead[j]
            counts[j] += share_of_state
            scale += share_of_state
            before[j] = emission[j] * ahead[j] / probabilities[t]
        for j in range(size):
            backward[j] = before[j] / scale
    return log_probability
