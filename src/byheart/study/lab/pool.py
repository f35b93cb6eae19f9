"""Does the pieces of an experiment, several at a time: each in a process of its own with one thread of torch.

A number of a piece depends on its arguments only, so that how many processes there are, and who is done first, moves no
bit of it.
"""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from byheart.core.progress import Progress
from byheart.errors import BackendError
from byheart.study.lab.axis import Piece

NUM_THREADS = 1
"""Of torch: another number moves the last bits, and these networks are too small to gain from more."""
_SECONDS_PER_LOOK = 0.5
Work = Callable[[Any, Piece, int, Progress], dict[str, Any]]


@dataclass(frozen=True)
class Job:
    """A piece that is to be done."""

    key: str
    """Names it within the run."""
    work: Work
    """Of its axis; a function of a module, which other processes find by its name."""
    params: Any
    """Of its axis."""
    piece: Piece
    """What to do."""
    cost: float
    """Share of the whole run, in any unit that is the same for all jobs."""


def done(
    jobs: Sequence[Job], seed: int, num_processes: int, told: Callable[[str, float], None]
) -> Generator[tuple[str, Any], None, None]:
    """Every job's key and JSON values, as they are finished.

    Args:
        jobs: in the order in which they are begun.
        seed: root of the random streams.
        num_processes: at most so many at a time; 1 does them in this process.
        told: hears a job's key and the share of it that is done.
    Raises:
        BackendError: a process died, for want of memory mostly; what was finished is kept.
    """
    if num_processes == 1 or len(jobs) <= 1:
        yield from ((job.key, _do(job, seed, told)) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    words = context.Queue()
    pool = ProcessPoolExecutor(min(num_processes, len(jobs)), context, _begin, (words,))
    try:
        waiting: set[Future[tuple[str, Any]]] = {pool.submit(_do_apart, job, seed) for job in jobs}
        while waiting:
            finished, waiting = wait(waiting, timeout=_SECONDS_PER_LOOK, return_when=FIRST_COMPLETED)
            _hear(words, told)
            for future in finished:
                yield future.result()
    except BrokenProcessPool as error:
        raise BackendError(
            "A process of the experiment died.",
            why="The system may have run out of memory. Finished trainings are kept.",
            next_step="Type the same command again; with --processes 1 it trains one network at a time.",
        ) from error
    finally:
        workers = list(multiprocessing.active_children())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()


def _hear(words: Any, told: Callable[[str, float], None]) -> None:
    while True:
        try:
            told(*words.get_nowait())
        except queue.Empty:
            return


def _do(job: Job, seed: int, told: Callable[[str, float], None]) -> dict[str, Any]:
    from byheart.models.transformer.parallel import threads

    def progress(stage: str, done: float, total: float, note: str = "") -> None:
        told(job.key, done / total if total else 0.0)

    with threads(NUM_THREADS):
        return job.work(job.params, job.piece, seed, progress)


_words: Any = None
"""Of a process of the pool: where it says how far it is."""


def _begin(words: Any) -> None:
    """Of a process of the pool: the first one alone hears Ctrl-C, and when it is gone nobody goes on."""
    global _words
    _words = words
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _do_apart(job: Job, seed: int) -> tuple[str, Any]:
    return job.key, _do(job, seed, lambda key, share: _words.put((key, share)))
