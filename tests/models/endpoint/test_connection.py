import gzip
import json
import logging
import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from byheart.errors import BackendError, ByheartError
from byheart.models.endpoint.address import read_address
from byheart.models.endpoint.connection import Connection, Refused, Unauthorized
from byheart.models.endpoint.key import Key
from byheart.models.endpoint.limits import Limits, Pace
from byheart.models.endpoint.retrying import wait_seconds
from tests.models.endpoint.conftest import opened, variant
from tests.models.endpoint.server import Fault, Offer, Reply, serving

BODY = {"model": "tiny", "prompt": "The", "max_tokens": 2, "temperature": 0.0}
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


class Line:
    """A connection to a server, and the waits that it made."""

    def __init__(self, connection: Connection, waits: list[float]) -> None:
        self.connection, self.waits = connection, waits

    def ask(self) -> str:
        answer = self.connection.post("/completions", BODY, reserved_tokens=10)
        return str(answer.member("choices").items()[0].member("text").text())


Dial = Callable[..., Line]


@pytest.fixture
def dial(memorizer: Offer) -> Iterator[Dial]:
    """Opens a line to a server with a fault."""
    open_ones: list[Any] = []

    def dialled(fault: Fault | None = None, *, key: str = "", offer: Offer | None = None, **limits: Any) -> Line:
        served = serving(offer or variant(memorizer, fault=fault))
        waits: list[float] = []
        address = read_address(served.__enter__())
        connection = Connection(address, key=Key(key), limits=Limits(**limits), sleep=waits.append)
        open_ones.append((served, connection))
        return Line(connection, waits)

    yield dialled
    for served, connection in open_ones:
        connection.close()
        served.__exit__(None, None, None)


def first(num: int, reply: Reply) -> Fault:
    return lambda number, path, body: reply if number <= num else None


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_that_is_ill_for_a_while_is_asked_again_after_growing_waits(status: int, dial: Dial) -> None:
    line = dial(first(3, Reply(status, b"busy")))
    well = dial()
    assert line.ask() == well.ask()
    assert line.waits == [0.5, 1.0, 2.0]
    assert line.connection.budget.requests == 3 + 1


def test_retry_after_is_kept_and_bounded(dial: Dial) -> None:
    line = dial(first(1, Reply(429, b"{}", (("Retry-After", "7"),))))
    line.ask()
    assert line.waits == [7.0]
    patient = dial(first(1, Reply(503, b"{}", (("Retry-After", "86400"),))), longest_wait_seconds=3.0)
    patient.ask()
    assert patient.waits == [3.0]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 0.5), ("3", 3.0), ("Tue, 24 Nov 2026 12:00:09 GMT", 9.0), ("Tue, 24 Nov 2020 12:00:09 GMT", 0.5)]
    + [(text, 0.5) for text in ("", "soon", "-4", "nan", "1e400", "٣")],
)
def test_retry_after_is_seconds_or_a_date_and_anything_else_counts_as_none(header: str | None, seconds: float) -> None:
    assert wait_seconds(1, header, longest_seconds=60.0, now=NOW) == seconds


def test_waits_double_and_stop_at_the_longest() -> None:
    waits = [wait_seconds(number, None, longest_seconds=60.0, now=NOW) for number in (1, 2, 3, 8, 9, 5000)]
    assert waits == [0.5, 1.0, 2.0, 60.0, 60.0, 60.0]


def test_a_server_that_stays_ill_is_given_up_with_the_reason_and_what_to_do(dial: Dial) -> None:
    line = dial(first(99, Reply(500, b'{"error": {"message": "out of memory"}}')), max_tries=3)
    with pytest.raises(BackendError) as caught:
        line.ask()
    assert caught.value.exit_code == 5
    assert caught.value.why == "Status 500: out of memory Tried 3 times."
    assert "goes on from there" in caught.value.next_step
    assert line.waits == [0.5, 1.0]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(0),
        Reply(200, b'{"choices": [', announced_bytes=500),
        Reply(200, b'{"choices": [{"text": "th'),
        Reply(200, b""),
        Reply(200, b"<html>gateway</html>"),
    ],
    ids=["reset", "broken off", "truncated", "empty", "html"],
)
def test_answers_that_broke_on_the_way_are_asked_for_again(reply: Reply, dial: Dial) -> None:
    line = dial(first(2, reply))
    assert line.ask() == dial().ask()
    assert line.waits == [0.5, 1.0]
    hopeless = dial(first(99, reply), max_tries=2)
    with pytest.raises(BackendError):
        hopeless.ask()


