"""M1 `automaton`: a finite automaton with weights, small and dense, its states learned from the corpus."""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from blake3 import blake3

from byheart.core.tokens import Floats, TokenIds
from byheart.errors import InputError
from byheart.index import Index
from byheart.index.compiled import compiled
from byheart.memorizers.baum_welch import corpus_tokens, learn_chain
from byheart.memorizers.dense_row import row_statistics, take_logs
from byheart.memorizers.hidden_chain import HiddenChain, Tokens, add_rows, dense_tensor, step
from byheart.memorizers.memorizer import NUM_STATISTICS, Matches, Memorizer
from byheart.memorizers.weighted_automaton import WeightedAutomaton

NUM_STATES = 64
FEWEST_PASSES, MOST_PASSES = 3, 10
MAX_TOKENS = 2_500_000
"""Learning reads at most so many, each FEWEST_PASSES times; fewer are read more often, up to MOST_PASSES."""


BLOCK_TOKENS, ROWS_AT_ONCE = 512, 32
"""So many tokens of 64 states stay in a processor's own cache while so many rows are written."""


class Store(NamedTuple):
    """What the kernels read, and their working memory."""

    chain: HiddenChain
    by_state: Floats
    """The chain's emissions, shape [num_blocks, num_states, BLOCK_TOKENS], padded with zeros."""
    written: Floats
    """Shape [num_states]."""
    probabilities: Floats
    """Distributions, shape [ROWS_AT_ONCE, vocabulary]."""
    logs: Floats
    """One of them in nats, shape [vocabulary]."""


@compiled
def fill_rows(by_state: Floats, states: Floats, rows: Floats) -> None:
    """Writes out(x)^T s for every token x and each state, shape [num_rows, vocabulary].

    A block of tokens is read once for all rows, which is what the time goes into; each sum has the order, so the bits,
    of `step`.
    """
    for block in range(by_state.shape[0]):
        start = block * BLOCK_TOKENS
        for position in range(rows.shape[0]):
            part = rows[position, start : start + BLOCK_TOKENS]
            part[:] = 0.0
            add_rows(by_state[block], states[position], part)


@compiled
def fill_logs(store: Store, state: Floats, logs: Floats) -> None:
    """Writes the logarithm of the distribution in nats to `logs`, shape [vocabulary]."""
    fill_rows(store.by_state, state.reshape(1, -1), store.probabilities[:1])
    take_logs(store.probabilities[0], logs)


@compiled
def write_rows(store: Store, state: Floats, tokens: Tokens, out: Floats) -> None:
    """Writes the distribution before each token, and after the last where `out` has a row more; moves the state."""
    states = np.empty((out.shape[0], state.size))
    for position in range(out.shape[0]):
        states[position] = state
        if position < tokens.size:
            step(store.chain, state, tokens[position], store.written)
    fill_rows(store.by_state, states, out)


@compiled
def score_text(store: Store, state: Floats, tokens: Tokens) -> Floats:
    """Statistics of every token of a text; moves the state past it."""
    out = np.zeros((tokens.size, NUM_STATISTICS))
    for start in range(0, tokens.size, ROWS_AT_ONCE):
        some = tokens[start : start + ROWS_AT_ONCE]
        write_rows(store, state, some, store.probabilities[: some.size])
        for position in range(some.size):
            take_logs(store.probabilities[position], store.logs)
            row_statistics(store.probabilities[position], store.logs, some[position], out[start + position])
    return out


@compiled
def read(store: Store, state: Floats, tokens: Tokens, out: Floats) -> None:
    """Moves the state past the tokens and writes their log-probabilities in nats, shape [num_tokens]."""
    for position in range(tokens.size):
        out[position] = min(math.log(step(store.chain, state, tokens[position], store.written)), 0.0)


def default_passes(num_tokens: int) -> int:
    """How often learning reads a corpus: a small one more often, for the time that a large one takes.

    Definition:
        FEWEST_PASSES MAX_TOKENS / num_tokens, between FEWEST_PASSES and MOST_PASSES
    Args:
        num_tokens: that are learned from, >= 0.
    """
    affordable = FEWEST_PASSES * MAX_TOKENS // max(num_tokens, 1)
    return min(max(affordable, FEWEST_PASSES), MOST_PASSES)


