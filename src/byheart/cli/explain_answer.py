"""What `byheart explain` answers a person."""

from collections.abc import Iterator, Mapping, Sequence

from byheart.report.wrapping import BOLD, FAINT, Piece, wrapped
from byheart.study.meanings import Meaning

_HEADING_COLUMNS = 14
_NARROW = 60
"""With fewer columns a heading stands above its text."""
_HEADS = {"number": "Numbers", "audit": "Audits", "memorizer": "Memorizers", "word": "Words"}


def explained_lines(found: Sequence[Meaning], width: int) -> Iterator[Piece]:
    """Each meaning: what it is, then its facts under their headings.

    Args:
        found: at least one.
        width: columns of the terminal.
    """
    for at, meaning in enumerate(found):
        if at:
            yield "\n", {}
        yield meaning.name, BOLD
        yield f"  ({meaning.kind})\n", FAINT
        yield from ((f"{line}\n", {}) for line in wrapped(meaning.said, width))
        yield "\n", {}
        for heading, text in meaning.facts:
            yield from _fact(heading, text, width)


def _fact(heading: str, text: str, width: int) -> Iterator[Piece]:
    if width < _NARROW:
        yield f"{heading}\n", FAINT
        yield from ((f"{line}\n", {}) for line in wrapped(text, width, indent="  "))
        return
    indent = " " * _HEADING_COLUMNS
    first, *rest = wrapped(text, width, indent=indent)
    yield f"{heading:<{_HEADING_COLUMNS}}", FAINT
    yield f"{first[_HEADING_COLUMNS:]}\n", {}
    yield from ((f"{line}\n", {}) for line in rest)


def listed_lines(known: Mapping[str, Sequence[str]], width: int) -> Iterator[Piece]:
    """Every name that can be explained, by kind, numbers by audit.

    Args:
        known: names by kind.
        width: columns of the terminal.
    """
    for kind, names in known.items():
        yield f"{_HEADS[kind]}\n", BOLD
        groups = _by_audit(names) if kind == "number" else [", ".join(names)]
        for group in groups:
            yield from ((f"{line}\n", {}) for line in wrapped(group, width, indent="    ", first="  "))
        yield "\n", {}
    yield "byheart explain NAME says what one of them means.\n", FAINT


def _by_audit(names: Sequence[str]) -> Iterator[str]:
    for audit in dict.fromkeys(name.partition(".")[0] for name in names):
        yield f"{audit}.  " + ", ".join(n.partition(".")[2] for n in names if n.startswith(f"{audit}."))
