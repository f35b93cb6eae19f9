"""The kernels of the infinigram: from the groups of suffixes of a context to the distribution after it."""

import math
from typing import NamedTuple

import numpy as np

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query, narrow
from byheart.index.sorted_text import SortedText
from byheart.memorizers.base_distribution import Base
from byheart.memorizers.continuations import Memo, Node, follow, recall
from byheart.memorizers.dense_row import fill_probabilities
from byheart.memorizers.memorizer import NUM_STATISTICS
from byheart.memorizers.sparse_row import Row, add, fill, statistics
from byheart.memorizers.suffix_chain import Chain, advance, finish_advance, keep

_NEGLIGIBLE_WEIGHT = 1e-200
"""In long runs of one token hundreds of suffixes differ in their counts; their weights' product would underflow."""
_NEGLIGIBLE_SHARE = 1e-17
"""Of a probability: what is left below it changes no bit."""


class Store(NamedTuple):
    """Everything that the kernels read and their working memory."""

    corpus: SortedText
    memo: Memo
    base: Base
    row: Row
    discounts: Floats
    """By suffix length in symbols, the last for all longer ones, and by count (1, 2, more); shape [num_lengths, 3]."""


@compiled
def kept_weight(discounts: Floats, node: Node) -> float:
    """The part of a node's counts that is given to shorter suffixes."""
    return (discounts[0] * node.once + discounts[1] * node.twice + discounts[2] * node.more) / node.total


@compiled
def gather(store: Store, chain: Chain, end_id: int) -> float:
    """Adds the discounted continuations of every group of suffixes to the row; returns the weight left for the base."""
    weight, memo = 1.0, store.memo
    for i in range(chain.state[0]):
        if weight < _NEGLIGIBLE_WEIGHT:
            break
        length = chain.state[1] - chain.starts[i]
        discounts = store.discounts[min(length, store.discounts.shape[0] - 1)]
        node = recall(store.corpus, memo, chain.lows[i], chain.highs[i], length, end_id)
        share = weight / node.total
        for child in range(node.offset, node.offset + node.size):
            count = memo.counts[child]
            if count:
                token = memo.symbols[child] if memo.symbols[child] >= 0 else end_id
                add(store.row, token, share * (count - discounts[min(count, 3) - 1]))
        weight *= kept_weight(discounts, node)
    return weight


@compiled
def step(store: Store, chain: Chain, symbol: int, token: int, end_id: int) -> float:
    """The probability of the token after the context, to which its symbol is appended.

    As `gather` and `advance` together, but of all continuations only the one that comes is looked for, and once.
    """
    corpus, position, kept, num_long = store.corpus, chain.state[1], 0, 0
    weight, probability = 1.0, 0.0
    for i in range(chain.state[0]):
        start, low, high = chain.starts[i], chain.lows[i], chain.highs[i]
        length = position - start
        discounts = store.discounts[min(length, store.discounts.shape[0] - 1)]
        if weight < max(_NEGLIGIBLE_WEIGHT, _NEGLIGIBLE_SHARE * probability):
            low, high = narrow(corpus, low, high, length, symbol)
        elif high - low == 1:
            found = int(corpus.text[corpus.suffix_array[low] + length])
            if found == symbol or (token == end_id and found == int(corpus.text[-1])):
                probability += weight * (1.0 - discounts[0])
            weight *= discounts[0]
            high = low + (found == symbol)
        else:
            node = recall(corpus, store.memo, low, high, length, end_id)
            first, stop, count = follow(store.memo, node, symbol, token, end_id)
            if count:
                probability += weight * (count - discounts[min(count, 3) - 1]) / node.total
            weight *= kept_weight(discounts, node)
            low, high = low + first, low + stop
        kept = keep(chain, kept, start, low, high)
        if i < chain.state[2]:
            num_long = kept
    finish_advance(corpus, chain, symbol, kept, num_long)
    return probability + weight * store.base.probabilities[token]


@compiled
def log_probabilities(store: Store, chain: Chain, symbols: Query, tokens: Query, end_id: int) -> Floats:
    """nats; of every token of a text."""
    out = np.empty(tokens.size)
    for position in range(tokens.size):
        out[position] = min(math.log(step(store, chain, symbols[position], tokens[position], end_id)), 0.0)
    return out


@compiled
def read(store: Store, chain: Chain, symbols: Query) -> None:
    """Appends symbols to the context."""
    for symbol in symbols:
        advance(store.corpus, chain, symbol)


@compiled
def write(store: Store, chain: Chain, end_id: int, out: Floats) -> None:
    """Writes the distribution after the context."""
    fill(store.base, store.row, gather(store, chain, end_id), out)


@compiled
def write_rows(store: Store, chain: Chain, symbols: Query, end_id: int, out: Floats) -> None:
    """Writes the distribution before each symbol, and after the last if `out` has a row more."""
    for position in range(out.shape[0]):
        fill_probabilities(store.base, store.row, gather(store, chain, end_id), out[position])
        if position < symbols.size:
            advance(store.corpus, chain, symbols[position])


@compiled
def score_text(store: Store, chain: Chain, symbols: Query, tokens: Query, end_id: int) -> Floats:
    """Statistics of every token of a text."""
    out = np.zeros((tokens.size, NUM_STATISTICS))
    for position in range(tokens.size):
        statistics(store.base, store.row, gather(store, chain, end_id), tokens[position], out[position])
        advance(store.corpus, chain, symbols[position])
    return out
