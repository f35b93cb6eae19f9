"""Who may ask: a page of this very server in a browser on this very machine, and what the browser may do with answers.

A page of another site can make a browser send requests to 127.0.0.1. Its own name may be made to point there (DNS
rebinding), so that the Host header is checked; a form or script of it names its site in Origin or Sec-Fetch-Site.
"""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
"""Of the report, which carries its style inside; it has no scripts, and may not have any here."""
_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
_METHODS = ("GET", "HEAD", "POST")
_JSON = b"application/json"


class Guard:
    """Refuses foreign requests, and tells the browser to keep answers to itself.

    Args:
        app: what is guarded.
        port: that the server listens on.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}
        self._origins = {b"http://" + host for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it with 403."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no websockets here
            return
        why = self.fault(scope["method"], scope["headers"])
        if why:
            await _refuse(send, why)
            return
        await self._app(scope, receive, _with_headers(send))

    def fault(self, method: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Why a request is refused; "" when it is not.

        Args:
            method: of the request.
            headers: of the request, names in lower case.
        """
        given: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            given.setdefault(name, []).append(value)
        if method not in _METHODS:
            return "Only GET, HEAD and POST are answered here."
        if len(given.get(b"host", ())) != 1 or given[b"host"][0].lower() not in self._hosts:
            return "The Host header is not that of this server: open the address that byheart serve printed."
        if any(origin.lower() not in self._origins for origin in given.get(b"origin", ())):
            return "The request comes from a page of another site."
        is_page = method != "POST" and given.get(b"sec-fetch-mode") == [b"navigate"]
        if not is_page and any(site not in (b"same-origin", b"none") for site in given.get(b"sec-fetch-site", ())):
            return "The request comes from a page of another site."
        if method == "POST" and [v.partition(b";")[0].strip() for v in given.get(b"content-type", ())] != [_JSON]:
            return "Questions are sent as application/json."
        return ""


async def _refuse(send: Send, why: str) -> None:
    headers = {b"content-type": b"text/plain; charset=utf-8", b"connection": b"close"} | _HEADERS
    await send({"type": "http.response.start", "status": 403, "headers": list(headers.items())})
    await send({"type": "http.response.body", "body": why.encode() + b"\n"})


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            missing = [(name, value) for name, value in _HEADERS.items() if name not in own]
            message = {**message, "headers": [*message["headers"], *missing]}
        await send(message)

    return sent
