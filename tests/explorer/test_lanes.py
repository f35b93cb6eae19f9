"""Slow work: one piece at a time, the stale one left out, the late one given up."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

import pytest

from byheart.core.progress import Progress
from byheart.errors import InputError
from byheart.explorer.lanes import MOST_WAITING, AbandonedError, BusyError, Lane


def finish(asked: Coroutine[None, None, None]) -> None:
    """Runs it in a thread of its own: in this one, Playwright may have a loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, asked).result()


async def here() -> bool:
    return False


async def gone() -> bool:
    return True


def test_pieces_of_work_never_overlap() -> None:
    inside, most = [0], [0]
    lock = threading.Lock()

    def work(tell: Progress) -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        threading.Event().wait(0.01)
        with lock:
            inside[0] -= 1

    async def several() -> None:
        lane = Lane(10)
        await asyncio.gather(*(lane.run(work, here) for _ in range(5)))
        assert not lane.is_busy

    finish(several())
    assert most == [1]


def test_work_that_nobody_waits_for_is_not_begun() -> None:
    async def asked() -> None:
        lane = Lane(10)
        with pytest.raises(AbandonedError):
            await lane.run(lambda tell: pytest.fail("begun"), gone)
        assert not lane.is_busy
        assert await lane.run(lambda tell: 7, here) == 7

    finish(asked())


def test_an_error_is_the_askers_and_the_lane_goes_on() -> None:
    def failing(tell: Progress) -> None:
        raise InputError("no")

    async def asked() -> None:
        lane = Lane(10)
        with pytest.raises(InputError):
            await lane.run(failing, here)
        assert await lane.run(lambda tell: 7, here) == 7

    finish(asked())


def test_what_takes_too_long_is_given_up_and_the_next_waits_for_its_end() -> None:
    go_on, ended = threading.Event(), []

    def slow(tell: Progress) -> None:
        tell("load model", 1, 2)
        go_on.wait(10)
        ended.append("slow")

    def stage(lane: Lane) -> str | None:
        return None if lane.doing is None else lane.doing[0]

    async def asked() -> None:
        lane = Lane(0.05)
        with pytest.raises(BusyError, match="goes on"):
            await lane.run(slow, here)
        assert lane.is_busy
        assert stage(lane) == "load model"
        following = asyncio.create_task(lane.run(lambda tell: ended.append("next"), here))
        await asyncio.sleep(0.02)
        go_on.set()
        await following
        assert stage(lane) is None

    finish(asked())
    assert ended == ["slow", "next"]


def test_work_that_leaves_nothing_behind_ends_when_nobody_waits_for_it() -> None:
    ended = threading.Event()

    def endless(tell: Progress) -> None:
        try:
            for done in range(2000):
                tell("trace", done, 2000)
                threading.Event().wait(0.005)
        except AbandonedError:
            ended.set()

    looks = iter((False, True))

    async def soon_gone() -> bool:
        return next(looks)

    async def asked() -> None:
        lane = Lane(0.05, kept_nowhere=("trace",))
        with pytest.raises(BusyError, match="goes on"):
            await lane.run(endless, here)
        assert await lane.run(lambda tell: 7, here) == 7
        assert ended.is_set()
        ended.clear()
        with pytest.raises(AbandonedError):
            await Lane(5, kept_nowhere=("trace",)).run(endless, soon_gone)

    finish(asked())
    assert ended.wait(5)


def test_the_wait_for_ones_turn_is_given_up_too() -> None:
    go_on = threading.Event()

    async def asked() -> None:
        lane = Lane(0.05)
        with pytest.raises(BusyError, match="goes on"):
            await lane.run(lambda tell: go_on.wait(10), here)
        with pytest.raises(BusyError, match="had to wait"):
            await lane.run(lambda tell: 7, here)
        go_on.set()
        assert await lane.run(lambda tell: 7, here) == 7

    finish(asked())


def test_only_so_many_wait() -> None:
    go_on = threading.Event()

    async def asked() -> None:
        lane = Lane(10)
        tasks = [asyncio.create_task(lane.run(lambda tell: go_on.wait(10), here)) for _ in range(MOST_WAITING + 1)]
        await asyncio.sleep(0.02)
        with pytest.raises(BusyError, match="Too many"):
            await lane.run(lambda tell: 7, here)
        go_on.set()
        assert await asyncio.gather(*tasks) == [True] * (MOST_WAITING + 1)

    finish(asked())
