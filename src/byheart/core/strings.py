"""Every string of a value, however deep: what must be said of all text of a record is said once."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def strings(value: object) -> Iterator[str]:
    """Every string in a value of dataclasses, tuples, lists and dicts, in order; members of enumerations are none."""
    match value:
        case Enum():
            return
        case str():
            yield value
        case tuple() | list():
            for item in value:
                yield from strings(item)
        case dict():
            for pair in value.items():
                yield from strings(pair)
        case _ if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from strings(getattr(value, field.name))


def with_strings(value: T, change: Callable[[str], str], kept: frozenset[str] = frozenset()) -> T:
    """The value with every string changed.

    Args:
        value: of dataclasses, tuples, lists and dicts.
        change: of one string; what it leaves alone it gives back.
        kept: names of fields that stay as they are.
    """
    new: Any = value
    match value:
        case Enum():
            pass
        case str():
            new = change(value)
        case tuple() | list():
            new = type(value)(with_strings(item, change, kept) for item in value)
        case dict():
            new = {with_strings(k, change, kept): with_strings(v, change, kept) for k, v in value.items()}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name not in kept}
            new = dataclasses.replace(value, **{name: with_strings(it, change, kept) for name, it in parts.items()})
    return new


_PLACED = re.compile(r"(?:[A-Za-z][\w+.-]*:)?(?:~|\.{0,2}[/\\])|[A-Za-z]:[/\\]|gguf:")


def without_folders(text: str) -> str:
    """Text without the folders or the host, where it is a path or an address: they say where and for whom one works.

    Definition:
        of text that begins with a slash of either kind, a dot or two and a slash, a tilde, a drive, a scheme and one of
        these, or `gguf:`, what stands after its last slash; other text, such as the name of a model on a hub, as it is
    Args:
        text: for example of a title, untrusted.
    """
    if _PLACED.match(text) is None:
        return text
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1] or "unnamed"
