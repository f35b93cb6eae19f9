"""Which rule answers after a context, and what it says of the next token."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray
from byheart.index.searching.search import Query
from byheart.memorizers.base_distribution import Base
from byheart.memorizers.dense_row import fill_probabilities
from byheart.memorizers.memorizer import NUM_STATISTICS
from byheart.memorizers.rules import Rules, find, literal_key
from byheart.memorizers.sparse_row import Row, add, fill, statistics

PRIOR_SUPPORT = 8.0
"""Occurrences; a rule with as many is believed half, the other half is the uniform distribution."""


class Store(NamedTuple):
    """Everything that the kernels read and their working memory."""

    text: SymbolArray
    rules: Rules
    masks_in_use: npt.NDArray[np.bool_]
    """Whether any rule has the mask, shape [2^window]."""
    base: Base
    row: Row
    keys: npt.NDArray[np.int64]
    """Keys of the context's literals by mask, shape [2^window]."""


@compiled
def firing_rule(store: Store, symbols: Query, stop: int) -> int:
    """The strongest rule whose literals hold before symbols[stop], or -1: rules are sorted by falling strength."""
    best, num_masks, offset = -1, 1, 1
    store.keys[0] = 0
    while num_masks < store.keys.size and offset <= stop:
        key = literal_key(offset, symbols[stop - offset])
        for mask in range(num_masks):
            store.keys[num_masks | mask] = store.keys[mask] ^ key
        num_masks <<= 1
        offset += 1
    for mask in range(1, num_masks):
        if store.masks_in_use[mask]:
            rule = find(store.rules, store.text, mask, store.keys[mask], symbols, stop)
            if rule >= 0 and (best < 0 or rule < best):
                best = rule
    return best


@compiled
def gather(store: Store, symbols: Query, stop: int) -> float:
    """Adds what the strongest firing rule says to the row; returns the uniform's weight."""
    rule, size = firing_rule(store, symbols, stop), store.base.probabilities.size
    if rule < 0 or size == 1:
        return 1.0
    hits, support = store.rules.hits[rule], store.rules.supports[rule]
    confidence = (hits + PRIOR_SUPPORT / size) / (support + PRIOR_SUPPORT)
    others = (1.0 - confidence) / (size - 1)
    add(store.row, store.rules.outputs[rule], confidence - others)
    return others * size


@compiled
def write(store: Store, symbols: Query, out: Floats) -> None:
    """Writes the distribution after all the symbols."""
    fill(store.base, store.row, gather(store, symbols, symbols.size), out)


@compiled
def write_rows(store: Store, symbols: Query, start: int, out: Floats) -> None:
    """Writes the distributions before the symbols from `start` on, as many as `out` has rows."""
    for row in range(out.shape[0]):
        fill_probabilities(store.base, store.row, gather(store, symbols, start + row), out[row])


@compiled
def score_text(store: Store, symbols: Query, tokens: Query) -> Floats:
    """Statistics of every token of a text."""
    out = np.zeros((tokens.size, NUM_STATISTICS))
    for position in range(tokens.size):
        statistics(store.base, store.row, gather(store, symbols, position), tokens[position], out[position])
    return out


@compiled
def firing_rules(store: Store, symbols: Query) -> npt.NDArray[np.int64]:
    """The strongest firing rule before every symbol, -1 for none, shape [num_symbols]."""
    found = np.empty(symbols.size, dtype=np.int64)
    for position in range(symbols.size):
        found[position] = firing_rule(store, symbols, position)
    return found
