"""How hard an endpoint may be asked, how much may be spent on it, and how long it may take."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from byheart.errors import BackendError, InputError

Clock = Callable[[], float]
Sleep = Callable[[float], None]


_DAY_SECONDS = 86_400.0
_MOST_COUNTED = float(1 << 53)
_RANGES: Mapping[str, tuple[float, float]] = {
    "timeout_seconds": (1e-3, _DAY_SECONDS),
    "max_tries": (1, 1_000),
    "longest_wait_seconds": (1e-3, _DAY_SECONDS),
    "concurrency": (1, 1_000),
    "requests_per_second": (1e-5, 1e6),
    "max_requests": (1, _MOST_COUNTED),
    "max_tokens": (1, _MOST_COUNTED),
    "max_answer_bytes": (1, 1 << 40),
}
"""Least and most of each limit: beyond them a wait or a count is no number that a machine can work with."""
OPTIONS = {
    "timeout_seconds": "--timeout",
    "concurrency": "--concurrency",
    "requests_per_second": "--requests-per-second",
    "max_requests": "--max-requests",
    "max_tokens": "--max-tokens",
}
"""How a limit is typed at the command line."""


def range_faults(
    values: Mapping[str, float | None], ranges: Mapping[str, tuple[float, float]], options: Mapping[str, str]
) -> str:
    """What is wrong with some numbers, all at once; empty where nothing is.

    Args:
        values: by name; None where there is no limit.
        ranges: least and most by name.
        options: how a name is typed at the command line, where it can be.
    """
    faults = []
    for name, (least, most) in ranges.items():
        value = values[name]
        # What is no number lies in no range.
        if value is not None and not least <= value <= most:
            typed = f" ({options[name]})" if name in options else ""
            faults.append(f"{name}{typed} must be in [{least:g}, {most:g}], got {value}")
    return "; ".join(faults)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What byheart grants itself; every limit has a default that harms no server."""

    timeout_seconds: float = 120.0
    """seconds; of one try, from its beginning to the last byte read, however slowly the bytes come."""
    max_tries: int = 6
    """Tries of one request before it counts as failed, the first included."""
    longest_wait_seconds: float = 60.0
    """seconds; longest pause between two tries, also where the server asks for more."""
    concurrency: int = 4
    """Requests under way at a time."""
    requests_per_second: float | None = None
    """Tries begun per second; None: as fast as answers come."""
    max_requests: int | None = None
    """Tries in all; None: no limit."""
    max_tokens: int | None = None
    """Tokens of prompts and answers in all; None: no limit."""
    max_answer_bytes: int = 64 << 20
    """bytes of one answer."""

    def __post_init__(self) -> None:
        faults = range_faults(vars(self), _RANGES, OPTIONS)
        if faults:
            raise InputError("The limits of an endpoint are ill-formed.", why=faults, next_step="Correct the values.")


class Pace:
    """Lets tries begin no faster than a rate, evenly spaced.

    Args:
        per_second: tries per second; None for no limit.
        clock: seconds.
        sleep: waits for some seconds.
    """

    def __init__(self, per_second: float | None, *, clock: Clock = time.monotonic, sleep: Sleep = time.sleep) -> None:
        self._interval = 0.0 if per_second is None else 1.0 / per_second
        self._clock, self._sleep = clock, sleep
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Returns when the next try may begin."""
        if not self._interval:
            return
        with self._lock:
            now = self._clock()
            begin = max(now, self._next)
            self._next = begin + self._interval
        if begin > now:
            self._sleep(begin - now)


class Budget:
    """Counts what is spent; the first request that would overspend is not sent.

    Args:
        max_requests: tries in all; None for no limit.
        max_tokens: tokens of prompts and answers in all; None for no limit.
    """

    def __init__(self, max_requests: int | None = None, max_tokens: int | None = None) -> None:
        self.max_requests, self.max_tokens = max_requests, max_tokens
        self.requests = 0
        """Tries begun."""
        self.tokens = 0
        """Tokens, as the server counted them; where it did not say, as they were asked for."""
        self._lock = threading.Lock()

    def begin(self, num_tokens: int) -> None:
        """Reserves one try.

        Args:
            num_tokens: most tokens of its prompt and its answer.
        Raises:
            BackendError: it does not fit.
        """
        with self._lock:
            if self.max_requests is not None and self.requests >= self.max_requests:
                raise _spent(f"All {self.max_requests:,} requests are used up.")
            if self.max_tokens is not None and self.tokens + num_tokens > self.max_tokens:
                raise _spent(
                    f"{self.tokens:,} of {self.max_tokens:,} tokens are used up, and the next request may take "
                    f"{num_tokens:,}."
                )
            self.requests += 1
            self.tokens += num_tokens

    def settle(self, reserved_tokens: int, used_tokens: int) -> None:
        """Corrects the tokens of an answered try.

        Args:
            reserved_tokens: what `begin` was told.
            used_tokens: what the server counted.
        """
        with self._lock:
            self.tokens += used_tokens - reserved_tokens


def _spent(why: str) -> BackendError:
    return BackendError(
        "The budget of the endpoint is spent.",
        why=why,
        next_step="Type the same command with a larger budget: what was answered is kept, and it goes on from there.",
    )
