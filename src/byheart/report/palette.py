"""Every colour of the figures, with the one that stands for it on a dark page.

Figures are drawn once, in the colours of the light page. On a dark screen a rule of the style sheet takes the place of
each colour, so that the drawing needs no script and no second copy. Print is always light.
"""

from typing import NamedTuple


class Tone(NamedTuple):
    """One colour by its name on both pages."""

    light: str
    """As written into the drawing."""
    dark: str
    """What a dark screen shows in its place."""


PAPER = Tone("#FFFFFF", "#15181B")
INK = Tone("#1A1A1A", "#ECECEC")
SOFT = Tone("#555555", "#B4B8BC")
GRID = Tone("#E7E7E7", "#2F343A")
AXIS = Tone("#999999", "#6F757B")

MODEL = Tone("#0072B2", "#4FAEE8")
BASE = Tone("#3C9AD2", "#A9DAF7")
LOOKUP = Tone("#D55E00", "#F08C3E")
BLIND = Tone("#7F7F7F", "#9A9A9A")
MEMORIZER = Tone("#7A5C3E", "#C6A17F")
SHARED = Tone("#4D4D4D", "#C9C9C9")

BASE_TEXT = Tone("#1F6E9F", "#A9DAF7")
LOOKUP_TEXT = Tone("#B34C00", "#F5A15F")
BLIND_TEXT = Tone("#666666", "#B0B0B0")
"""Words are thinner than marks, so they need more contrast than these colours have."""

VERBATIM = MODEL
NEARLY = Tone("#5AAEDD", "#3580AE")
AT_RISK = Tone("#A6D3F0", "#275777")
KEPT = Tone("#8C8C8C", "#8A8A8A")
OUTLINE = Tone("#BDBDBD", "#5A6066")
"""Of the map of works: the more came out, the farther from the paper."""

ON_COLOUR = Tone("#161616", "#161616")
"""Words on the explanations' colours, which stay as they are on both pages."""

TONES = (
    *(PAPER, INK, SOFT, GRID, AXIS),
    *(MODEL, BASE, LOOKUP, BLIND, MEMORIZER, SHARED),
    *(BASE_TEXT, LOOKUP_TEXT, BLIND_TEXT),
    *(NEARLY, AT_RISK, KEPT, OUTLINE),
)
"""All that change on a dark page, each once."""

_TEXT = {BASE.light: BASE_TEXT.light, LOOKUP.light: LOOKUP_TEXT.light, BLIND.light: BLIND_TEXT.light}


def text_colour(mark_colour: str) -> str:
    """The colour of words beside marks of that colour: the same, or a darker one where it is too pale to read."""
    return _TEXT.get(mark_colour, mark_colour)


def dark_rules() -> str:
    """Rules of the style sheet for a dark page, one for each colour and each way to use it in a drawing."""
    return "\n".join(
        f'  svg [{use}="{tone.light}" i] {{ {use}: {tone.dark}; }}' for tone in TONES for use in ("fill", "stroke")
    )


def relative_luminance(colour: str) -> float:
    """How light a colour is, and the grey that it is printed as.

    Definition:
        0.2126 R + 0.7152 G + 0.0722 B of the linear sRGB components
    Args:
        colour: "#RRGGBB".
    Returns:
        0 for black to 1 for white.
    Source: W3C, Web Content Accessibility Guidelines 2.2, relative luminance.
    Differs: nothing.
    """
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How well one colour is seen on the other.

    Definition:
        (L1 + 0.05) / (L2 + 0.05) of the lighter and the darker relative luminance
    Args:
        one: "#RRGGBB".
        other: "#RRGGBB".
    Returns:
        1 for equal colours to 21 for black on white; text needs 4.5, marks 3.
    Source: W3C, Web Content Accessibility Guidelines 2.2, contrast ratio (AA).
    Differs: nothing.
    """
    dark, light = sorted((relative_luminance(one), relative_luminance(other)))
    return (light + 0.05) / (dark + 0.05)
