"""Who may ask the explorer."""

import pytest

from byheart.explorer.guard import Guard

OWN = (b"host", b"127.0.0.1:8321")
JSON = (b"content-type", b"application/json; charset=utf-8")


async def nothing(scope: object, receive: object, send: object) -> None:
    """An application that is never reached."""


def fault(method: str, *headers: tuple[bytes, bytes]) -> str:
    return Guard(nothing, 8321).fault(method, headers)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", (OWN,)),
        ("GET", ((b"host", b"LOCALHOST:8321"),)),
        ("GET", (OWN, (b"sec-fetch-site", b"none"))),
        ("GET", (OWN, (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate"))),
        ("POST", (OWN, JSON, (b"origin", b"http://127.0.0.1:8321"), (b"sec-fetch-site", b"same-origin"))),
    ],
    ids=["plain", "localhost", "typed address", "link from elsewhere to a page", "own page"],
)
def test_the_own_page_and_a_typed_address_are_answered(method: str, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    assert fault(method, *headers) == ""


@pytest.mark.parametrize(
    ("method", "headers", "words"),
    [
        ("GET", (), "Host"),
        ("GET", (OWN, OWN), "Host"),
        ("GET", ((b"host", b"127.0.0.1:8322"),), "Host"),
        ("GET", ((b"host", b"rebound.example:8321"),), "Host"),
        ("GET", (OWN, (b"origin", b"http://rebound.example:8321")), "another site"),
        ("GET", (OWN, (b"origin", b"null")), "another site"),
        ("GET", (OWN, (b"sec-fetch-site", b"same-site")), "another site"),
        ("POST", (OWN, JSON, (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate")), "another site"),
        ("POST", (OWN, (b"content-type", b"text/plain")), "application/json"),
        ("POST", (OWN,), "application/json"),
        ("PUT", (OWN, JSON), "Only GET"),
        ("OPTIONS", (OWN,), "Only GET"),
    ],
)
def test_everyone_else_is_told_why_not(method: str, headers: tuple[tuple[bytes, bytes], ...], words: str) -> None:
    assert words in fault(method, *headers)
