"""Kernels let other threads run; here a batch is cut into parts that Python threads work on."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

MOST_THREADS = 8
"""More of them were not measured; the reads of one machine's memory are shared anyway."""


def usable_cores() -> int:
    """Processors that this process may use, at most MOST_THREADS."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(allowed or 1, MOST_THREADS))


def for_each_part(work: Callable[[int, int], None], size: int, *, num_threads: int | None, smallest: int) -> None:
    """Calls work(start, stop) for consecutive ranges that cover range(size).

    Args:
        work: must give the same results however the range is cut.
        num_threads: at most so many ranges; None for one per usable core.
        smallest: items for which a thread of its own pays.
    """
    num_parts = size // smallest
    if num_parts > 1:
        num_parts = min(num_parts, usable_cores() if num_threads is None else num_threads)
    if num_parts <= 1:
        work(0, size)
        return
    borders = [size * i // num_parts for i in range(num_parts + 1)]
    with ThreadPoolExecutor(num_parts) as pool:
        for done in [pool.submit(work, borders[i], borders[i + 1]) for i in range(num_parts)]:
            done.result()
