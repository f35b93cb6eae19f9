"""Text of others as blocks: how long it is and where its blanks are, not what it says."""

import re

from byheart.core.scripts import WITHOUT_SPACES

BLOCK = "\N{LIGHT SHADE}"
WORDS_KEPT = 5
"""First words of a passage that partial redaction leaves."""
MOST_KEPT = 40
"""Characters that they have at most."""
_WORD = re.compile(rf"{WITHOUT_SPACES.pattern}|(?:(?!{WITHOUT_SPACES.pattern})\w)+")


def num_kept(text: str) -> int:
    """How many first characters of a passage partial redaction leaves.

    Definition:
        up to the end of the last word that is one of the first five, ends within the first forty characters, and ends
        within the first half of the text; words are runs of letters and digits, each letter of a script without spaces
        one of its own. So neither a line of Chinese, nor code without blanks, nor a key stays whole.
    Args:
        text: of others.
    """
    most = min(MOST_KEPT, len(text) // 2)
    end = 0
    for number, word in enumerate(_WORD.finditer(text)):
        if number == WORDS_KEPT or word.end() > most:
            break
        end = word.end()
    return end


def covered(text: str, kept: int = 0) -> str:
    """The text with a block in the place of every character that is no blank, some first ones excepted.

    Args:
        text: of others.
        kept: how many characters stay.
    """
    return text[:kept] + re.sub(r"\S", BLOCK, text[kept:])


def begun(text: str) -> str:
    """The text with its first words, the rest covered."""
    return covered(text, num_kept(text))
