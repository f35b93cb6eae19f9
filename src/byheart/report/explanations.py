"""How the explanations of a predicted token look: one letter and one colour each, wherever they are shown."""

from dataclasses import dataclass

from byheart.core.explanation import Explanation


@dataclass(frozen=True)
class Look:
    """Of one explanation."""

    letter: str
    """So that the colour is not the only sign."""
    colour: str
    """Behind black text; orange grows paler down the ladder of stored text, and what needs none is no orange."""
    meaning: str
    """In a few words, for a legend."""


LOOKS = {
    Explanation.KNOWLEDGE: Look("K", "#DB8D0B", "knowledge: follows a stored run of 32 tokens or more"),
    Explanation.INFINIGRAM: Look("I", "#EBB24D", "infinigram: follows the longest stored run most often"),
    Explanation.MARKOV: Look("M", "#F5D38C", "markov: its n-grams of up to five tokens say it"),
    Explanation.BOOLEAN: Look("B", "#FBEAC6", "boolean: a rule with gaps says it"),
    Explanation.COPY: Look("C", "#D4D4D4", "copy: stands in the prompt itself"),
    Explanation.BEYOND: Look("+", "#8FD3BE", "beyond: none of these says it"),
}


def look_rules() -> str:
    """Rules of a style sheet for elements with `data-why`: a strict policy forbids style attributes."""
    return "".join(
        f'[data-why="{look.letter}"] {{ background: {look.colour}; color: #161616; }}\n' for look in LOOKS.values()
    )