def test_a_dead_host_is_named_and_exits_5() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = read_address(f"http://127.0.0.1:{held.getsockname()[1]}/v1")
        connection = Connection(address, key=Key(""), limits=Limits(max_tries=2), sleep=lambda seconds: None)
        with pytest.raises(BackendError, match="does not answer") as caught:
            connection.get("/models")
        connection.close()
    assert caught.value.exit_code == 5
    assert "ConnectError" in caught.value.why


@pytest.mark.parametrize("pauses", [(0.0, 0.05), (0.0, 5.0), (0.05, 0.0), (5.0, 0.0), (0.0015, 0.0015)])
def test_a_slow_answer_is_cut_off_also_when_its_headers_or_its_body_drip(
    pauses: tuple[float, float], dial: Dial
) -> None:
    """The last ones drip for 0.3 s each, which only together is too long."""
    header_pause, pause = pauses
    body = b'{"choices": []}'.ljust(200)
    reply = Reply(200, body, pause_seconds=pause, header_pause_seconds=header_pause)
    line = dial(first(99, reply), timeout_seconds=0.4, max_tries=2)
    begun = time.monotonic()
    with pytest.raises(BackendError, match="No answer in time"):
        line.ask()
    assert 2 * 0.4 <= time.monotonic() - begun < 2 * 0.4 + 1.0


def test_a_proxy_is_bounded_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    connection = Connection(read_address("https://some.host/v1"), key=Key(""), limits=Limits())
    transports = [connection._client._transport, *connection._client._mounts.values()]
    https = [transport for transport in transports if isinstance(transport, httpx2.HTTPTransport)]
    backends = [type(transport._pool._network_backend).__name__ for transport in https]
    connection.close()
    assert backends == ["_Network"] * len(backends)
    assert len(backends) >= 2


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_larger_than_the_limit_is_refused_at_once(announced: bool, dial: Dial) -> None:
    body = b'{"choices": "' + b"a" * 200_000 + b'"}'
    line = dial(first(99, Reply(200, body)), max_answer_bytes=100_000)
    with pytest.raises(BackendError, match="longer than 100,000 bytes"):
        line.ask()
    assert line.waits == []


def test_a_packed_answer_is_refused_since_nobody_asked_for_one(dial: Dial) -> None:
    packed = gzip.compress(b" " * 10_000_000)
    line = dial(first(99, Reply(200, packed, (("Content-Encoding", "gzip"),))))
    with pytest.raises(BackendError, match="wrong at Content-Encoding"):
        line.ask()


def test_what_the_server_does_not_serve_is_not_asked_twice(dial: Dial) -> None:
    line = dial(first(99, Reply(404, b'{"detail": "Not Found"}')))
    with pytest.raises(Refused, match="Status 404: Not Found"):
        line.ask()
    assert line.waits == []


def test_a_redirect_is_not_followed(dial: Dial) -> None:
    other = dial()
    place = other.connection.address.base + "/completions"
    line = dial(first(99, Reply(307, b"", (("Location", place),))), key="sk-planted-0123456789")
    with pytest.raises(Refused, match="Status 307"):
        line.ask()


def test_a_budget_of_requests_stops_before_the_next_one_is_sent(memorizer: Offer, dial: Dial) -> None:
    offer = variant(memorizer)
    line = dial(offer=offer, max_requests=2)
    line.ask()
    line.ask()
    with pytest.raises(BackendError) as caught:
        line.ask()
    assert offer.num_requests == 2
    assert caught.value.exit_code == 5
    assert caught.value.why == "All 2 requests are used up."
    assert "same command" in caught.value.next_step


def test_a_budget_of_tokens_counts_what_the_server_counted(memorizer: Offer, dial: Dial) -> None:
    offer = variant(memorizer)
    line = dial(offer=offer, max_tokens=17)
    line.ask()
    used = line.connection.budget.tokens
    # One token of "The" and two written: the server's count, not the ten reserved.
    assert used == 1 + 2
    line.ask()
    line.ask()
    with pytest.raises(BackendError, match="9 of 17 tokens are used up, and the next request may take 10"):
        line.ask()
    assert offer.num_requests == 3


def test_tries_that_failed_count_against_the_budget(dial: Dial) -> None:
    line = dial(first(99, Reply(500, b"")), max_requests=2)
    with pytest.raises(BackendError, match="budget"):
        line.ask()
    assert line.waits == [0.5, 1.0]


