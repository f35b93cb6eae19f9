"""When a training is saved: often enough to lose little, seldom enough to cost little, and when the user stops it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from torch.optim import Optimizer

from byheart.models.transformer.network import Network
from byheart.models.transformer.state import History, save_state

_SAVING_SHARE = 0.015
"""Most of the time that saving may take."""
_FIRST_SECONDS = 2.0
"""Until the first state; then it is known what one costs."""


class Saving:
    """Saves a training's states so that they take at most `_SAVING_SHARE` of its time.

    Args:
        folder: where to; None: nowhere.
        clock: seconds.
    """

    def __init__(self, folder: Path | None, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock
        self._due = clock() + _FIRST_SECONDS if folder else 0.0

    def save(self, network: Network, found: list[Optimizer], history: History, *, at_once: bool) -> None:
        """Saves where it is due, or at once."""
        if self._folder is None:
            return
        began = self._clock()
        if not at_once and began < self._due:
            return
        save_state(self._folder, network, found, history)
        now = self._clock()
        self._due = now + (now - began) / _SAVING_SHARE


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Whether the user has pressed Ctrl-C, asked between two steps: in the middle of one there is nothing to save.

    A second Ctrl-C stops at once. Other threads than the main one cannot listen and are not interrupted.
    """
    asked = threading.Event()

    def listen(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = signal.signal(signal.SIGINT, listen)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
