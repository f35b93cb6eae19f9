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
from byheart.memorizers.rules import Rules, filter_bits, find, is_rule, literal_key, slot_tag
from byheart.memorizers.sparse_row import Row, add, fill, statistics

PRIOR_SUPPORT = 8.0
"""Occurrences; a rule with as many is believed half, the other half is the uniform distribution."""


LANES = 16
"""Positions that are looked up together, so that their far reads overlap."""


class Sieve(NamedTuple):
    """Working memory of the look-ups."""

    keys: npt.NDArray[np.int64]
    """Keys of one context's literals by mask, shape [2^window]."""
    open_keys: npt.NDArray[np.int64]
    """Of each lane, those that the filter lets pass, shape [LANES, 2^window]."""
    open_masks: npt.NDArray[np.int64]
    """Their masks, same shape."""
    num_open: npt.NDArray[np.int64]
    """How many those are, shape [LANES]."""
    best_masks: npt.NDArray[np.int64]
    """The mask of the strongest rule with a right tag, shape [LANES]."""


def empty_sieve(window_tokens: int) -> Sieve:
    """Working memory for contexts of so many tokens."""
    keys = np.empty(1 << window_tokens, dtype=np.int64)
    open_keys, open_masks = np.empty((2, LANES, keys.size), dtype=np.int64)
    return Sieve(keys, open_keys, open_masks, *np.empty((2, LANES), dtype=np.int64))


class Store(NamedTuple):
    """Everything that the kernels read and their working memory."""

    text: SymbolArray
    rules: Rules
    base: Base
    row: Row
    sieve: Sieve


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
def sieve_masks(rules: Rules, sieve: Sieve, symbols: Query, first: int, num_lanes: int) -> None:
    """Lists the masks before each lane's position that the filter lets pass, and asks for their slots."""
    filter_words, slots, last = rules.filter, rules.slots, rules.slots.size - 1
    for lane in range(num_lanes):
        num_masks, num_open = fill_keys(sieve.keys, symbols, first + lane), 0
        for mask in range(1, num_masks):
            key = sieve.keys[mask]
            word, bits = filter_bits(filter_words.size, key)
            sieve.open_keys[lane, num_open], sieve.open_masks[lane, num_open] = key, mask
            num_open += filter_words[word] & bits == bits
        for i in range(num_open):
            prefetch(slots, sieve.open_keys[lane, i] & last)
        sieve.num_open[lane] = num_open


@compiled
def find_tags(rules: Rules, sieve: Sieve, found: npt.NDArray[np.int64]) -> None:
    """For each lane the strongest rule whose tag an open key has, or -1; its literals are not compared yet."""
    slots, last = rules.slots, rules.slots.size - 1
    for lane in range(found.size):
        best = -1
        for i in range(sieve.num_open[lane]):
            key = sieve.open_keys[lane, i]
            slot, tag = key & last, slot_tag(key)
            while slots[slot] != -1:
                entry = slots[slot]
                rule = entry & 0xFFFFFFFF
                if entry >> 32 == tag and (best < 0 or rule < best):
                    best, sieve.best_masks[lane] = rule, sieve.open_masks[lane, i]
                slot = (slot + 1) & last
        if best >= 0:
            prefetch(rules.masks, best)
            prefetch(rules.places, best)
            prefetch(rules.outputs, best)
            prefetch(rules.hits, best)
            prefetch(rules.supports, best)
        found[lane] = best


@compiled
def strongest_rule(store: Store, lane: int, symbols: Query, stop: int) -> int:
    """The lane's strongest rule where another pattern had its tag: the literals of all are compared."""
    best = -1
    for i in range(store.sieve.num_open[lane]):
        key, mask = store.sieve.open_keys[lane, i], store.sieve.open_masks[lane, i]
        rule = find(store.rules, store.text, mask, key, symbols, stop)
        if rule >= 0 and (best < 0 or rule < best):
            best = rule
    return best


@compiled
def fire(store: Store, symbols: Query, first: int, found: npt.NDArray[np.int64]) -> None:
    """Finds the strongest rules whose literals hold: rules are sorted by falling strength.

    Args:
        store: the rules.
        symbols: a text.
        first: position in it.
        found: become the rules before the positions first, first + 1, ..., -1 for none, at most LANES of them.
    """
    rules, sieve = store.rules, store.sieve
    sieve_masks(rules, sieve, symbols, first, found.size)
    find_tags(rules, sieve, found)
    for lane in range(found.size):
        if found[lane] >= 0:
            prefetch(store.text, rules.places[found[lane]] - 1)
    for lane in range(found.size):
        rule, stop = found[lane], first + lane
        if rule >= 0 and not is_rule(rules, store.text, rule, sieve.best_masks[lane], symbols, stop):
            found[lane] = strongest_rule(store, lane, symbols, stop)


@compiled
def firing_rules(store: Store, symbols: Query, start: int, size: int) -> npt.NDArray[np.int64]:
    """The strongest firing rule before each of `size` positions from `start` on, -1 for none, shape [size]."""
    found = np.empty(size, dtype=np.int64)
    for first in range(0, size, LANES):
        fire(store, symbols, start + first, found[first : first + LANES])
    return found


@compiled
def trust(rules: Rules, rule: int, vocabulary_size: int) -> float:
    """`boolean.expected_confidence` of a rule."""
    return (rules.hits[rule] + PRIOR_SUPPORT / vocabulary_size) / (rules.supports[rule] + PRIOR_SUPPORT)


@compiled
def gather(store: Store, rule: int) -> float:
    """Adds what a rule says to the row, nothing for -1; returns the uniform's weight."""
    size = store.base.probabilities.size
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
    found = np.empty(LANES, dtype=np.int64)
    for first in range(0, tokens.size, LANES):
        stop = min(first + LANES, tokens.size)
        fire(store, symbols, first, found[: stop - first])
        for position in range(first, stop):
            rule, probability = found[position - first], 1.0 / size
            if rule >= 0:
                confidence = trust(store.rules, rule, size)
                is_hit = store.rules.outputs[rule] == tokens[position]
                probability = confidence if is_hit else (1.0 - confidence) / (size - 1)
            out[position] = math.log(probability)
    return out


@compiled
def write(store: Store, symbols: Query, out: Floats) -> None:
    """Writes the distribution after all the symbols."""
    fill(store.base, store.row, gather(store, firing_rules(store, symbols, symbols.size, 1)[0]), out)


@compiled
def write_rows(store: Store, symbols: Query, start: int, out: Floats) -> None:
    """Writes the distributions before the symbols from `start` on, as many as `out` has rows."""
    found = firing_rules(store, symbols, start, out.shape[0])
    for row in range(found.size):
        fill_probabilities(store.base, store.row, gather(store, found[row]), out[row])


@compiled
def score_text(store: Store, symbols: Query, tokens: Query) -> Floats:
    """Statistics of every token of a text."""
    out = np.zeros((tokens.size, NUM_STATISTICS))
    found = firing_rules(store, symbols, 0, tokens.size)
    for position in range(tokens.size):
        statistics(store.base, store.row, gather(store, found[position]), tokens[position], out[position])
    return out
