"""The sample that induced sorting starts from, found in one walk and thrown into buckets in another.

A suffix is of type S when it is smaller than the suffix that starts one symbol later, of type L when it is larger. The
leftmost S of each run of S is sampled (LMS, at most every second position). The substring from one sampled position to
the next, both included, orders the sample up to ties.

Windows: a substring is compared by windows of some symbols, packed into one number. What lies past the substring's end
counts as the largest number a symbol's bits hold. That is exact: where one substring ends and another with the same
symbols goes on, the other is of type L there, thus smaller, and its next symbol is at most its last, which is not the
largest. The end of the text counts as zeros; the last sampled suffix, the only one that meets it, goes first among its
equals.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.cpython.unsafe import numbers

from byheart.index.compiled import compiled
from byheart.index.layout import SymbolArray

_trailing_zeros: Any = numbers.trailing_zeros
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
HEAD_BITS = 16
"""Leading bits of a first window: the bucket that its substring is thrown into."""
_WINDOW_BITS = 64
_LARGEST_WINDOW = 60
"""Symbols; one look at `sampled` tells of 64 positions."""


class Sample(NamedTuple):
    """What the kernels need to know of the sample."""

    text: SymbolArray
    """Shape [num_symbols]."""
    is_sampled: UInt64
    """One bit per position, the lowest of a word first, shape [num_symbols // 64 + 2]."""
    symbol_bits: int
    """Bits of the largest symbol."""
    first_window: int
    """Symbols in the first window of a substring: its head and a key of at most 64 bits."""
    later_window: int
    """Symbols in each later window, which has no head."""


def new_sample(text: SymbolArray, alphabet_size: int) -> Sample:
    """A sample yet to be found."""
    symbol_bits = max(1, (alphabet_size - 1).bit_length())
    return Sample(
        text,
        np.zeros(text.size // 64 + 2, dtype=np.uint64),
        symbol_bits,
        min((HEAD_BITS + _WINDOW_BITS) // symbol_bits, _LARGEST_WINDOW),
        min(_WINDOW_BITS // symbol_bits, _LARGEST_WINDOW),
    )


@compiled
def _is_s_type(text: SymbolArray, position: int) -> bool:
    while position + 1 < text.size and text[position] == text[position + 1]:
        position += 1
    return position + 1 < text.size and text[position] < text[position + 1]


@compiled
def _next_sampled(text: SymbolArray, position: int) -> int:
    """The first LMS position at or after one that is not 0; the size of the text if there is none."""
    falls = position < text.size and text[position - 1] > text[position]
    candidate = position
    while position + 1 < text.size:
        if text[position] < text[position + 1]:
            if falls:
                return candidate
        elif text[position] > text[position + 1]:
            falls, candidate = True, position + 1
        position += 1
    return text.size


@compiled
def count_sample(
    sample: Sample, start: int, stop: int, symbol_counts: Int32, sample_counts: Int32, head_counts: Int64
) -> None:
    """Finds the sampled positions of one block of the text.

    Afterwards their bits are set (start is a multiple of 64); symbol_counts[s], sample_counts[s] and head_counts[h]
    have grown by the number of symbols s, of sampled ones, and of substrings of bucket h. Symbols are not counted if
    symbol_counts is empty.
    """
    _walk(sample, start, stop, symbol_counts, sample_counts, head_counts, sample.is_sampled[:0], sample_counts[:0])


@compiled
def throw_sample(sample: Sample, start: int, stop: int, head_ends: Int64, keys: UInt64, positions: Int32) -> None:
    """Throws the sampled positions of one block, and the rest of their first windows, into their buckets.

    Afterwards head_ends[h] has moved down by the number of substrings thrown into bucket h.
    """
    _walk(sample, start, stop, positions[:0], positions[:0], head_ends, keys, positions)


@compiled
def _walk(
    sample: Sample,
    start: int,
    stop: int,
    symbol_counts: Int32,
    sample_counts: Int32,
    heads: Int64,
    keys: UInt64,
    positions: Int32,
) -> None:
    # One walk from right to left for both: the window moves with it, so that no symbol is read twice. It counts while
    # `keys` is empty and throws afterwards.
    text, is_sampled, window = sample.text, sample.is_sampled, sample.first_window
    throws = keys.size > 0
    bits = np.uint64(sample.symbol_bits)
    key_bits = np.uint64(window * sample.symbol_bits - HEAD_BITS)
    narrow = sample.symbol_bits <= HEAD_BITS
    up = np.uint64(HEAD_BITS - sample.symbol_bits if narrow else 0)
    down = np.uint64(0 if narrow else sample.symbol_bits - HEAD_BITS)
    one = np.uint64(1)
    head_mask = (one << np.uint64(min(sample.symbol_bits, HEAD_BITS))) - one
    low_mask = (one << down) - one
    low_shift = np.uint64(0) if narrow else key_bits - down
    carry_shift = key_bits - bits
    full_key = ~np.uint64(0) >> (np.uint64(64) - key_bits)
    end = text.size
    rising = False
    following = np.int64(-1)
    head = key = np.uint64(0)
    if stop < text.size:
        end = _next_sampled(text, stop)
        rising = _is_s_type(text, stop)
        following = np.int64(text[stop])
        for ahead in range(min(stop + window, text.size) - 1, stop - 1, -1):
            symbol = np.uint64(text[ahead])
            key = (key >> bits) | ((head & head_mask) << carry_shift) | ((symbol & low_mask) << low_shift)
            head = (head >> bits) | ((symbol << up) >> down)
    for position in range(stop - 1, max(start, 1) - 2, -1):
        current = np.int64(text[position])
        if current > following:
            if rising and position + 1 < stop:
                sampled = position + 1
                own_key, own_head = key, head
                valid = end - sampled + 1
                if valid < window and end < text.size:
                    padding = np.uint64((window - valid) * sample.symbol_bits)
                    if padding >= key_bits:
                        own_key = full_key
                        own_head |= (one << (padding - key_bits)) - one
                    else:
                        own_key |= (one << padding) - one
                if throws:
                    heads[own_head] -= 1
                    place = heads[own_head]
                    keys[place] = own_key
                    positions[place] = sampled
                else:
                    heads[own_head] += 1
                    sample_counts[following] += 1
                    is_sampled[sampled >> 6] |= one << np.uint64(sampled & 63)
                end = sampled
            rising = False
        elif current < following:
            rising = True
        if position < start:
            break
        following = current
        symbol = np.uint64(current)
        key = (key >> bits) | ((head & head_mask) << carry_shift) | ((symbol & low_mask) << low_shift)
        head = (head >> bits) | ((symbol << up) >> down)
        if symbol_counts.size:
            symbol_counts[current] += 1


@compiled
def distance_to_sampled(is_sampled: UInt64, position: int) -> int:
    """How far the first sampled position at or after `position` is; 64 where it is farther than 63."""
    word, bit = position >> 6, np.uint64(position & 63)
    found = is_sampled[word] >> bit
    if bit:
        found |= is_sampled[word + 1] << (np.uint64(64) - bit)
    return int(_trailing_zeros(found)) if found else 64


@compiled
def last_sampled(is_sampled: UInt64) -> int:
    """The last sampled position; there must be one."""
    word = is_sampled.size - 1
    while not is_sampled[word]:
        word -= 1
    return word * 64 + _highest_bit(is_sampled[word])


@compiled
def gather_names(is_sampled: UInt64, names: Int32, reduced: Int32) -> None:
    """Writes names[position // 2] of each sampled position, in the order of the text, into `reduced`.

    Both may lie in the same memory when they end at the same place: it is filled from the end.
    """
    place = reduced.size
    for word in range(is_sampled.size - 1, -1, -1):
        found = is_sampled[word]
        while found:
            bit = _highest_bit(found)
            found ^= np.uint64(1) << np.uint64(bit)
            place -= 1
            reduced[place] = names[(word * 64 + bit) >> 1]


@compiled
def _highest_bit(word: Any) -> int:
    bit = 0
    for step in (32, 16, 8, 4, 2, 1):
        if word >> np.uint64(bit + step):
            bit += step
    return bit


@compiled
def gather_positions(is_sampled: UInt64, positions: Int32) -> None:
    """Writes the sampled positions in the order of the text."""
    place = 0
    for word in range(is_sampled.size):
        found = is_sampled[word]
        while found:
            positions[place] = word * 64 + int(_trailing_zeros(found))
            place += 1
            found &= found - np.uint64(1)