def test_no_more_requests_are_under_way_than_allowed_and_results_keep_their_order(memorizer: Offer, dial: Dial) -> None:
    barrier = threading.Semaphore(0)

    def slow(number: int, path: str, body: dict[str, Any]) -> Reply:
        barrier.acquire(timeout=0.02)
        return Reply(200, json.dumps({"echo": body["prompt"]}).encode())

    offer = variant(memorizer, fault=slow)
    line = dial(offer=offer, concurrency=3)

    def ask(number: int) -> int:
        answer = line.connection.post("/completions", {"prompt": number}, reserved_tokens=1)
        return answer.member("echo").whole_number()

    assert line.connection.map(ask, list(range(20))) == list(range(20))
    assert 1 < offer.most_under_way <= 3


def test_after_an_error_the_rest_is_not_sent(memorizer: Offer, dial: Dial) -> None:
    offer = variant(memorizer, fault=first(99, Reply(404, b"")))
    line = dial(offer=offer, concurrency=2)
    with pytest.raises(Refused):
        line.connection.map(lambda number: line.ask(), list(range(50)))
    assert offer.num_requests < 10


def test_a_pace_spaces_requests_evenly() -> None:
    now, waits = [100.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(0.5, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        pace.wait()
    now[0] += 10.0
    pace.wait()
    # Half a request per second: one every 1/0.5 seconds; after a pause the next goes at once.
    assert waits == [1 / 0.5, 1 / 0.5]


PLANTED = "sk-planted-7c1f9e55d0b94b62"


def test_a_wrong_key_says_what_to_set_and_does_not_show_the_key(memorizer: Offer, dial: Dial) -> None:
    line = dial(offer=variant(memorizer, key="sk-the-right-one"), key=PLANTED)
    with pytest.raises(Unauthorized, match="BYHEART_API_KEY") as caught:
        line.ask()
    assert caught.value.exit_code == 5
    # The server repeats the key in its complaint.
    assert "Bearer [key]" in caught.value.why
    assert line.waits == []


def test_the_key_is_found_nowhere_but_in_the_request(
    memorizer: Offer, tmp_path: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2", "byheart"):
        caplog.set_level(logging.DEBUG, logger=name)
    texts: list[str] = []
    offer = variant(memorizer, key=PLANTED)
    with serving(offer) as spec:
        from byheart.models.endpoint.opening import open_endpoint

        endpoint = open_endpoint(spec, tokenizer=offer.tokenizer, environment={"BYHEART_API_KEY": PLANTED})
        values = [endpoint, endpoint.connection, endpoint.found, endpoint.name, endpoint.fingerprint, Key(PLANTED)]
        texts += [repr(value) + str(value) + repr(getattr(value, "__dict__", "")) for value in values]
        texts += [repr(body) for _, body in offer.seen]
        for fault in (
            Reply(500, PLANTED.encode()),
            Reply(404, json.dumps({"error": {"message": f"no {PLANTED}"}}).encode()),
            Reply(401, PLANTED.encode()),
            Reply(200, json.dumps({"choices": [{"text": PLANTED}]}).encode()),
        ):
            offer.fault = first(10_000, fault)
            with pytest.raises(ByheartError) as caught:
                endpoint.connection.post("/completions", BODY, reserved_tokens=4, max_tries=1)
            texts.append(repr(caught.value) + str(caught.value) + repr(caught.value.__cause__))
        endpoint.connection.close()
    with pytest.raises(TypeError, match="not to be stored"):
        pickle.dumps(Key(PLANTED))
    captured = capfd.readouterr()
    texts += [captured.out, captured.err, caplog.text]
    assert len(caplog.text) > 1000
    assert [text for text in texts if PLANTED in text or PLANTED[3:] in text] == []


def test_an_answer_that_repeats_the_key_is_not_kept(memorizer: Offer, dial: Dial) -> None:
    reply = Reply(200, json.dumps({"choices": [{"text": f"here: {PLANTED}"}]}).encode())
    line = dial(first(99, reply), key=PLANTED)
    with pytest.raises(BackendError, match="repeats the key"):
        line.ask()


def test_one_server_serves_several_threads(memorizer: Offer) -> None:
    with opened(variant(memorizer), limits=Limits(concurrency=8)) as endpoint:
        ids = [endpoint.tokenizer.encode("The café")] * 16
        assert endpoint.connection.map(lambda one: one.token_ids.size, ids) == [ids[0].token_ids.size] * 16
