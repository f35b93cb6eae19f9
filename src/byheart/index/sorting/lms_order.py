"""The order of the sample's substrings, and names that order as they do.

The order is found by sorting numbers, one bucket of heads after the other, each in the cache; several threads take
different buckets.
"""

import numpy as np

from byheart.index.compiled import compiled
from byheart.index.searching.prefetch import prefetch
from byheart.index.sorting.lms_sample import Int32, Int64, Sample, UInt64, distance_to_sampled, last_sampled

_INSERTION_SORT = 12
_AHEAD = 8
_NAME_STARTS = np.int32(-(2**31))
_POSITION = np.int32(2**31 - 1)


@compiled
def sort_buckets(
    sample: Sample, keys: UInt64, positions: Int32, head_starts: Int64, first_head: int, last_head: int
) -> int:
    """Sorts the substrings of the buckets first_head..last_head-1 and returns how many names they need.

    Afterwards positions[head_starts[h] : head_starts[h + 1]] is in the order of the substrings, and the sign bit is set
    where a new name starts. Symbols are read again only for substrings that share a whole window, and no symbol for
    two windows: the work is linear but for the sorting of numbers.
    """
    last = last_sampled(sample.is_sampled)
    num_names = 0
    parts = np.empty((64, 2), np.int64)
    waiting = np.empty((64, 3), np.int64)
    for head in range(first_head, last_head):
        waiting[0, 0], waiting[0, 1], waiting[0, 2] = head_starts[head], head_starts[head + 1], 0
        num_waiting = 1
        while num_waiting:
            num_waiting -= 1
            start, stop, depth = waiting[num_waiting, 0], waiting[num_waiting, 1], waiting[num_waiting, 2]
            if depth:
                _load_windows(sample, keys, positions, start, stop, depth)
            _sort_pairs(keys, positions, start, stop, parts)
            compared = depth + sample.later_window if depth else sample.first_window
            i = start
            while i < stop:
                equal_stop = i + 1
                while equal_stop < stop and keys[equal_stop] == keys[i]:
                    equal_stop += 1
                if equal_stop - i > 1 and last + compared > sample.text.size:
                    for j in range(i, equal_stop):
                        if positions[j] == last:
                            positions[j] = positions[i]
                            positions[i] = last | _NAME_STARTS
                            num_names += 1
                            i += 1
                            break
                if equal_stop - i > 1 and not _ends_within(sample, positions[i], depth, compared):
                    if num_waiting == waiting.shape[0]:
                        larger = np.empty((2 * num_waiting, 3), np.int64)
                        larger[:num_waiting] = waiting
                        waiting = larger
                    waiting[num_waiting, 0], waiting[num_waiting, 1] = i, equal_stop
                    waiting[num_waiting, 2] = compared
                    num_waiting += 1
                else:
                    positions[i] |= _NAME_STARTS
                    num_names += 1
                i = equal_stop
    return num_names


@compiled
def _ends_within(sample: Sample, position: int, depth: int, compared: int) -> bool:
    # Whether the substring, which does not end within `depth` symbols, ends within `compared` ones and leaves room for
    # at least one that is past its end, so that all substrings with the same windows end there.
    nearest = position + max(depth - 1, 1)
    return nearest + distance_to_sampled(sample.is_sampled, nearest) < position + compared - 1


@compiled
def _load_windows(sample: Sample, keys: UInt64, positions: Int32, start: int, stop: int, depth: int) -> None:
    text = sample.text
    bits = np.uint64(sample.symbol_bits)
    largest = (np.uint64(1) << bits) - np.uint64(1)
    for i in range(start, stop):
        if i + _AHEAD < stop:
            prefetch(text, positions[i + _AHEAD] + depth)
        first = int(positions[i]) + depth
        end = first - 1 + distance_to_sampled(sample.is_sampled, first - 1)
        key = np.uint64(0)
        for place in range(first, first + sample.later_window):
            symbol = largest
            if place <= end:
                symbol = np.uint64(text[place]) if place < text.size else np.uint64(0)
            key = (key << bits) | symbol
        keys[i] = key


@compiled
def _sort_pairs(keys: UInt64, positions: Int32, start: int, stop: int, parts: Int64) -> None:
    # Quicksort without branches that depend on a key: 0.59 s for 16.6 million of them, 1.04 s with such branches. A
    # pivot that equals the key before its part is the part's least: its equals, which repeated text is full of, are
    # then done with in one pass. Pivots are medians of three keys from places that no pattern in the text follows.
    seed = np.uint64(start) + np.uint64(0x9E3779B97F4A7C15)
    parts[0, 0], parts[0, 1] = start, stop
    num_parts = 1
    while num_parts:
        num_parts -= 1
        low, high = parts[num_parts, 0], parts[num_parts, 1]
        while high - low > _INSERTION_SORT:
            seed = seed * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            third = np.uint64(high - low) // np.uint64(3)
            offset = np.int64(((seed >> np.uint64(33)) * third) >> np.uint64(31))
            a = low + offset
            b = a + np.int64(third)
            c = b + np.int64(third)
            if keys[a] > keys[b]:
                a, b = b, a
            if keys[b] > keys[c]:
                b = c if keys[c] > keys[a] else a
            pivot, pivot_position = keys[b], positions[b]
            keys[b], positions[b] = keys[low], positions[low]
            keys[low], positions[low] = pivot, pivot_position
            below = low + 1
            if low > start and keys[low - 1] == pivot:
                for i in range(low + 1, high):
                    key, position = keys[i], positions[i]
                    keys[i], positions[i] = keys[below], positions[below]
                    keys[below], positions[below] = key, position
                    below += key <= pivot
                low = below
                continue
            for i in range(low + 1, high):
                key, position = keys[i], positions[i]
                keys[i], positions[i] = keys[below], positions[below]
                keys[below], positions[below] = key, position
                below += key < pivot
            below -= 1
            keys[low], positions[low] = keys[below], positions[below]
            keys[below], positions[below] = pivot, pivot_position
            if below - low < high - below:
                parts[num_parts, 0], parts[num_parts, 1] = below + 1, high
                high = below
            else:
                parts[num_parts, 0], parts[num_parts, 1] = low, below
                low = below + 1
            num_parts += 1
        for i in range(low + 1, high):
            key, position = keys[i], positions[i]
            place = i
            while place > low and keys[place - 1] > key:
                keys[place], positions[place] = keys[place - 1], positions[place - 1]
                place -= 1
            keys[place], positions[place] = key, position


@compiled
def write_names(positions: Int32, start: int, stop: int, first_name: int, names: Int32, name_counts: Int32) -> None:
    """Clears the sign bits of positions[start:stop] and names their substrings first_name, first_name + 1, ...

    Afterwards names[position // 2] is the name (sampled positions are at least two apart), and name_counts[name] how
    many substrings have it.
    """
    name = first_name - 1
    for i in range(start, stop):
        if positions[i] < 0:
            name += 1
            positions[i] &= _POSITION
        names[positions[i] >> 1] = name
        name_counts[name] += 1


@compiled
def clear_marks(positions: Int32) -> None:
    """Clears the sign bits."""
    for i in range(positions.size):
        positions[i] &= _POSITION
