"""The kernels of the infinigram: from the groups of suffixes of a context to the distribution after it."""

import math
from typing import NamedTuple

import numpy as np

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query, narrow
from byheart.index.sorted_text import SortedText
from byheart.memorizers.base_distribution import Base
from byheart.memorizers.continuations import Memo, expand, find_slot, follow, interval_key, read_slot, recall
from byheart.memorizers.dense_row import fill_probabilities
from byheart.memorizers.memorizer import NUM_STATISTICS
from byheart.memorizers.sparse_row import Row, add, fill, statistics
from byheart.memorizers.suffix_chain import Chain, advance, keep, settle

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
        weight *= (discounts[0] * node.once + discounts[1] * node.twice + discounts[2] * node.more) / node.total
    return weight


@compiled
def log_probabilities(store: Store, chain: Chain, symbols: Query, tokens: Query, end_id: int) -> Floats:
    """nats; of every token of a text.

    As `gather` and `advance` together, but of all continuations only the one that comes is looked for, and once. One
    loop over single arrays: an array that is passed on in a tuple costs as much as a read of memory, to count who holds
    it.
    """
    corpus, memo, discounts, base = store.corpus, store.memo, store.discounts, store.base.probabilities
    text, order, first_symbol, separator = corpus.text, corpus.suffix_array, corpus.first_symbol, int(corpus.text[-1])
    starts, lows, highs, state = chain.starts, chain.lows, chain.highs, chain.state
    out, slots = np.empty(tokens.size), memo.slots
    for i in range(tokens.size):
        symbol, token, position = symbols[i], tokens[i], state[1]
        weight, probability, kept, num_long = 1.0, 0.0, 0, 0
        for group in range(state[0]):
            start, low, high = starts[group], lows[group], highs[group]
            length = position - start
            row = min(length, discounts.shape[0] - 1)
            d1, d2, d3 = discounts[row, 0], discounts[row, 1], discounts[row, 2]
            if weight < max(_NEGLIGIBLE_WEIGHT, _NEGLIGIBLE_SHARE * probability):
                low, high = narrow(corpus, low, high, length, symbol)
            elif high - low == 1:
                found = int(text[order[low] + length])
                if found == symbol or (token == end_id and found == separator):
                    probability += weight * (1.0 - d1)
                weight *= d1
                high = low + (found == symbol)
            else:
                key = interval_key(low, high, length)
                place = find_slot(slots, key) if key else 0
                if key == 0:
                    node = expand(corpus, memo, low, high, length, end_id)
                elif slots[place] == 0:
                    node = recall(corpus, memo, low, high, length, end_id)
                else:
                    node = read_slot(slots, place)
                first, stop, count = follow(memo, node, symbol, token, end_id)
                if count:
                    probability += weight * (count - discounts[row, min(count, 3) - 1]) / node.total
                weight *= (d1 * node.once + d2 * node.twice + d3 * node.more) / node.total
                low, high = low + first, low + stop
            kept = keep(starts, lows, highs, kept, start, low, high)
            if group < state[2]:
                num_long = kept
        if 0 <= symbol < first_symbol.size - 1:
            kept = keep(starts, lows, highs, kept, position, first_symbol[symbol], first_symbol[symbol + 1])
        chain.symbols[position] = symbol
        state[0], state[1], state[2] = kept, position + 1, num_long
        settle(corpus, chain)
        out[i] = min(math.log(probability + weight * base[token]), 0.0)
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
