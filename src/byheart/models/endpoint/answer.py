"""Answers of a server, which is not trusted: every value is checked where it is read, and a fault names its place."""

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from byheart.core.visible import visible_in_line
from byheart.errors import BackendError

MAX_DEPTH = 32
ROUNDING_NATS = 1e-4
"""nats; by so much float32 arithmetic may lift a log-probability over 0."""
LOWEST_NATS = -9000.0
"""nats; some servers write -9999 for minus infinity, which is no number to calculate with."""
_SHOWN = 60


def read_json(body: bytes) -> "Answer":
    """A body as an answer.

    Args:
        body: of bounded size.
    Raises:
        BackendError: it is not an object in JSON, holds NaN or infinity, or is nested too deeply.
    """
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        shown = "nested too deeply" if isinstance(error, RecursionError) else visible_in_line(str(error))[:_SHOWN]
        raise BackendError(
            "The endpoint's answer is not JSON.",
            why=f"Of {len(body):,} bytes: {shown}.",
            next_step="Check that the address ends where the API begins, usually /v1.",
        ) from None
    if _depth(value) > MAX_DEPTH:
        raise wrong_answer("the answer", f"it is nested more than {MAX_DEPTH} deep")
    answer = Answer(value, "")
    if not isinstance(value, dict):
        answer.refuse("an object")
    return answer


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _depth(value: Any) -> int:
    """Depth of lists and objects, found without recursion and no further than needed."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = [item for item in inner if isinstance(item, dict | list)]
        depth += 1
    return depth


def wrong_answer(place: str, why: str) -> BackendError:
    """The error for an answer that cannot be right.

    Args:
        place: which field.
        why: what is wrong with it.
    """
    return BackendError(
        f"The endpoint's answer is wrong at {place}.",
        why=f"{why[:1].upper()}{why[1:]}.",
        next_step="No number was taken from it. Check the server and its version; report it if both are current.",
    )


class Answer:
    """A value of an answer and the place where it stands.

    Args:
        value: as JSON gives it.
        place: path from the top, for messages.
    """

    __slots__ = ("place", "value")

    def __init__(self, value: Any, place: str) -> None:
        self.value = value
        self.place = place

    def refuse(self, expected: str) -> NoReturn:
        """Raises the error for a value of the wrong kind.

        Raises:
            BackendError: always.
        """
        shown = visible_in_line(repr(self.value)[:_SHOWN])
        raise wrong_answer(self.place or "its top", f"it must be {expected}, got {type(self.value).__name__} {shown}")

    def has(self, name: str) -> bool:
        """Whether it is an object with that member, and the member is not null."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def member(self, name: str) -> "Answer":
        """A member of an object.

        Raises:
            BackendError: it is no object, or has no such member.
        """
        if not isinstance(self.value, dict):
            self.refuse("an object")
        place = f"{self.place}.{name}" if self.place else name
        if name not in self.value:
            raise wrong_answer(place, "it is missing")
        return Answer(self.value[name], place)

    def members(self) -> Iterator[tuple[str, "Answer"]]:
        """Names and values of an object.

        Raises:
            BackendError: it is no object.
        """
        if not isinstance(self.value, dict):
            self.refuse("an object")
        for name, value in self.value.items():
            yield name, Answer(value, f"{self.place}[{visible_in_line(name)[:_SHOWN]!r}]")

    def items(self, *, expected: int | None = None) -> "list[Answer]":
        """The items of a list.

        Args:
            expected: how many there must be; None for any number.
        Raises:
            BackendError: it is no list, or has another length.
        """
        if not isinstance(self.value, list):
            self.refuse("a list")
        if expected is not None and len(self.value) != expected:
            raise wrong_answer(self.place, f"it must have {expected:,} items, got {len(self.value):,}")
        return [Answer(item, f"{self.place}[{index}]") for index, item in enumerate(self.value)]

    def text(self) -> str:
        """A text that can be written as UTF-8.

        Raises:
            BackendError: it is no text, or holds half a character.
        """
        if not isinstance(self.value, str):
            self.refuse("a text")
        try:
            self.value.encode()
        except UnicodeEncodeError:
            self.refuse("a text without lone surrogates")
        return self.value

    def whole_number(self, *, least: int = 0, most: int = (1 << 53) - 1) -> int:
        """A whole number.

        Args:
            least: the smallest that can be right.
            most: the largest one.
        Raises:
            BackendError: it is none, or lies outside.
        """
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not least <= self.value <= most:
            self.refuse(f"a whole number from {least} to {most}")
        return self.value

    def log_probability_nats(self) -> float:
        """A log-probability in nats, <= 0.

        Raises:
            BackendError: it is no number, not finite, positive, or stands for minus infinity.
        """
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            self.refuse("a log-probability")
        try:
            nats = float(self.value)
        except OverflowError:
            self.refuse("a log-probability")
        if not math.isfinite(nats) or not LOWEST_NATS < nats <= ROUNDING_NATS:
            self.refuse("a finite log-probability <= 0")
        return min(nats, 0.0)

    def is_minus_infinity(self) -> bool:
        """Whether it is the number that some servers write for the logarithm of zero."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool) and self.value <= LOWEST_NATS
