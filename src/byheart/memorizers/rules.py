"""Conjunctions of literals [x-j = v] that say what comes next, stored so that the ones that fire are found at once.

A rule does not store its literals: it stores a place of the corpus text where they hold. So a rule of any length takes
the same few bytes, and a look-up ends by comparing with the text, so that no collision of keys gives a wrong answer.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray

MAX_WINDOW_TOKENS = 7
"""Offsets 1..7: a mask of offsets fits a byte, offset j is bit j - 1."""


class Thresholds(NamedTuple):
    """Which patterns are rules."""

    min_support: int = 3
    """Occurrences, >= 1."""
    min_confidence: float = 0.51
    """Share of the most frequent continuation, in (0.5, 1]."""
    window_tokens: int = MAX_WINDOW_TOKENS
    """Largest offset of a literal, 1..MAX_WINDOW_TOKENS."""
    max_rules: int = 1 << 24
    """Bound of memory: the smallest support rises until so many rules suffice."""

    def faults(self) -> list[str]:
        """What is outside its range."""
        found = []
        if self.min_support < 1:
            found.append(f"min_support is {self.min_support}, below 1")
        if not 0.5 < self.min_confidence <= 1:
            found.append(f"min_confidence is {self.min_confidence}, not in (0.5, 1]")
        if not 1 <= self.window_tokens <= MAX_WINDOW_TOKENS:
            found.append(f"window_tokens is {self.window_tokens}, not in 1..{MAX_WINDOW_TOKENS}")
        if self.max_rules < 1:
            found.append(f"max_rules is {self.max_rules}, below 1")
        return found


class Rules(NamedTuple):
    """Rules in some order, and a hash table over them. Shapes [num_rules] where nothing else is said."""

    masks: npt.NDArray[np.uint8]
    """Which offsets have a literal."""
    places: npt.NDArray[np.int32]
    """A place p of the corpus text before which all literals hold: the literal of offset j is [x-j = text[p - j]]."""
    outputs: npt.NDArray[np.int32]
    """Token that the rule says."""
    hits: npt.NDArray[np.int32]
    """Occurrences of the literals that the output follows."""
    supports: npt.NDArray[np.int32]
    """Occurrences of the literals."""
    slots: npt.NDArray[np.int64]
    """Open addressing by `pattern_key`: 31 bits of the key, then the number of the rule; -1 is free. A power of two."""
    filter: npt.NDArray[np.int64]
    """8 to 16 bits a rule, of which `pattern_key` names two that are set: small enough for a cache, it answers for most
    patterns that are no rule. Shape [power of two]."""

    @property
    def num_rules(self) -> int:
        """How many there are."""
        return self.masks.size

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self)


@compiled
def literal_key(offset: int, symbol: int) -> int:
    """64 bits for [x-offset = symbol]."""
    key = (symbol + 1) * 0x1E3779B97F4A7C15 + offset * 0x3F58476D1CE4E5B9
    key ^= (key >> 31) & 0x1FFFFFFFF
    key *= 0x14D049BB133111EB
    return key ^ ((key >> 29) & 0x7FFFFFFFF)


@compiled
def pattern_key(text: SymbolArray, place: int, mask: int) -> int:
    """64 bits for the literals of these offsets that hold before the place: the exclusive or of theirs."""
    key, offset = 0, 1
    while mask:
        if mask & 1:
            key ^= literal_key(offset, text[place - offset])
        mask >>= 1
        offset += 1
    return key


@compiled
def same_literals(text: SymbolArray, place: int, other: SymbolArray, other_place: int, mask: int) -> bool:
    """Whether the symbols before two places agree at all offsets of the mask."""
    offset = 1
    while mask:
        if mask & 1 and text[place - offset] != other[other_place - offset]:
            return False
        mask >>= 1
        offset += 1
    return True


@compiled
def filter_bits(size: int, key: int) -> tuple[int, int]:
    """Where in a filter of that many words a key's two bits stand, and the bits."""
    return (key >> 9) & (size - 1), 1 << ((key >> 33) & 63) | 1 << ((key >> 39) & 63)


@compiled
def slot_tag(key: int) -> int:
    """The 31 bits of a key that its slot keeps."""
    return (key >> 33) & 0x7FFFFFFF


@compiled
def is_rule(rules: Rules, text: SymbolArray, rule: int, mask: int, symbols: SymbolArray, stop: int) -> bool:
    """Whether a rule's literals are the symbols before `stop` at the offsets of the mask."""
    return bool(rules.masks[rule] == mask and same_literals(text, rules.places[rule], symbols, stop, mask))


@compiled
def find(rules: Rules, text: SymbolArray, mask: int, key: int, symbols: SymbolArray, stop: int) -> int:
    """The rule whose literals are the symbols before `stop` at the offsets of the mask, or -1."""
    word, bits = filter_bits(rules.filter.size, key)
    if rules.filter[word] & bits != bits:
        return -1
    last = rules.slots.size - 1
    slot, tag = key & last, slot_tag(key)
    while rules.slots[slot] != -1:
        entry = rules.slots[slot]
        rule = entry & 0xFFFFFFFF
        if entry >> 32 == tag and is_rule(rules, text, rule, mask, symbols, stop):
            return rule
        slot = (slot + 1) & last
    return -1


@compiled
def _fill_slots(
    text: SymbolArray,
    masks: npt.NDArray[np.uint8],
    places: npt.NDArray[np.int32],
    slots: npt.NDArray[np.int64],
    filter_words: npt.NDArray[np.int64],
) -> None:
    last = slots.size - 1
    for rule in range(masks.size):
        key = pattern_key(text, places[rule], masks[rule])
        slot = key & last
        while slots[slot] != -1:
            slot = (slot + 1) & last
        slots[slot] = (slot_tag(key) << 32) | rule
        word, bits = filter_bits(filter_words.size, key)
        filter_words[word] |= bits


def make_rules(text: SymbolArray, columns: tuple[npt.NDArray[np.generic], ...]) -> Rules:
    """Rules with their hash table.

    Args:
        text: of the corpus.
        columns: masks, places, outputs, hits and supports, shape [num_rules] each; no two rules have equal literals.
    """
    masks = columns[0].astype(np.uint8)
    places, outputs, hits, supports = (column.astype(np.int32) for column in columns[1:])
    slots = np.full(1 << max(2 * masks.size, 1).bit_length(), -1, dtype=np.int64)
    filter_words = np.zeros(1 << max(masks.size // 8, 1).bit_length(), dtype=np.int64)
    _fill_slots(text, masks, places, slots, filter_words)
    return Rules(masks, places, outputs, hits, supports, slots, filter_words)
