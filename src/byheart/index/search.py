"""The questions to a sorted text, compiled.

Two facts carry every kernel. Suffixes that share a prefix stand together, so an answer is an interval [low, high) of
the suffix array. And the text ends with a separator that no query contains, so comparing never runs off its end.
Queries are int64; -1 stands for a symbol that the corpus cannot contain.
"""

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.sorted_text import SortedText

Query = npt.NDArray[np.int64]
_LONG_MATCH = 32
"""Symbols; from here on it pays to ask how far the same occurrences explain the following positions."""


@compiled
def symbol_interval(corpus: SortedText, symbol: int) -> tuple[int, int]:
    """Suffixes that start with the symbol."""
    if symbol < 0 or symbol + 1 >= corpus.first_symbol.size:
        return 0, 0
    return corpus.first_symbol[symbol], corpus.first_symbol[symbol + 1]


@compiled
def narrow(corpus: SortedText, low: int, high: int, depth: int, symbol: int) -> tuple[int, int]:
    """Of the suffixes [low, high), which share their first `depth` symbols, those that go on with `symbol`."""
    text, order = corpus.text, corpus.suffix_array
    start, stop = low, high
    while start < stop:
        middle = (start + stop) >> 1
        if text[order[middle] + depth] < symbol:
            start = middle + 1
        else:
            stop = middle
    if start == high or text[order[start] + depth] != symbol:
        return start, start
    return start, run_end(corpus, start, high, depth)


@compiled
def run_end(corpus: SortedText, low: int, high: int, depth: int) -> int:
    """Where in [low, high) the suffixes stop having the symbol of suffix `low` at `depth`: gallop, then bisect."""
    text, order = corpus.text, corpus.suffix_array
    symbol = text[order[low] + depth]
    step = 1
    while low + step < high and text[order[low + step] + depth] == symbol:
        step <<= 1
    start, stop = low + (step >> 1) + 1, min(low + step, high)
    while start < stop:
        middle = (start + stop) >> 1
        if text[order[middle] + depth] == symbol:
            start = middle + 1
        else:
            stop = middle
    return start


@compiled
def pattern_interval(corpus: SortedText, query: Query, start: int, stop: int) -> tuple[int, int]:
    """Suffixes that start with query[start:stop], which is not empty."""
    low, high = symbol_interval(corpus, query[start])
    for position in range(start + 1, stop):
        if low == high:
            break
        low, high = narrow(corpus, low, high, position - start, query[position])
    return low, high


@compiled
def pattern_counts(corpus: SortedText, query: Query, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Occurrences of each pattern query[offsets[i] : offsets[i + 1]], none of them empty."""
    counts = np.zeros(offsets.size - 1, dtype=np.int64)
    for i in range(counts.size):
        low, high = pattern_interval(corpus, query, offsets[i], offsets[i + 1])
        counts[i] = high - low
    return counts


@compiled
def starts_with(corpus: SortedText, suffix: int, query: Query, start: int, length: int) -> bool:
    """Whether the suffix of that rank starts with query[start : start + length]; mismatches are likely at the end."""
    position = corpus.suffix_array[suffix]
    if position + length > corpus.text.size:
        return False
    for i in range(length - 1, -1, -1):
        if corpus.text[position + i] != query[start + i]:
            return False
    return True


@compiled
def longest_match(corpus: SortedText, query: Query, start: int) -> tuple[int, int, int]:
    """Length and interval of the longest run of the query from `start` that occurs.

    Bisection for the place of query[start:] among the suffixes; both neighbours of that place are visited on the way,
    and one of them shares the longest prefix. What both ends of the bisection share is not compared again.
    """
    text, order = corpus.text, corpus.suffix_array
    first_low, first_high = symbol_interval(corpus, query[start])
    if first_low == first_high:
        return 0, 0, 0
    limit = query.size - start
    low, high, shared_low, shared_high = first_low, first_high, 1, 1
    best, best_suffix = 1, first_low
    while low < high:
        middle = (low + high) >> 1
        position = order[middle]
        shared = min(shared_low, shared_high)
        while shared < limit and text[position + shared] == query[start + shared]:
            shared += 1
        if shared > best:
            best, best_suffix = shared, middle
            if best == limit:
                break
        if shared < limit and text[position + shared] < query[start + shared]:
            low, shared_low = middle + 1, shared
        else:
            high, shared_high = middle, shared
    if best == 1:
        return 1, first_low, first_high
    step = 1
    while best_suffix - step >= first_low and starts_with(corpus, best_suffix - step, query, start, best):
        step <<= 1
    left, right = max(best_suffix - step, first_low - 1), best_suffix - (step >> 1)
    while right - left > 1:
        middle = (left + right) >> 1
        if starts_with(corpus, middle, query, start, best):
            right = middle
        else:
            left = middle
    low = right
    step = 1
    while best_suffix + step < first_high and starts_with(corpus, best_suffix + step, query, start, best):
        step <<= 1
    left, right = best_suffix + (step >> 1), min(best_suffix + step, first_high)
    while right - left > 1:
        middle = (left + right) >> 1
        if starts_with(corpus, middle, query, start, best):
            left = middle
        else:
            right = middle
    return best, low, right


@compiled
def matching_statistics(corpus: SortedText, query: Query) -> tuple[Query, Query]:
    """Lengths and counts of the longest match from every position, shapes [num_symbols].

    A match's end never moves back (MS[i + 1] >= MS[i] - 1). After a long match query[i:e], all following starts j for
    which query[j:e] has as many occurrences have exactly these, which all go on differently: so their matches end at e
    too. The last such j is found by bisection instead of one search for each.
    """
    lengths, counts = np.zeros(query.size, dtype=np.int64), np.zeros(query.size, dtype=np.int64)
    start = 0
    while start < query.size:
        length, low, high = longest_match(corpus, query, start)
        end, count, last = start + length, high - low, start
        if length >= _LONG_MATCH:
            other = end
            while other - last > 1:
                middle = (last + other) >> 1
                low, high = pattern_interval(corpus, query, middle, end)
                if high - low == count:
                    last = middle
                else:
                    other = middle
        for position in range(start, last + 1):
            lengths[position], counts[position] = end - position, count
        start = last + 1
    return lengths, counts


@compiled
def continuations(
    corpus: SortedText, low: int, high: int, depth: int, out: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]
) -> int:
    """Writes the different symbols at `depth` of the suffixes [low, high) and their counts; returns how many.

    Args:
        out: symbols ascending (the bits of a uint32 separator read as -1) and counts; room for each different one.
    """
    num_symbols = 0
    while low < high:
        end = run_end(corpus, low, high, depth)
        out[0][num_symbols] = np.int32(corpus.text[corpus.suffix_array[low] + depth])
        out[1][num_symbols] = end - low
        num_symbols += 1
        low = end
    return num_symbols
