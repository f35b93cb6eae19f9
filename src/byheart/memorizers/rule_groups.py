"""The kernels of rule mining: all places whose symbols agree at the offsets of one mask, and what follows them.

Places are cut into parts by their keys, so that a part's hash table stays in the cache; equal literals fall into the
same part. Two places share a group only if the text agrees, whatever their keys are.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray
from byheart.memorizers.rules import Rules, Thresholds, find, pattern_key, same_literals

Bits = npt.NDArray[np.int64]
"""A set of places of the text: bit p & 63 of word p >> 6."""


class Parts(NamedTuple):
    """Places sorted into parts."""

    starts: npt.NDArray[np.int64]
    """Where each part starts, and the end of the last, shape [num_parts + 1]."""
    places: npt.NDArray[np.int32]
    """Ascending within each part, shape [num_places]."""
    keys: npt.NDArray[np.int64]
    """The `pattern_key` of each place, shape [num_places]."""


Columns = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""Places, outputs, hits and supports of rules of one mask."""


@compiled
def places_with_past(text: SymbolArray, num_symbols: int) -> Bits:
    """Places with at least so many symbols between them and the start of their document; ends are places too."""
    bits = np.zeros((text.size + 63) >> 6, dtype=np.int64)
    separator, start = text[text.size - 1], 0
    for place in range(1, text.size):
        if text[place - 1] == separator:
            start = place
        if place - start >= num_symbols:
            bits[place >> 6] |= 1 << (place & 63)
    return bits


@compiled
def count_parts(text: SymbolArray, bits: Bits, mask: int, shift: int, num_parts: int) -> npt.NDArray[np.int64]:
    """Where each part starts when places are sorted by part, shape [num_parts + 1]."""
    starts = np.zeros(num_parts + 1, dtype=np.int64)
    for word in range(bits.size):
        rest = bits[word]
        for bit in range(64 if rest else 0):
            if (rest >> bit) & 1:
                part = (pattern_key(text, (word << 6) | bit, mask) >> shift) & (num_parts - 1)
                starts[part + 1] += 1
    for part in range(num_parts):
        starts[part + 1] += starts[part]
    return starts


@compiled
def sort_parts(
    text: SymbolArray, bits: Bits, mask: int, shift: int, starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Places and their keys, part by part, ascending within each."""
    places, keys = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int64)
    free, num_parts = starts.copy(), starts.size - 1
    for word in range(bits.size):
        rest = bits[word]
        for bit in range(64 if rest else 0):
            if (rest >> bit) & 1:
                place = (word << 6) | bit
                key = pattern_key(text, place, mask)
                part = (key >> shift) & (num_parts - 1)
                places[free[part]], keys[free[part]] = place, key
                free[part] += 1
    return places, keys


@compiled
def group(
    text: SymbolArray,
    mask: int,
    parts: Parts,
    end_id: int,
    thresholds: Thresholds,
    open_bits: Bits,
    out: Columns,
) -> int:
    """Writes the candidate rules of a mask and marks the places that longer masks must look at; returns how many.

    Args:
        open_bits: receives the places of groups with enough support and more than one continuation.
        out: room for a rule per `min_support` places.
    """
    starts, places, keys = parts
    min_support, min_confidence = thresholds.min_support, thresholds.min_confidence
    largest, num_rules, separator = 1, 0, text[text.size - 1]
    for part in range(starts.size - 1):
        largest = max(largest, starts[part + 1] - starts[part])
    room = 2
    while room < 2 * largest:
        room <<= 1
    slots, group_of = np.empty(room, np.int32), np.empty(largest, np.int32)
    firsts, supports, votes = np.empty(largest, np.int32), np.empty(largest, np.int32), np.empty(largest, np.int32)
    outputs = np.empty(largest, np.int32)
    for part in range(starts.size - 1):
        start, size = starts[part], starts[part + 1] - starts[part]
        last, num_groups = 1, 0
        while last < 2 * size:
            last <<= 1
        slots[:last] = -1
        last -= 1
        for i in range(size):
            place, key = places[start + i], keys[start + i]
            slot = key & last
            while slots[slot] != -1:
                first = firsts[slots[slot]]
                if keys[start + first] == key:
                    if same_literals(text, places[start + first], text, place, mask):
                        break
                slot = (slot + 1) & last
            if slots[slot] == -1:
                slots[slot] = num_groups
                firsts[num_groups], supports[num_groups], votes[num_groups] = i, 0, 0
                num_groups += 1
            g = slots[slot]
            group_of[i] = g
            supports[g] += 1
            output = end_id if text[place] == separator else text[place]
            # A continuation with more than half of the places survives the vote (Boyer and Moore 1981).
            if votes[g] == 0:
                outputs[g], votes[g] = output, 1
            else:
                votes[g] += 1 if outputs[g] == output else -1
        votes[:num_groups] = 0
        for i in range(size):
            symbol = text[places[start + i]]
            output = end_id if symbol == separator else symbol
            votes[group_of[i]] += 1 if output == outputs[group_of[i]] else 0
        for g in range(num_groups):
            if supports[g] >= min_support and votes[g] / supports[g] >= min_confidence:
                out[0][num_rules], out[1][num_rules] = places[start + firsts[g]], outputs[g]
                out[2][num_rules], out[3][num_rules] = votes[g], supports[g]
                num_rules += 1
        for i in range(size):
            g = group_of[i]
            if supports[g] >= min_support and votes[g] < supports[g]:
                place = places[start + i]
                open_bits[place >> 6] |= 1 << (place & 63)
    return num_rules


@compiled
def keep_unimplied(rules: Rules, text: SymbolArray, mask: int, candidates: Columns, num_candidates: int) -> int:
    """Moves the candidates that no shorter rule implies to the front; returns how many they are."""
    places, outputs, hits, supports = candidates
    kept = 0
    for i in range(num_candidates):
        place, implied = places[i], False
        part = (mask - 1) & mask
        while part and not implied:
            rule = find(rules, text, part, pattern_key(text, place, part), text, place)
            if rule >= 0 and rules.outputs[rule] == outputs[i]:
                implied = rules.hits[rule] * supports[i] >= hits[i] * rules.supports[rule]
            part = (part - 1) & mask
        if not implied:
            places[kept], outputs[kept], hits[kept], supports[kept] = places[i], outputs[i], hits[i], supports[i]
            kept += 1
    return kept
