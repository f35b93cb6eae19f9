"""How both sides are timed: the same work several times, the best counts, since other work only ever adds."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
PASSES = 3


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of one call, and what it returned."""
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def best(work: Callable[[], T]) -> tuple[float, T]:
    """The fewest seconds of PASSES calls, the first of which warms the caches; and what the last returned."""
    passes = [timed(work) for _ in range(PASSES)]
    return min(seconds for seconds, _ in passes), passes[-1][1]


def best_affordable(work: Callable[[int], Any], most: int, budget_seconds: float) -> tuple[int, float, Any]:
    """As `best`, on as many items as the budget allows: the number is doubled until PASSES of it would fill it.

    Returns:
        number of items, fewest seconds of a pass over them, what the last pass returned.
    """
    num = min(most, 8)
    while True:
        seconds, found = timed(partial(work, num))
        if num == most or 2 * seconds * (PASSES + 1) > budget_seconds:
            break
        num = min(most, 2 * num)
    for _ in range(PASSES - 1):
        again, found = timed(partial(work, num))
        seconds = min(seconds, again)
    return num, seconds, found


def each_seconds(asks: list[Callable[[], Any]], budget_seconds: float) -> tuple[list[float], list[Any]]:
    """The best seconds of each question and its answer, for as many questions as the budget allows.

    All questions are asked before one is asked again: right after itself it would find what it reads in the
    processor's cache, which no one who asks once does.
    """
    started = time.perf_counter()
    seconds, answers = [], []
    for ask in asks:
        spent, answer = timed(ask)
        seconds.append(spent)
        answers.append(answer)
        if (time.perf_counter() - started) * PASSES > budget_seconds:
            break
    for _ in range(PASSES - 1):
        for i in range(len(seconds)):
            seconds[i] = min(seconds[i], timed(asks[i])[0])
    return seconds, answers
