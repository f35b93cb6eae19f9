"""The one filter for text that byheart did not write: every outlet (HTML, terminal, messages) passes it.

Corpora, model outputs and file names are untrusted. Control characters can drive a terminal, bidirectional controls can
reorder a line so that it reads otherwise than it is, lone surrogates crash the writer.
"""

import unicodedata

_KEPT = frozenset("\n\t")
_UNSAFE_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def visible(text: str) -> str:
    """The same text with every invisible or controlling character shown as its code point.

    Definition:
        each character of the categories Cc, Cf, Cs, Co, Cn, Zl, Zp, except newline and tab, becomes ⟨U+XXXX⟩
    Args:
        text: anything, lone surrogates included.
    Returns:
        text that can be encoded as UTF-8 and cannot move a cursor, change direction or hide. It is NOT yet escaped for
        HTML or for rich markup: that is the outlet's own business.
    Source: Unicode Standard, general categories; Unicode Technical Report 36 (security considerations).
    Differs: nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in _UNSAFE_CATEGORIES
        else f"⟨U+{ord(character):04X}⟩"
        for character in text
    )


def visible_in_line(text: str) -> str:
    """As `visible`, line breaks and tabs included: for names and ids, which could forge a line of the answer."""
    return visible(text).replace("\n", "⟨U+000A⟩").replace("\t", "⟨U+0009⟩")
