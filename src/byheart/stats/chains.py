"""Markov chains that exist in one sequence only, and what predicts them from that sequence alone.

Shape legend: N sequences, T tokens, k symbols; a row is a distribution over the k symbols.
"""

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats

Symbols = npt.NDArray[np.int64]
"""Numbers 0..k-1, shape [N, T]."""


def draw_chains(num_chains: int, num_symbols: int, *, rng: np.random.Generator) -> Floats:
    """Transition probabilities of chains that share nothing, shape [N, k, k].

    Definition:
        each row ~ Dirichlet(1, ..., 1): uniform over all distributions
    Args:
        num_chains: N.
        num_symbols: k >= 2.
        rng: draws the rows.
    Source: Edelman et al. 2024, "The Evolution of Statistical Induction Heads" (2402.11004), section 2.
    Differs: nothing.
    """
    rows: Floats = rng.dirichlet(np.ones(num_symbols), size=(num_chains, num_symbols))
    return rows


def stationary(transitions: Floats) -> Floats:
    """The distribution that each chain keeps, shape [N, k].

    Definition:
        pi = pi P, sum pi = 1
    Args:
        transitions: P, shape [N, k, k], rows sum to 1.
    Source: definition.
    Differs: nothing.
    """
    k = transitions.shape[-1]
    # k - 1 of the k equations are independent; the last is that the shares sum to 1.
    system: Floats = np.swapaxes(transitions, -1, -2) - np.eye(k)
    system[..., -1, :] = 1.0
    right = np.zeros((*transitions.shape[:-2], k, 1))
    right[..., -1, :] = 1.0
    shares: Floats = np.clip(np.linalg.solve(system, right)[..., 0], 0.0, 1.0).astype(np.float64)
    return shares


def walk(transitions: Floats, num_tokens: int, *, rng: np.random.Generator) -> Symbols:
    """A sequence of each chain, its first symbol from the distribution that the chain keeps.

    Args:
        transitions: shape [N, k, k].
        num_tokens: T >= 1.
        rng: draws the symbols.
    Returns:
        shape [N, T].
    """
    num, k, _ = transitions.shape
    uniform = rng.random((num, num_tokens))
    symbols = np.empty((num, num_tokens), dtype=np.int64)
    rows = stationary(transitions)
    for t in range(num_tokens):
        # The last border is 1 but for rounding, and no draw may fall beyond it.
        symbols[:, t] = np.minimum((np.cumsum(rows, axis=1) < uniform[:, t, None]).sum(axis=1), k - 1)
        rows = transitions[np.arange(num), symbols[:, t]]
    return symbols


def true_rows(transitions: Floats, symbols: Symbols) -> Floats:
    """What each token was drawn from, shape [N, T, k]."""
    rows = transitions[np.arange(symbols.shape[0])[:, None], symbols[:, :-1]]
    return np.concatenate([stationary(transitions)[:, None], rows], axis=1)


def counts_before(symbols: Symbols, num_symbols: int) -> Floats:
    """How often each symbol stands before each token, shape [N, T, k]."""
    seen = np.eye(num_symbols)[symbols]
    return np.cumsum(seen, axis=1) - seen


def unigram_rows(symbols: Symbols, num_symbols: int) -> Floats:
    """What the frequencies in the sequence so far predict, shape [N, T, k].

    Definition:
        P(x_t = j) = (c_j + 1) / (t + k), c_j how often j stands among the t tokens before
    Source: Edelman et al. 2024 (2402.11004), the unigram strategy.
    Differs: add-one counts, so that the first tokens have a distribution.
    """
    counts = counts_before(symbols, num_symbols) + 1.0
    return counts / counts.sum(axis=-1, keepdims=True)


def bayes_rows(symbols: Symbols, num_symbols: int) -> Floats:
    """What the best predictor of an unknown chain says, shape [N, T, k].

    Definition:
        P(x_t = j | x_{t-1} = i) = (c_ij + 1) / (c_i + k), c_ij how often j followed i before; uniform for t = 0
    Args:
        symbols: shape [N, T].
        num_symbols: k.
    Source: Edelman et al. 2024 (2402.11004): the posterior mean under rows ~ Dirichlet(1).
    Differs: what the first symbol tells of the chain is left out: it is drawn from the distribution that the chain
        keeps, which the posterior of the rows ignores.
    """
    num, num_tokens = symbols.shape
    pairs = np.eye(num_symbols**2)[symbols[:, :-1] * num_symbols + symbols[:, 1:]]
    # Of the pairs that end before the token: its own must not be counted.
    counts = (np.cumsum(pairs, axis=1) - pairs).reshape(num, num_tokens - 1, num_symbols, num_symbols)
    before = counts[np.arange(num)[:, None], np.arange(num_tokens - 1)[None], symbols[:, :-1]] + 1.0
    first = np.full((num, 1, num_symbols), 1.0 / num_symbols)
    return np.concatenate([first, before / before.sum(axis=-1, keepdims=True)], axis=1)


def static_rows(trained_on: Symbols, symbols: Symbols, num_symbols: int) -> Floats:
    """What fixed transition probabilities, the best for other sequences, say of these; shape [N, T, k].

    Definition:
        P(x_t = j | x_{t-1} = i) = (C_ij + 1) / (C_i + k), C counted over all sequences of `trained_on`; the first token
        likewise by the frequencies of first tokens
    Source: theory.md M3: p_ij are constants.
    Differs: add-one counts.
    """
    table, first = np.ones((num_symbols, num_symbols)), np.ones(num_symbols)
    np.add.at(table, (trained_on[:, :-1], trained_on[:, 1:]), 1.0)
    np.add.at(first, trained_on[:, 0], 1.0)
    rows = (table / table.sum(axis=1, keepdims=True))[symbols[:, :-1]]
    start = np.broadcast_to(first / first.sum(), (symbols.shape[0], 1, num_symbols))
    return np.concatenate([start, rows], axis=1)


def kl_nats(true: Floats, predicted: Floats) -> Floats:
    """How many nats a prediction loses against what the tokens are drawn from, shape [...].

    Definition:
        KL(p | q) = sum_j p_j (log p_j - log q_j), 0 log 0 = 0
    Args:
        true: p, shape [..., k].
        predicted: q, shape [..., k], positive where p is.
    Source: Kullback and Leibler 1951.
    Differs: nothing.
    """
    inside = true > 0
    ratio = np.log(np.where(inside, true, 1.0)) - np.log(np.where(inside, predicted, 1.0))
    found: Floats = np.maximum((true * ratio).sum(axis=-1), 0.0)
    return found


def log_of_realised_nats(rows: Floats, symbols: Symbols) -> Floats:
    """Log of what the rows give to the symbols that stand there, nats, shape [N, T]."""
    found: Floats = np.log(np.take_along_axis(rows, symbols[..., None], axis=-1)[..., 0])
    return found
