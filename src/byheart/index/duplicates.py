"""What a corpus says more than once: every run that stands elsewhere too, in it or in another corpus.

Inside a shard no search is needed: the longest run that a position shares with any other is shared with a neighbour in
the order of the suffixes. Other shards, and other corpora, are asked for their longest match.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.progress import Progress, silent
from byheart.index.compiled import compiled
from byheart.index.corpus_index import Index
from byheart.index.layout import SymbolArray
from byheart.index.searching.prefetch import prefetch
from byheart.index.searching.threads import usable_cores
from byheart.index.shard import Shard
from byheart.index.sorted_text import SortedText

Positions = npt.NDArray[np.int64]
Lengths = npt.NDArray[np.int32]
_AHEAD = 32
"""Elements between asking for memory and using it: 100 MB of text take 3.0 s instead of 5.1 s on one core."""
_BLOCK_SYMBOLS = 1 << 22
_QUERY_SYMBOLS = 1 << 23


class Repeats(NamedTuple):
    """The runs of a corpus's documents that stand elsewhere too, in corpus order."""

    documents: Positions
    """0-based number of the document of each run, shape [num_runs]."""
    offsets: Positions
    """First symbol of the run in its document, shape [num_runs]."""
    lengths: Positions
    """Symbols, shape [num_runs]; runs of one document start and stop in the same order, and may overlap."""

    @property
    def covered_symbols(self) -> Positions:
        """Symbols of each run that lie in no run before it, shape [num_runs]: their sum is what all runs cover."""
        stops = self.offsets + self.lengths
        new = self.lengths.copy()
        same = self.documents[1:] == self.documents[:-1]
        new[1:] -= np.where(same, np.maximum(stops[:-1] - self.offsets[1:], 0), 0)
        return new


