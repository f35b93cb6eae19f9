"""One question to a sorted text, step by step, compiled; `interleaved_search` answers many faster.

Two facts carry every kernel. Suffixes that share a prefix stand together, so an answer is an interval [low, high) of
the suffix array. And the text ends with a separator that no query contains, so comparing never runs off its end.
Queries are int64; -1 stands for a symbol that the corpus cannot contain.
"""

import numpy as np
import numpy.typing as npt

from byheart.index.compiled import compiled
from byheart.index.sorted_text import SortedText

Query = npt.NDArray[np.int64]


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