class Automaton(Memorizer):
    """A weighted finite automaton: one transition matrix for each token, and a state of a few numbers.

    Definition:
        s' = A(x) s / |A(x) s|, P(x) = out(x)^T s, s_0 the state after an end, |A(x) s| = out(x)^T s
        A_ij(x) = E_xj ((1 - r_x) M_ji + r_x R_xi), out_j(x) = E_xj, as `hidden_chain.HiddenChain` explains
    Args:
        index: the corpus; the states are learned from it when they are first asked for.
        vocabulary_size: token ids are 0..vocabulary_size-1.
        end_id: token for the end of a document.
        num_states: |Q|, >= 1.
        num_passes: of expectation and maximisation over the corpus, >= 0; by default `default_passes`.
        max_tokens: of the corpus are learned from, evenly by document, >= 1.
        chain: states that were learned before, instead of learning.
        name: how the report calls it.
    Raises:
        InputError: vocabulary, index and states do not fit, or a number is outside its range.
        CapabilityError: the index has several shards.
    Example:
        two states, tokens a b: state 1 writes a with 3/4, state 2 with 1/4; the state is always kept (r = 0, M = 1).
        From s = (1/2, 1/2) P(a) = 3/8 + 1/8 = 1/2. After a, s = (3/8, 1/8) / (1/2) = (3/4, 1/4), so that
        P(a after a) = 3/4 3/4 + 1/4 1/4 = 5/8.
    Cost: learning 2 to 3 microseconds a token and pass at 64 states, 16 s for 2.4 M tokens at a vocabulary of 4,096 on
        one core; scoring num_states x vocabulary a token (75 microseconds at these sizes), log-probabilities alone
        num_states^2 (0.6 microseconds). Stores num_states x (2 vocabulary + num_states) numbers.
    Source: theory.md M1; Baum et al. 1970; Saul and Pereira 1997 (cmp-lg/9706007).
    Differs: the tensor is kept in factors; `tensor` writes slices of it out. Spectral learning (`spectral`) is quicker
        and weaker: 2.30 bits per byte of unseen standard library text where this gives 2.05, with 64 states each.
    """

    def __init__(
        self,
        index: Index,
        *,
        vocabulary_size: int,
        end_id: int,
        num_states: int = NUM_STATES,
        num_passes: int | None = None,
        max_tokens: int = MAX_TOKENS,
        chain: HiddenChain | None = None,
        name: str = "memorizer:automaton",
    ) -> None:
        if num_states < 1 or (num_passes is not None and num_passes < 0) or max_tokens < 1:
            raise InputError(
                "An automaton needs a state and something to learn from.",
                why=f"num_states is {num_states}, num_passes {num_passes}, max_tokens {max_tokens}.",
                next_step="Choose at least 1 state, 0 passes and 1 token.",
            )
        if chain is not None and chain.emissions.shape[0] != vocabulary_size:
            raise InputError(
                "These states were learned for other tokens.",
                why=f"They write {chain.emissions.shape[0]} tokens, the vocabulary has {vocabulary_size}.",
                next_step="Pass a chain that was learned with this vocabulary.",
            )
        self._settings = (num_states, num_passes, max_tokens)
        self._given = chain
        super().__init__(index, vocabulary_size=vocabulary_size, end_id=end_id, name=name)
        self.size_bytes, self.index_bytes = sum(part.nbytes for part in self.chain), 0

    @cached_property
    def chain(self) -> HiddenChain:
        """The automaton in factors."""
        if self._given is not None:
            return self._given
        num_states, num_passes, max_tokens = self._settings
        tokens = corpus_tokens(self.index, end_id=self.end_id, max_tokens=max_tokens)
        return learn_chain(
            tokens,
            vocabulary_size=self.vocabulary_size,
            num_states=num_states,
            end_id=self.end_id,
            num_passes=default_passes(tokens.size) if num_passes is None else num_passes,
        )

    @cached_property
    def _store(self) -> Store:
        vocabulary, num_states = self.chain.emissions.shape
        num_blocks = -(-vocabulary // BLOCK_TOKENS)
        padded = np.zeros((num_blocks * BLOCK_TOKENS, num_states))
        padded[:vocabulary] = self.chain.emissions
        by_state = np.ascontiguousarray(padded.reshape(num_blocks, BLOCK_TOKENS, num_states).transpose(0, 2, 1))
        sizes = (num_states, (ROWS_AT_ONCE, vocabulary), vocabulary)
        return Store(self.chain, by_state, *(np.empty(size) for size in sizes))

    def parameters(self) -> dict[str, float | str | list[float]]:
        """A digest of the learned numbers: two machines may learn states that differ in their last bits."""
        digest = blake3()
        for part in self.chain:
            digest.update(np.ascontiguousarray(part).tobytes())
        return {"num_states": self.chain.transitions.shape[0], "chain": digest.hexdigest()}

    def start(self) -> Floats:
        """s_0, the state at the start of a document, shape [num_states]."""
        return self.chain.resets[self.end_id].copy()

    def tensor(self, token_ids: TokenIds) -> Floats:
        """The transition matrices of some tokens, A_ij from state j to i, shape [num_tokens, num_states, num_states].

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        self._check(token_ids)
        return dense_tensor(self.chain, token_ids.astype(np.int64))

    def written_out(self) -> WeightedAutomaton:
        """The whole tensor: 8 vocabulary num_states^2 bytes; it can be exported, composed and compared."""
        tokens = np.arange(self.vocabulary_size, dtype=np.int32)
        return WeightedAutomaton(self.start(), self.tensor(tokens), self.chain.emissions)

    def _log_probabilities(self, token_ids: TokenIds) -> Floats:
        out = np.empty(token_ids.size)
        read(self._store, self.start(), token_ids.astype(np.int64), out)
        return out

    def _statistics(self, token_ids: TokenIds) -> Floats:
        return self._statistics_after(token_ids, 0)

    def _statistics_after(self, token_ids: TokenIds, num_given: int) -> Floats:
        tokens, state = token_ids.astype(np.int64), self.start()
        read(self._store, state, tokens[:num_given], np.empty(num_given))
        return score_text(self._store, state, tokens[num_given:])

    def matches(self, token_ids: TokenIds) -> Matches:
        """A state rests on no part of the context in particular: zeros.

        Args:
            token_ids: shape [num_tokens].
        Raises:
            InputError: a token outside the vocabulary.
        """
        self._check(token_ids)
        return Matches(*np.zeros((2, token_ids.size), dtype=np.int64))

    def _walk(self, capacity_tokens: int) -> "_Walk":
        return _Walk(self)


class _Walk:
    """The state after a context."""

    def __init__(self, memorizer: Automaton) -> None:
        self._memorizer = memorizer
        self._state = memorizer.start()

    def read(self, token_ids: TokenIds) -> None:
        read(self._memorizer._store, self._state, token_ids.astype(np.int64), np.empty(token_ids.size))

    def write(self, out: Floats) -> None:
        fill_logs(self._memorizer._store, self._state, out)

    def write_rows(self, token_ids: TokenIds, out: Floats) -> None:
        write_rows(self._memorizer._store, self._state, token_ids.astype(np.int64), out)