def repeated_spans(
    index: Index, *, min_symbols: int, other: Index | None = None, on_progress: Progress = silent
) -> Repeats:
    """Every maximal run of at least min_symbols that stands elsewhere too.

    Definition:
        L_i is the length of the longest run that starts at position i of a document, ends in it, and starts at another
        position of the corpus too (of the same document, even overlapping, or of any other); with `other`, that stands
        in `other`. The run at i is given when L_i >= min_symbols and i + L_i exceeds every earlier end in its document.
    Args:
        index: whose documents are looked at.
        min_symbols: >= 1, in the index's unit.
        other: where to look instead; of the same unit and tokenizer.
        on_progress: hears of the stages "neighbours" and "compare".
    Cost: for one shard 30 ns per symbol on one core and 4 bytes of memory per symbol beside the index; each ordered
        pair of different shards is two searches for every min_symbols symbols, and a longest match for every symbol
        around what they find. Memory for that: 24 bytes per symbol of a batch of 8 million, or of the longest document.
    Source: Karkkainen, Manzini and Puglisi 2009, "Permuted longest-common-prefix array"; maximal spans as in `trace`.
    Differs: common prefixes end at the document's end, and both neighbours count.
    """
    parts = []
    for number, shard in enumerate(index.shards):
        lengths = np.zeros(shard.sorted.text.size, dtype=np.int32)
        if other is None:
            lengths = longest_repeats(shard.sorted, on_progress=on_progress)
        others = [s.sorted for at, s in enumerate((other or index).shards) if other is not None or at != number]
        for corpus in others:
            _lengthen(lengths, shard, corpus, min_symbols, on_progress)
        starts, sizes = _maximal_runs(lengths, min_symbols)
        documents = np.searchsorted(shard.document_offsets, starts, side="right") - 1
        parts.append((documents + shard.first_document, starts - shard.document_offsets[documents], sizes))
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return Repeats(nothing, nothing, nothing)
    return Repeats(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def longest_repeats(corpus: SortedText, *, num_threads: int | None = None, on_progress: Progress = silent) -> Lengths:
    """For each position, how long a run of its document starts there that starts at another position too.

    Args:
        corpus: a sorted text.
        num_threads: as many as there are cores when None.
        on_progress: hears of the stage "neighbours".
    Returns:
        symbols, shape [num_symbols]; 0 at separators.
    Cost: O(num_symbols); no memory but the result.
    Source: as `repeated_spans`.
    Differs: nothing.
    """
    order, size = corpus.suffix_array, corpus.text.size
    lengths = np.empty(size, dtype=np.int32)
    blocks = [(start, min(start + _BLOCK_SYMBOLS, size)) for start in range(0, size, _BLOCK_SYMBOLS)]
    passes = 3 * len(blocks)
    with ThreadPoolExecutor(num_threads or usable_cores()) as threads:

        def over_blocks(number: int, work: Callable[[int, int], None]) -> None:
            for done, _ in enumerate(threads.map(lambda block: work(*block), blocks), start=number * len(blocks) + 1):
                on_progress("neighbours", done, passes)

        over_blocks(0, lambda start, stop: _write_predecessors(order, lengths, start, stop))
        over_blocks(1, lambda start, stop: _share_with_predecessors(corpus.text, lengths, start, stop))
        # What each block needs of the next is read before any block overwrites it.
        after = {stop: int(lengths[order[stop]]) if stop < size else 0 for _, stop in blocks}
        over_blocks(2, lambda start, stop: _take_larger_neighbour(order, lengths, start, stop, after[stop]))
    return lengths


@compiled
def _write_predecessors(order: Lengths, predecessors: Lengths, start: int, stop: int) -> None:
    """For each suffix of the ranks start..stop-1, the suffix before it in the order, -1 for the first."""
    last = order.size - 1
    for rank in range(start, stop):
        prefetch(predecessors, order[min(rank + _AHEAD, last)])
        predecessors[order[rank]] = order[rank - 1] if rank else -1


@compiled
def _share_with_predecessors(text: SymbolArray, lengths: Lengths, start: int, stop: int) -> None:
    """Replaces each predecessor by how far its suffix agrees, up to the document's end.

    What follows the first symbol agrees with some suffix for all but one symbol as far, so no symbol is compared twice.
    """
    separator = text[text.size - 1]
    shared = 0
    for position in range(start, stop):
        prefetch(text, lengths[min(position + _AHEAD, stop - 1)] + shared)
        other = lengths[position]
        if other < 0:
            shared = 0
        else:
            while text[position + shared] == text[other + shared] and text[position + shared] != separator:
                shared += 1
        lengths[position] = shared
        shared = max(shared - 1, 0)


@compiled
def _take_larger_neighbour(order: Lengths, lengths: Lengths, start: int, stop: int, after: int) -> None:
    """From what each suffix shares with the one before it to what it shares with either neighbour."""
    last = order.size - 1
    before = lengths[order[start]]
    for rank in range(start, stop):
        prefetch(lengths, order[min(rank + _AHEAD, last)])
        behind = lengths[order[rank + 1]] if rank + 1 < stop else after
        lengths[order[rank]] = max(before, behind)
        before = behind


def _batches(offsets: Positions) -> Iterator[tuple[int, int]]:
    """Ranges of a text that end where documents end."""
    start = 0
    while start < offsets[-1]:
        border = int(np.searchsorted(offsets, start + _QUERY_SYMBOLS))
        stop = int(offsets[min(border, offsets.size - 1)])
        yield start, stop
        start = stop


def _lengthen(lengths: Lengths, shard: Shard, corpus: SortedText, min_symbols: int, on_progress: Progress) -> None:
    """Raises the lengths to the longest matches with another sorted text, where those have at least min_symbols."""
    from byheart.index.searching.matching import long_matches

    text = shard.sorted.text
    separator = text[-1]
    for start, stop in _batches(shard.document_offsets):
        query = text[start:stop].astype(np.int64)
        query[text[start:stop] == separator] = -1
        found = long_matches(corpus, query, min_symbols)
        np.maximum(lengths[start:stop], found, out=lengths[start:stop], casting="unsafe")
        on_progress("compare", stop, text.size)


def _maximal_runs(lengths: Lengths, min_symbols: int) -> tuple[Positions, Positions]:
    """Starts and lengths of the runs that end later than every run that starts before them."""
    starts, sizes, end = [], [], -1
    for first in range(0, lengths.size, _BLOCK_SYMBOLS):
        block = lengths[first : first + _BLOCK_SYMBOLS]
        stops = np.arange(first, first + block.size) + block
        before = np.maximum(end, np.concatenate([[-1], np.maximum.accumulate(stops)[:-1]]))
        chosen = np.flatnonzero((stops > before) & (block >= min_symbols))
        starts.append(chosen + first)
        sizes.append(block[chosen].astype(np.int64))
        end = max(end, int(stops.max()))
    return np.concatenate(starts), np.concatenate(sizes)
