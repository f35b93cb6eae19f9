"""The order of all suffixes of a text."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from byheart.index.layout import SymbolArray

if TYPE_CHECKING:
    from byheart.index.sorting.lms_sample import Sample

R = TypeVar("R")
Int32 = npt.NDArray[np.int32]
_SMALLEST_BLOCK = 2**16
_TASKS_PER_THREAD = 16
_PART = 2**20


def sort_suffixes(text: SymbolArray, *, num_threads: int = 1) -> npt.NDArray[np.int32]:
    """The suffix array of a text over any alphabet.

    Definition:
        the permutation of 0..n-1 that orders text[i:] lexicographically, a prefix before what it begins
    Args:
        text: shape [num_symbols], unsigned integers; fewer than 2^31.
        num_threads: how many threads work at most; the result does not depend on it.
    Returns:
        int32, shape [num_symbols].
    Cost: linear but for sorting the sampled substrings as numbers.
    Source: Nong, Zhang and Chan 2009, "Linear Suffix Array Construction by Almost Pure Induced-Sorting" (SA-IS); the
        mark in the sign bit and prefetching as in Grebnov's libsais.
    Differs: the sampled substrings are sorted by windows of symbols, in parallel, instead of being induced.
    """
    suffix_array = np.empty(text.size, dtype=np.int32)
    if text.size:
        dense, alphabet_size = _dense(text)
        with _Team(num_threads) as team:
            _sort(dense, np.zeros(alphabet_size, dtype=np.int32), suffix_array, team)
    return suffix_array


def _dense(text: SymbolArray) -> tuple[SymbolArray, int]:
    """A text in the same order whose symbols can number counters, and one more than its largest symbol."""
    largest = int(text.max())
    most = max(2**16, text.size)
    if largest < most:
        return _read_only(text), largest + 1
    dense = np.empty(text.size, dtype=np.uint32)
    parts = range(0, text.size, _PART)
    others = max(int(np.max(part, where=part < largest, initial=0)) for part in (text[i : i + _PART] for i in parts))
    if others < most:
        # The separator of a 32-bit text is the largest number there is: it only has to be larger than the others.
        np.minimum(text, others + 1, out=dense)
        return _read_only(dense), others + 2
    present = np.unique(text)
    for i in parts:
        dense[i : i + _PART] = np.searchsorted(present, text[i : i + _PART])
    return _read_only(dense), present.size


def _read_only(array: SymbolArray) -> SymbolArray:
    # A kernel is compiled once more for each kind of array.
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


class _Team:
    """Threads that run kernels side by side; a kernel lets other threads run."""

    def __init__(self, num_threads: int) -> None:
        self.num_threads = num_threads
        self._threads = ThreadPoolExecutor(num_threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def run(self, kernel: Callable[..., R], calls: Iterable[tuple[Any, ...]]) -> list[R]:
        """What the kernel returns for each tuple of arguments."""
        waiting = [self._threads.submit(kernel, *call) for call in calls]
        return [call.result() for call in waiting]

    def blocks(self, size: int, num_counters: int = _SMALLEST_BLOCK) -> list[tuple[int, int]]:
        """At most one (start, stop) per thread, starts at multiples of 64, none smaller than its counters are many."""
        num_blocks = max(1, min(self.num_threads, size // max(num_counters, _SMALLEST_BLOCK)))
        return list(pairwise([*(size * block // num_blocks // 64 * 64 for block in range(num_blocks)), size]))


def _sort(text: SymbolArray, symbol_counts: Int32, suffix_array: Int32, team: _Team) -> None:
    """Sorts a text; symbol_counts is filled if all its entries are 0."""
    from byheart.index.sorting import induced_sorting

    sample_counts = _sort_sample(text, symbol_counts, suffix_array, team)
    ends = np.cumsum(symbol_counts, dtype=np.int32)
    induced_sorting.place_sample(suffix_array, sample_counts, ends)
    induced_sorting.induce_l_types(text, suffix_array, ends - symbol_counts)
    induced_sorting.induce_s_types(text, suffix_array, ends)


def _sort_sample(text: SymbolArray, symbol_counts: Int32, suffix_array: Int32, team: _Team) -> Int32:
    """Puts the sampled suffixes, sorted, at the front of the array; returns how many there are with each symbol."""
    from byheart.index.sorting import induced_sorting, lms_order, lms_sample

    sample = lms_sample.new_sample(text, symbol_counts.size)
    sample_counts, head_starts, keys = _find_sample(sample, symbol_counts, suffix_array, team)
    num_sampled = keys.size
    positions = suffix_array[:num_sampled]
    if num_sampled == 0:
        return sample_counts
    num_tasks = _TASKS_PER_THREAD * len(team.blocks(text.size))
    targets = [num_sampled * task // num_tasks for task in range(1, num_tasks)]
    tasks = list(pairwise([0, *np.searchsorted(head_starts, targets).tolist(), head_starts.size - 1]))
    num_names = team.run(lms_order.sort_buckets, ((sample, keys, positions, head_starts, *task) for task in tasks))
    del keys
    first_names = np.cumsum([0, *num_names])
    name_counts = np.zeros(int(first_names[-1]), dtype=np.int32)
    if name_counts.size == num_sampled:
        lms_order.clear_marks(positions)
        return sample_counts
    # Names are first written where their positions say, then brought together at the end of the array.
    names = suffix_array[text.size // 2 :]
    stretches = (
        (positions, int(head_starts[first]), int(head_starts[stop]), int(name), names, name_counts)
        for (first, stop), name in zip(tasks, first_names, strict=False)
    )
    team.run(lms_order.write_names, stretches)
    reduced = suffix_array[text.size - num_sampled :]
    lms_sample.gather_names(sample.is_sampled, names, reduced)
    _sort(_read_only(reduced.view(np.uint32)), name_counts, positions, team)
    lms_sample.gather_positions(sample.is_sampled, reduced)
    team.run(induced_sorting.map_sample, ((positions, *block, reduced) for block in team.blocks(num_sampled)))
    return sample_counts


def _find_sample(
    sample: "Sample", symbol_counts: Int32, suffix_array: Int32, team: _Team
) -> tuple[Int32, npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Throws the sample's positions into the buckets of their substrings' heads, at the front of the array.

    Returns:
        how many sampled positions there are with each symbol, where each bucket starts, and the keys of the positions.
    """
    from byheart.index.sorting import lms_sample

    blocks = team.blocks(sample.text.size, symbol_counts.size)
    counts_symbols = not symbol_counts.any()
    block_symbols = np.zeros((len(blocks), symbol_counts.size if counts_symbols else 0), dtype=np.int32)
    block_samples = np.zeros((len(blocks), symbol_counts.size), dtype=np.int32)
    block_heads = np.zeros((len(blocks), 2**lms_sample.HEAD_BITS), dtype=np.int64)
    team.run(
        lms_sample.count_sample,
        (
            (sample, *block, *counts)
            for block, counts in zip(blocks, zip(block_symbols, block_samples, block_heads, strict=True), strict=True)
        ),
    )
    if counts_symbols:
        symbol_counts[:] = block_symbols.sum(axis=0)
    sample_counts = block_samples[0] if len(blocks) == 1 else block_samples.sum(axis=0, dtype=np.int32)
    del block_symbols, block_samples
    head_starts = np.concatenate([[0], np.cumsum(block_heads.sum(axis=0))])
    head_ends = np.cumsum(block_heads, axis=0) + head_starts[:-1]
    keys = np.empty(int(head_starts[-1]), dtype=np.uint64)
    positions = suffix_array[: keys.size]
    team.run(
        lms_sample.throw_sample,
        ((sample, *block, ends, keys, positions) for block, ends in zip(blocks, head_ends, strict=True)),
    )
    return sample_counts, head_starts, keys
