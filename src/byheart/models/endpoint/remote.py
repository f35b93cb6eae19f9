"""What a study needs to know of a predictor that is asked over a network; importing this speaks no HTTP."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar, runtime_checkable

from byheart.core.predictor import Scores
from byheart.core.progress import Progress, silent
from byheart.core.tokens import TokenIds

T = TypeVar("T")


class Store(Protocol):
    """Where answers are kept: values of plain JSON by key, on the disk when `put` returns."""

    def __contains__(self, key: str) -> bool: ...

    def get(self, key: str) -> Any:
        """The value that was put."""

    def put(self, key: str, value: object) -> None:
        """Keeps a value."""


@runtime_checkable
class Remote(Protocol):
    """Answers that may cost money, over connections that have to be closed."""

    def keep_in(self, store: Store) -> None:
        """Keeps every answer there as it comes; what is there already is not asked again.

        Args:
            store: used by one thread at a time.
        """

    def close(self) -> None:
        """Ends the connections."""


@runtime_checkable
class ReadsText(Remote, Scores, Protocol):
    """May cut a text into other tokens than those that it was asked about."""

    def unreadable(
        self, texts: Sequence[TokenIds], num_given: Sequence[int], *, on_progress: Progress = silent
    ) -> list[bool]:
        """Whether each text cannot be asked about, since its tokens cannot be written as text, or are read otherwise.

        What it takes to find out is what it takes to score the texts; their scores are kept where `keep_in` says.

        Args:
            texts: token ids, each of shape [num_tokens >= 1].
            num_given: of each text, as `Scores.score` takes it.
            on_progress: told the texts asked.
        Raises:
            BackendError: most of the texts sent are read otherwise, so that the server has another tokenizer.
        """


class Answers:
    """Answers that are asked for once: a store that several threads share, or none."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[None]] = {}
        """By key: done once the answer is in the store, or the question failed."""

    def keep_in(self, store: Store) -> None:
        """From now on answers go there, and come from there."""
        self._store = store

    def once(self, key: str, ask: Callable[[], T], write: Callable[[T], object], read: Callable[[Any], T]) -> T:
        """The answer to a question, from the store where it is there.

        Of threads with the same question one asks, and the others wait for its answer or fail with it: together they
        would pay for it more than once. Without a store every question is asked, as the checks of the numbers need.

        Args:
            key: of the question.
            ask: asks it.
            write: makes plain JSON of an answer.
            read: the inverse.
        """
        store = self._store
        if store is None:
            return ask()
        own: Future[None] = Future()
        with self._lock:
            is_kept = key in store
            first = own if is_kept else self._under_way.setdefault(key, own)
        if not is_kept and first is own:
            return self._asked(store, key, ask, write, own)
        if not is_kept:
            first.result()
        with self._lock:
            kept = store.get(key)
        return read(kept)

    def _asked(
        self, store: Store, key: str, ask: Callable[[], T], write: Callable[[T], object], own: "Future[None]"
    ) -> T:
        """Asks for all who wait, and keeps the answer before they are told."""
        try:
            answer = ask()
            with self._lock:
                store.put(key, write(answer))
        except BaseException as error:
            own.set_exception(error)
            raise
        else:
            own.set_result(None)
            return answer
        finally:
            with self._lock:
                del self._under_way[key]
