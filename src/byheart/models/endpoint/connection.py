"""The one place that speaks HTTP: asks, waits, tries again, counts what is spent, takes no more than it can hold."""

import logging
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx2

from byheart.core.codec import dumps
from byheart.core.visible import visible_in_line
from byheart.errors import BackendError
from byheart.models.endpoint.address import Address
from byheart.models.endpoint.answer import Answer, read_json, wrong_answer
from byheart.models.endpoint.deadline import Deadline
from byheart.models.endpoint.key import Key
from byheart.models.endpoint.limits import Budget, Clock, Limits, Pace, Sleep
from byheart.models.endpoint.retrying import WORTH_ANOTHER_TRY, wait_seconds

T = TypeVar("T")
R = TypeVar("R")

_CONNECT_SECONDS = 10.0
_MESSAGE_BYTES = 1 << 14
_MESSAGE_CHARACTERS = 300
_MOST_TOKENS = 1 << 32
"""No request costs so many."""
_log = logging.getLogger(__name__)


class Refused(BackendError):
    """The server understood the request and does not serve it; trying again would not help."""


class Unauthorized(BackendError):
    """The server wants another key."""


class _TryAgain(Exception):
    """A failure that may pass."""

    def __init__(self, error: BackendError, retry_after: str | None = None) -> None:
        super().__init__(error.what)
        self.error = error
        self.retry_after = retry_after


