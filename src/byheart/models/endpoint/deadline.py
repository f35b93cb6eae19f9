"""One moment by which a whole try must be over; the HTTP client itself bounds each of its steps alone."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

from byheart.models.endpoint.limits import Clock

_PIECE_BYTES = 1 << 16
"""bytes sent between two looks at the clock."""


class Deadline:
    """When the try of each thread must be over.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of_thread = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Inside the block all of this thread's waiting for the network together takes no longer."""
        self._of_thread.end = self._clock() + seconds
        try:
            yield
        finally:
            self._of_thread.end = None

    def left(self, step: float | None, passed: type[Exception]) -> float | None:
        """How long one step may wait.

        Args:
            step: seconds that the client grants it; None for any.
            passed: raised where no time is left.
        """
        end = getattr(self._of_thread, "end", None)
        if end is None:
            return step
        left = float(end) - self._clock()
        if left <= 0.0:
            raise passed("the try took too long")
        return left if step is None else min(step, left)

    def bind(self, client: httpx2.Client) -> None:
        """From now on the client keeps to it, also through proxies."""
        for transport in (client._transport, *client._mounts.values()):
            if isinstance(transport, httpx2.HTTPTransport):
                # The client has no public place for it; each of its pools takes one, and opens every connection by it.
                pool = transport._pool
                pool._network_backend = _Network(pool._network_backend, self)


class _Network(httpcore2.NetworkBackend):
    def __init__(self, inner: httpcore2.NetworkBackend, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._deadline.left(timeout, httpcore2.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(stream, self._deadline)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            left = self._deadline.left(timeout, httpcore2.WriteTimeout)
            self._inner.write(buffer[start : start + _PIECE_BYTES], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self._deadline.left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
