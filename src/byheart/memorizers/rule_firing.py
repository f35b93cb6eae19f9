"""Which rule answers after a context, and what it says of the next token."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray
from byheart.index.searching.prefetch import prefetch
from byheart.index.searching.search import Query
from byheart.memorizers.base_distribution import Base
from byheart.memorizers.dense_row import fill_probabilities
from byheart.memorizers.memorizer import NUM_STATISTICS
from byheart.memorizers.rules import Rules, filter_bit, find, is_rule, literal_key, slot_tag
from byheart.memorizers.sparse_row import Row, add, fill, statistics

PRIOR_SUPPORT = 8.0
"""Occurrences; a rule with as many is believed half, the other half is the uniform distribution."""


class Store(NamedTuple):
    """Everything that the kernels read and their working memory."""

    text: SymbolArray
    rules: Rules
    base: Base
    row: Row
    keys: npt.NDArray[np.int64]
    """Keys of the context's literals by mask, shape [2^window]."""
    sieved_masks: npt.NDArray[np.int64]
    """Masks that may have a rule, shape [2^window]."""


@compiled
def fill_keys(keys: npt.NDArray[np.int64], symbols: Query, stop: int) -> int:
    """Writes the keys of the literals before symbols[stop] by mask; returns how many masks the context reaches."""
    num_masks, offset = 1, 1
    keys[0] = 0
    while num_masks < keys.size and offset <= stop:
        key = literal_key(offset, symbols[stop - offset])
        for mask in range(num_masks):
            keys[num_masks | mask] = keys[mask] ^ key
        num_masks <<= 1
        offset += 1
    return num_masks


@compiled
def firing_rule(store: Store, symbols: Query, stop: int) -> int:
    """The strongest rule whose literals hold before symbols[stop], or -1: rules are sorted by falling strength.

    The masks are sieved through the filter first, then looked up together; literals are compared for the strongest.
    """
    rules, keys, sieved = store.rules, store.keys, store.sieved_masks
    num_masks, num_sieved = fill_keys(keys, symbols, stop), 0
    for mask in range(1, num_masks):
        word, bit = filter_bit(rules.filter.size, keys[mask])
        sieved[num_sieved] = mask
        num_sieved += rules.filter[word] & bit != 0
    last = rules.slots.size - 1
    for i in range(num_sieved):
        prefetch(rules.slots, keys[sieved[i]] & last)
    best, best_mask = -1, 0
    for i in range(num_sieved):
        key = keys[sieved[i]]
        slot, tag = key & last, slot_tag(key)
        while rules.slots[slot] != -1:
            entry = rules.slots[slot]
            rule = entry & 0xFFFFFFFF
            if entry >> 32 == tag and (best < 0 or rule < best):
                best, best_mask = rule, sieved[i]
            slot = (slot + 1) & last
    if best < 0 or is_rule(rules, store.text, best, best_mask, symbols, stop):
        return best
    return compared_rule(store, symbols, stop, num_masks)


@compiled
def compared_rule(store: Store, symbols: Query, stop: int, num_masks: int) -> int:
    """The same where another pattern's key had the strongest rule's tag: every rule's literals are compared."""
    best = -1
    for mask in range(1, num_masks):
        rule = find(store.rules, store.text, mask, store.keys[mask], symbols, stop)
        if rule >= 0 and (best < 0 or rule < best):
            best = rule
    return best


@compiled
def trust(rules: Rules, rule: int, vocabulary_size: int) -> float:
    """`boolean.expected_confidence` of a rule."""
    return (rules.hits[rule] + PRIOR_SUPPORT / vocabulary_size) / (rules.supports[rule] + PRIOR_SUPPORT)


@compiled
def gather(store: Store, symbols: Query, stop: int) -> float:
    """Adds what the strongest firing rule says to the row; returns the uniform's weight."""
    rule, size = firing_rule(store, symbols, stop), store.base.probabilities.size
    if rule < 0 or size == 1:
        return 1.0
    confidence = trust(store.rules, rule, size)
    others = (1.0 - confidence) / (size - 1)
    add(store.row, store.rules.outputs[rule], confidence - others)
    return others * size


@compiled
def log_probabilities(store: Store, symbols: Query, tokens: Query) -> Floats:
    """nats; of every token of a text, shape [num_tokens]."""
    out, size = np.zeros(tokens.size), store.base.probabilities.size
    if size == 1:
        return out
    for position in range(tokens.size):
        rule, probability = firing_rule(store, symbols, position), 1.0 / size
        if rule >= 0:
            confidence = trust(store.rules, rule, size)
            is_hit = store.rules.outputs[rule] == tokens[position]
            probability = confidence if is_hit else (1.0 - confidence) / (size - 1)
        out[position] = math.log(probability)
    return out


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
