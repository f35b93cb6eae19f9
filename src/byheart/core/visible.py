"""The one filter for text that byheart did not write: every outlet (HTML, terminal, messages) passes it.

Corpora, model outputs and file names are untrusted. Control characters can drive a terminal, bidirectional controls can
reorder a line so that it reads otherwise than it is, lone surrogates crash the writer.
"""

import unicodedata

_KEPT = frozenset("\n\t")
_UNSAFE_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_IGNORED = frozenset(
    [*"\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"]
    + [
        chr(point)
        for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0D), (0xE0100, 0xE01EF))
        for point in range(first, last + 1)
    ]
)
"""Letters and marks that no font shows, in which text can be hidden; the selectors of text and emoji style are kept."""
_MOST_MARKS = 6
"""Combining marks that one character carries; more are a tower that covers the lines around it."""


class _Shown(dict[int, str | int]):
    """What stands for each character, worked out at its first use."""

    def __missing__(self, point: int) -> str | int:
        character = chr(point)
        is_unsafe = unicodedata.category(character) in _UNSAFE_CATEGORIES or character in _IGNORED
        self[point] = _code_point(character) if is_unsafe and character not in _KEPT else point
        return self[point]


_SHOWN = _Shown()


def visible(text: str) -> str:
    """The same text with every invisible or controlling character shown as its code point.

    Definition:
        each character of the categories Cc, Cf, Cs, Co, Cn, Zl, Zp, except newline and tab, becomes ⟨U+XXXX⟩; so do
        letters and marks that are never drawn (Default_Ignorable_Code_Point, but U+FE0E and U+FE0F), and of several
        combining marks (Mn, Me) in a row those after the sixth
    Args:
        text: anything, lone surrogates included.
    Returns:
        text that can be encoded as UTF-8 and cannot move a cursor, change direction, hide or cover the lines around it.
        It is NOT yet escaped for HTML or for rich markup: that is the outlet's own business.
    Source: Unicode Standard, general categories; Unicode Technical Report 36 (security considerations).
    Differs: nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = text.translate(_SHOWN)
    return shown if shown.isascii() else _without_towers(shown)


def _code_point(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩"


def _without_towers(text: str) -> str:
    height, shown = 0, []
    for character in text:
        height = height + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        shown.append(_code_point(character) if height > _MOST_MARKS else character)
    return "".join(shown)


def visible_in_line(text: str) -> str:
    """As `visible`, line breaks and tabs included: for names and ids, which could forge a line of the answer."""
    return visible(text).replace("\n", "⟨U+000A⟩").replace("\t", "⟨U+0009⟩")
