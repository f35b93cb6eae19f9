"""A real HTTP server on this machine that serves our predictors as OpenAI-compatible servers do, faults included."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import numpy as np

from byheart.core.decoding import Decoding
from byheart.core.predictor import Distributes, Samples
from byheart.core.token_scores import TokenScores, token_scores
from byheart.core.tokens import Floats, TokenIds
from byheart.corpus.tokenizer import Tokenizer

MODEL = "tiny"


@dataclass(frozen=True)
class Reply:
    """What goes over the wire instead of an answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    announced_bytes: int | None = None
    """Content-Length, where it is to lie."""
    pause_seconds: float = 0.0
    """Between the bytes of the body."""
    header_pause_seconds: float = 0.0
    """Between the bytes of a header."""


Fault = Callable[[int, str, dict[str, Any]], Reply | None]
"""Number of the request from 1, path and body; None answers truly."""


class Model(Distributes, Samples, Protocol):
    """What is served: rows are all that a server has."""


@dataclass
class Offer:
    """What the server serves and how."""

    model: Model
    tokenizer: Tokenizer
    takes_token_ids: bool = True
    prompt_logprobs: bool = True
    echo: bool = True
    completions: bool = True
    chat: bool = True
    generated_logprobs: bool = True
    extras: bool = True
    max_logprobs: int = 1 << 20
    tells_ranks: bool = True
    puts_start: bool = False
    """Before a text, by itself."""
    is_shifted: bool = False
    """Beside each echoed token stands the distribution after it, as llama-cpp-python has it."""
    max_model_len: int | None = None
    key: str = ""
    fault: Fault | None = None
    change: Callable[[dict[str, Any], dict[str, Any]], None] | None = None
    """Alters a true answer in place; given the request and the answer."""
    rows: dict[bytes, Floats] = field(default_factory=dict)
    """Distributions that were computed before, by context."""
    token_texts: dict[int, str] = field(default_factory=dict)
    """Texts of tokens that were asked for before."""
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Paths and bodies of all requests, in order."""
    under_way: int = 0
    most_under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def distributions(self, text: TokenIds, extra: int = 0) -> Floats:
        """The distribution before each token, and where asked the one after the last, [N + extra, V]."""
        contexts = [text[:stop].astype(np.int32) for stop in range(text.size + extra)]
        missing = [context for context in contexts if context.tobytes() not in self.rows]
        if missing:
            with self.lock:
                for context, row in zip(missing, self.model.next_log_probabilities_nats(missing), strict=True):
                    self.rows[context.tobytes()] = row
        return np.array([self.rows[context.tobytes()] for context in contexts]).reshape(len(contexts), -1)

    @property
    def num_requests(self) -> int:
        return len(self.seen)


class _Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _ids(offer: Offer, prompt: str | list[int]) -> TokenIds:
    """Token ids of a prompt; where the text of the end token stands is that token, as in real servers."""
    if isinstance(prompt, list):
        if not offer.takes_token_ids:
            raise _Refusal(422, "prompt must be a string")
        return np.array(prompt, dtype=np.int32)
    end = np.array([offer.tokenizer.end_id], dtype=np.int32)
    found = [end] if offer.puts_start else []
    for part in prompt.split(offer.tokenizer.end_token):
        found += [offer.tokenizer.encode(part).token_ids, end]
    return np.concatenate(found[:-1])


def _after_start(offer: Offer, ids: TokenIds) -> TokenIds:
    """What our predictors take as a context: they put the start token themselves."""
    return ids[1:] if ids.size and ids[0] == offer.tokenizer.end_id else ids


def _token_text(offer: Offer, token_id: int) -> str:
    if token_id == offer.tokenizer.end_id:
        return offer.tokenizer.end_token
    if token_id not in offer.token_texts:
        offer.token_texts[token_id] = offer.tokenizer.decode(np.array([token_id], dtype=np.int32))
    return offer.token_texts[token_id]


def _top(offer: Offer, row: Floats, own: int, num: int) -> dict[int, tuple[float, int]]:
    """Log-probability and rank of the most probable tokens and of one other."""
    order = np.argsort(-row, kind="stable")
    found = {int(one): (float(row[one]), rank) for rank, one in enumerate(order[:num], start=1)}
    return found | {own: (float(row[own]), 1 + int(np.flatnonzero(order == own)[0]))}


def _checked(offer: Offer, body: dict[str, Any], name: str) -> int:
    wanted = int(body[name])
    if wanted > offer.max_logprobs:
        raise _Refusal(400, f"Requested {name} of {wanted}, which is greater than max allowed: {offer.max_logprobs}")
    return wanted


def _completion(offer: Offer, body: dict[str, Any]) -> dict[str, Any]:
    if not offer.completions:
        raise _Refusal(404, "Not Found")
    ids = _ids(offer, body["prompt"])
    written = _write(offer, _after_start(offer, ids), body)
    choice: dict[str, Any] = {
        "index": 0,
        "text": offer.tokenizer.decode(written),
        "finish_reason": _finish(written, body),
    }
    scored = _after_start(offer, ids)
    rows = offer.distributions(scored)
    first = ids.size - scored.size
    if "prompt_logprobs" in body and offer.prompt_logprobs:
        num = _checked(offer, body, "prompt_logprobs")
        choice["prompt_logprobs"] = [None] * first + [
            {
                str(one): {"logprob": nats, "decoded_token": _token_text(offer, one)}
                | ({"rank": rank} if offer.tells_ranks else {})
                for one, (nats, rank) in _top(offer, row, own, num).items()
            }
            for row, own in zip(rows, scored.tolist(), strict=True)
        ]
    if "logprobs" in body and (offer.generated_logprobs or body.get("echo")):
        num = _checked(offer, body, "logprobs")
        echo = bool(body.get("echo") and offer.echo)
        rows = offer.distributions(scored, 1)[1:] if offer.is_shifted else rows
        choice["logprobs"] = _legacy(offer, ids if echo else ids[:0], rows if echo else rows[:0], scored, written, num)
    if body.get("return_token_ids"):
        choice["token_ids"] = written.tolist()
    return _answer(choice, ids.size, written.size)


def _legacy(offer: Offer, ids: TokenIds, rows: Floats, scored: TokenIds, written: TokenIds, num: int) -> dict[str, Any]:
    first = ids.size - len(rows)
    found: dict[str, Any] = {"tokens": [_token_text(offer, one) for one in ids.tolist()]}
    found["token_logprobs"] = [None] * first + [float(row[one]) for row, one in zip(rows, scored, strict=False)]
    found["top_logprobs"] = [None] * first + [
        _named(offer, row, one, num) for row, one in zip(rows, scored, strict=False)
    ]
    for stop in range(written.size):
        row = offer.distributions(np.concatenate([scored, written[:stop]]), 1)[-1]
        found["tokens"].append(_token_text(offer, int(written[stop])))
        found["token_logprobs"].append(float(row[written[stop]]))
        found["top_logprobs"].append(_named(offer, row, int(written[stop]), num))
    return found


def _named(offer: Offer, row: Floats, own: int, num: int) -> dict[str, float]:
    return {_token_text(offer, one): nats for one, (nats, _) in _top(offer, row, int(own), num).items()}


def _write(offer: Offer, context: TokenIds, body: dict[str, Any]) -> TokenIds:
    fields = {"top_k", "min_p", "return_token_ids"} & set(body)
    if fields and not offer.extras:
        raise _Refusal(422, f"Unexpected fields in the request: {fields}")
    decoding = Decoding(temperature=body["temperature"], top_p=body.get("top_p", 1.0), top_k=body.get("top_k") or None)
    rng = np.random.default_rng(body.get("seed"))
    return offer.model.sample([context], decoding, body["max_tokens"], rng=rng)[0]


def _finish(written: TokenIds, body: dict[str, Any]) -> str:
    return "length" if written.size == body["max_tokens"] else "stop"


def _chat(offer: Offer, body: dict[str, Any]) -> dict[str, Any]:
    if not offer.chat:
        raise _Refusal(404, "Not Found")
    context = offer.tokenizer.encode(body["messages"][-1]["content"]).token_ids
    written = _write(offer, context, body)
    message = {"role": "assistant", "content": offer.tokenizer.decode(written)}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": _finish(written, body)}
    if body.get("logprobs") and offer.generated_logprobs:
        if body["top_logprobs"] > offer.max_logprobs:
            raise _Refusal(400, "top_logprobs too large")
        legacy = _legacy(offer, context[:0], np.empty((0, 0)), context, written, body["top_logprobs"])
        choice["logprobs"] = {
            "content": [
                {"token": token, "logprob": nats, "top_logprobs": [{"token": t, "logprob": n} for t, n in top.items()]}
                for token, nats, top in zip(
                    legacy["tokens"], legacy["token_logprobs"], legacy["top_logprobs"], strict=True
                )
            ]
        }
    return _answer(choice, context.size, written.size)


def _answer(choice: dict[str, Any], prompt_tokens: int, written_tokens: int) -> dict[str, Any]:
    total = prompt_tokens + written_tokens
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": written_tokens, "total_tokens": total}
    return {"id": "x", "object": "text_completion", "model": MODEL, "choices": [choice], "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _serve(self, body: dict[str, Any]) -> None:
        offer: Offer = self.server.offer  # type: ignore[attr-defined]
        with offer.lock:
            offer.seen.append((self.path, body))
            number = len(offer.seen)
            offer.under_way += 1
            offer.most_under_way = max(offer.most_under_way, offer.under_way)
        try:
            self._reply(self._answered(offer, number, body))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with offer.lock:
                offer.under_way -= 1

    def _answered(self, offer: Offer, number: int, body: dict[str, Any]) -> Reply:
        fault = None if offer.fault is None else offer.fault(number, self.path, body)
        if fault is not None:
            return fault
        if offer.key and self.headers.get("Authorization") != f"Bearer {offer.key}":
            return _json(401, {"error": {"message": f"Incorrect API key: {self.headers.get('Authorization')}"}})
        try:
            if self.path == "/v1/models":
                entry = {"id": MODEL, "object": "model", "created": number, "owned_by": "tests"}
                entry |= {} if offer.max_model_len is None else {"max_model_len": offer.max_model_len}
                answer: dict[str, Any] = {"object": "list", "data": [entry]}
            elif self.path == "/v1/completions":
                answer = _completion(offer, body)
            elif self.path == "/v1/chat/completions":
                answer = _chat(offer, body)
            else:
                raise _Refusal(404, "Not Found")
        except _Refusal as refusal:
            return _json(refusal.status, {"error": {"message": str(refusal)}})
        if offer.change is not None:
            offer.change(body, answer)
        return _json(200, answer)

    def _reply(self, reply: Reply) -> None:
        if reply.status == 0:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        length = len(reply.body) if reply.announced_bytes is None else reply.announced_bytes
        self.send_header("Content-Length", str(length))
        if reply.header_pause_seconds:
            self.flush_headers()
            self._drip(b"X-Slow: " + b"a" * 200 + b"\r\n", reply.header_pause_seconds)
        self.end_headers()
        if reply.pause_seconds:
            self._drip(reply.body, reply.pause_seconds)
        else:
            self.wfile.write(reply.body)
        if length != len(reply.body):
            self.close_connection = True

    def _drip(self, content: bytes, seconds: float) -> None:
        for start in range(len(content)):
            self.wfile.write(content[start : start + 1])
            self.wfile.flush()
            threading.Event().wait(seconds)


def _json(status: int, value: object) -> Reply:
    return Reply(status, json.dumps(value).encode())


@contextmanager
def serving(offer: Offer, port: int = 0) -> Iterator[str]:
    """The address of a server that runs inside the block."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    server.offer = offer  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1#{MODEL}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def true_scores(offer: Offer, text: TokenIds) -> TokenScores:
    """The definition, from the rows that the server has."""
    return token_scores(text, offer.distributions(text))
