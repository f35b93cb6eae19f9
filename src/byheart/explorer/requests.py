"""What a browser asks, read with distrust: sizes are bounded first, and what is ill-formed is named."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from starlette.requests import Request

from byheart.core.visible import visible_in_line
from byheart.errors import InputError
from byheart.study.exploring.exhibits import Order, ShownPassage, Wanted

LONGEST_BODY = 1_000_000
"""Bytes: a text of control characters takes six times its size as JSON."""
LONGEST_WORDS = 200
"""Characters of a search."""
LARGEST_NUMBER = 1 << 40
_SURROGATES = re.compile("[\ud800-\udfff]")


class TooLongError(Exception):
    """A request is larger than is read."""


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        TooLongError: more than LONGEST_BODY.
        InputError: it is no JSON object.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            raise TooLongError(f"A request has at most {LONGEST_BODY:,} bytes.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("The request is no JSON.", why=str(error)[:200]) from error
    if not isinstance(found, dict):
        raise InputError("The request is no JSON object.")
    return found


def asked_text(body: Mapping[str, Any], name: str, longest_bytes: int) -> tuple[str, str]:
    """A text of a request, and what was done to it, "" where nothing was.

    Args:
        body: of the request.
        name: of the text.
        longest_bytes: UTF-8 that is allowed.
    Raises:
        InputError: there is none.
        TooLongError: it is longer.
    """
    text = body.get(name)
    if not isinstance(text, str):
        raise InputError(f"The request has no text {name!r}.")
    whole, halves = _SURROGATES.subn("\N{REPLACEMENT CHARACTER}", text)
    size = len(whole.encode())
    if size > longest_bytes:
        raise TooLongError(f"A text has at most {longest_bytes:,} bytes here, and this one has {size:,}.")
    return whole, f"{halves:,} halves of characters (lone surrogates) stand as U+FFFD." if halves else ""


class Query:
    """The query of an address.

    Args:
        parameters: as sent.
    """

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters

    def text(self, name: str) -> str:
        """A few words, "" where there are none."""
        return self._parameters.get(name, "")[:LONGEST_WORDS]

    def number(self, name: str, default: int) -> int:
        """A whole number, at least 0, for a page at least 1; the default where it is none.

        Args:
            name: of the parameter.
            default: its least value, too, where that is 1.
        """
        given = self._parameters.get(name, "")
        if not re.fullmatch(r"[0-9]{1,13}", given):
            return default
        return min(LARGEST_NUMBER, max(int(given), 1 if default == 1 else 0))

    def wanted(self, passages: Sequence[ShownPassage]) -> Wanted:
        """Which passages are asked for; names are those that the page shows."""
        recited, order = self.text("recited"), self.text("order")
        subjects = {visible_in_line(passage.subject): passage.subject for passage in passages}
        audits = {visible_in_line(passage.audit): passage.audit for passage in passages}
        return Wanted(
            subject=subjects.get(self.text("subject"), ""),
            audit=audits.get(self.text("audit"), ""),
            recited=recited if recited in ("yes", "no") else "",  # type: ignore[arg-type]
            least_occurrences=self.number("occurrences", 0),
            words=self.text("words"),
            order=order if order in get_args(Order) else "report",  # type: ignore[arg-type]
        )
