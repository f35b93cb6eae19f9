"""Slow work off the server's own thread: in each lane one piece at a time, and none that nobody waits for any more."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from byheart.core.progress import Progress

MOST_WAITING = 8
"""Requests that may wait in a lane; one person types one text."""
_LOOK_SECONDS = 0.5
"""So often it is asked whether somebody still waits."""
_Answer = TypeVar("_Answer")


class BusyError(Exception):
    """There is no answer now: too many wait, or it takes too long. Says what to do."""


class AbandonedError(Exception):
    """Whoever asked has gone, mostly because they typed on."""


class Lane:
    """One thread's worth of work.

    Args:
        longest_seconds: after which an answer, or the wait for one's turn, is given up; the work itself goes on, and
            what it loads or builds is there for the next question.
        kept_nowhere: stages of work that leave nothing behind: they end when nobody waits for the answer any more.
    """

    def __init__(self, longest_seconds: float, kept_nowhere: Collection[str] = ()) -> None:
        self._longest_seconds = longest_seconds
        self._kept_nowhere = kept_nowhere
        self._is_given_up = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="byheart-lane")
        self._free = asyncio.Lock()
        self._waiting = 0
        self.doing: tuple[str, float, float, str] | None = None
        """Stage, done, total and note of what the work last told of itself; None while there is none."""

    @property
    def is_busy(self) -> bool:
        """Whether somebody's work is under way."""
        return self._free.locked()

    async def run(self, work: Callable[[Progress], _Answer], is_gone: Callable[[], Awaitable[bool]]) -> _Answer:
        """What the work returns.

        Args:
            work: called in the lane's thread with where to tell its progress.
            is_gone: whether nobody waits for the answer any more; asked when it is this work's turn, and while it runs.
        Raises:
            BusyError: too many wait, or it took too long.
            AbandonedError: nobody waits for it.
        """
        if self._waiting >= MOST_WAITING:
            raise BusyError("Too many questions wait. Ask again when the others are answered.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise BusyError("Another question takes long, and this one had to wait for it. Ask again.") from error
        finally:
            self._waiting -= 1
        try:
            if await is_gone():
                raise AbandonedError
            self._is_given_up = False
            answer = asyncio.get_running_loop().run_in_executor(self._thread, work, self._tell)
        except BaseException:
            self._free.release()
            raise
        answer.add_done_callback(self._end)
        ends = asyncio.get_running_loop().time() + self._longest_seconds
        while not (await asyncio.wait([answer], timeout=min(_LOOK_SECONDS, self._longest_seconds)))[0]:
            if await is_gone():
                self._is_given_up = True
                raise AbandonedError
            if asyncio.get_running_loop().time() < ends:
                continue
            self._is_given_up = True
            raise BusyError(
                f"No answer within {self._longest_seconds:.0f} seconds. What is being loaded or built goes on: ask "
                "again in a while, or give a shorter text."
            )
        return answer.result()

    def _tell(self, stage: str, done: float, total: float, note: str = "") -> None:
        if self._is_given_up and stage in self._kept_nowhere:
            raise AbandonedError
        self.doing = (stage, done, total, note)

    def _end(self, answer: "asyncio.Future[_Answer]") -> None:
        """The lane is free again when the work ends, however long the caller waited."""
        self.doing = None
        self._free.release()
        if not answer.cancelled():
            answer.exception()  # who has given up does not ask for it, and asyncio would complain that nobody did