class Connection:
    """A server, within limits. Threads may share it.

    Args:
        address: where it is.
        key: what it is shown.
        limits: how hard it may be asked.
        clock: seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        address: Address,
        *,
        key: Key,
        limits: Limits,
        clock: Clock = time.monotonic,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.address, self.limits = address, limits
        self.budget = Budget(limits.max_requests, limits.max_tokens)
        self._key, self._sleep = key, sleep
        self._pace = Pace(limits.requests_per_second, clock=clock, sleep=sleep)
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(limits.timeout_seconds, connect=min(_CONNECT_SECONDS, limits.timeout_seconds)),
            limits=httpx2.Limits(max_connections=limits.concurrency),
            # Redirects would carry the key elsewhere. A proxy has no business with what stays on this machine.
            follow_redirects=False,
            trust_env=not address.is_on_this_machine,
            # A packed answer may unpack to any size.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **key.headers()},
        )
        # The client's own timeouts are for each piece, and a server may drip, headers included.
        self._deadline = Deadline(clock)
        self._deadline.bind(self._client)
        # A study may fail on any road before it comes to close what it opened.
        self._end = weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Ends the connection; one that is forgotten ends by itself."""
        self._end()

    def get(self, path: str, *, max_tries: int | None = None) -> Answer:
        """Asks without a body.

        Args:
            path: behind the address's base, with a slash before it.
            max_tries: fewer tries than the limits grant; None for as many.
        Raises:
            BackendError: no right answer, and why.
        """
        return self._ask("GET", path, None, 0, max_tries)

    def post(self, path: str, body: Mapping[str, Any], *, reserved_tokens: int, max_tries: int | None = None) -> Answer:
        """Asks with a body in JSON.

        Args:
            path: behind the address's base, with a slash before it.
            body: finite numbers, texts, lists and objects.
            reserved_tokens: most tokens that it may cost.
            max_tries: fewer tries than the limits grant; None for as many.
        Raises:
            Refused: the server does not serve such a request.
            Unauthorized: it wants another key.
            BackendError: no right answer after all tries, or the budget is spent.
        """
        return self._ask("POST", path, dumps(body).encode("ascii"), reserved_tokens, max_tries)

    def map(self, ask: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Results in the order of the items, a few requests at a time; the first error ends it.

        Args:
            ask: makes one request.
            items: what to ask about.
        """
        if len(items) <= 1 or self.limits.concurrency == 1:
            return [ask(item) for item in items]
        pool = ThreadPoolExecutor(min(self.limits.concurrency, len(items)), thread_name_prefix="endpoint")
        try:
            return list(pool.map(ask, items))
        finally:
            # What has not begun is not sent after an error or an interrupt.
            pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, method: str, path: str, body: bytes | None, tokens: int, max_tries: int | None) -> Answer:
        tries = self.limits.max_tries if max_tries is None else min(max_tries, self.limits.max_tries)
        for number in range(1, tries + 1):
            self.budget.begin(tokens)
            self._pace.wait()
            try:
                answer = self._try(method, path, body)
            except _TryAgain as failure:
                if number == tries:
                    raise _given_up(failure.error, number) from None
                seconds = wait_seconds(
                    number,
                    failure.retry_after,
                    longest_seconds=self.limits.longest_wait_seconds,
                    now=datetime.now(UTC),
                )
                _log.debug("try %d failed (%s), next in %.1f s", number, failure.error.why, seconds)
                self._sleep(seconds)
                continue
            used = answer.value.get("usage") if tokens else None
            total = used.get("total_tokens") if isinstance(used, dict) else None
            if isinstance(total, int) and not isinstance(total, bool) and 0 < total < _MOST_TOKENS:
                self.budget.settle(tokens, total)
            return answer
        raise AssertionError("max_tries >= 1")

    def _try(self, method: str, path: str, body: bytes | None) -> Answer:
        url = self.address.base + path
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            with (
                self._deadline.within(self.limits.timeout_seconds),
                self._client.stream(method, url, content=body, headers=headers) as response,
            ):
                status, retry_after = response.status_code, response.headers.get("Retry-After")
                content = self._content(response)
        except httpx2.TimeoutException as error:
            raise _TryAgain(self._failure(f"No answer in time ({type(error).__name__}).")) from None
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise _TryAgain(self._failure(f"{type(error).__name__}: {self._shown(str(error))}")) from None
        if status in WORTH_ANOTHER_TRY:
            raise _TryAgain(self._failure(self._complaint(status, content)), retry_after)
        if status in (401, 403):
            raise Unauthorized(
                f"The endpoint {self._place} does not accept the key.",
                why=self._complaint(status, content),
                next_step="Set BYHEART_API_KEY to a valid key and type the same command again: it goes on from there.",
            )
        if status != 200:
            raise Refused(
                f"The endpoint {self._place} does not serve this request.",
                why=self._complaint(status, content),
                next_step="Check the address, the model's name and what the server supports.",
            )
        if self._key.stands_in(content.decode("utf-8", "replace")):
            raise wrong_answer("the answer", "it repeats the key, so nothing of it is kept")
        try:
            return read_json(content)
        except BackendError as error:
            # Cut off on the way, perhaps.
            raise _TryAgain(error) from None

    def _content(self, response: httpx2.Response) -> bytes:
        """The body, no longer than the limits allow."""
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise wrong_answer("Content-Encoding", "a packed answer came although none was asked for")
        most = self.limits.max_answer_bytes if response.status_code == 200 else _MESSAGE_BYTES
        found = bytearray()
        for chunk in response.iter_raw():
            found += chunk
            if len(found) > most:
                if response.status_code == 200:
                    raise wrong_answer("the answer", f"it is longer than {most:,} bytes")
                break
        return bytes(found)

    @property
    def _place(self) -> str:
        return visible_in_line(self.address.base)

    def _shown(self, text: str) -> str:
        return visible_in_line(self._key.hidden_in(text))[:_MESSAGE_CHARACTERS]

    def _failure(self, why: str) -> BackendError:
        return BackendError(
            f"The endpoint {self._place} does not answer.",
            why=why,
            next_step="See that the server runs, then type the same command again: it goes on from there.",
        )

    def _complaint(self, status: int, content: bytes) -> str:
        """Status and what the server says about it."""
        try:
            said = read_json(content).value
        except BackendError:
            said = content.decode("utf-8", "replace")
        else:
            for name in ("error", "message", "detail"):
                said = said.get(name, said) if isinstance(said, dict) else said
        return f"Status {status}: {self._shown(str(said)).strip()}"


def _given_up(error: BackendError, num_tries: int) -> BackendError:
    tries = "Tried once." if num_tries == 1 else f"Tried {num_tries} times."
    return BackendError(error.what, why=f"{error.why} {tries}".strip(), next_step=error.next_step)
