import dataclasses
from enum import StrEnum

from byheart.core.strings import strings, with_strings


class Colour(StrEnum):
    RED = "red"


@dataclasses.dataclass(frozen=True)
class Leaf:
    name: str
    note: str
    colour: Colour = Colour.RED
    number: float = 1.5


VALUE = (Leaf("a", "b"), {"k": ["c", None, 3]}, {"d": (Leaf("e", "f"),)})


def test_every_string_is_found_in_order_and_no_enumeration() -> None:
    assert list(strings(VALUE)) == ["a", "b", "k", "c", "d", "e", "f"]


def test_every_string_is_changed_and_nothing_else() -> None:
    changed = with_strings(VALUE, str.upper)
    assert changed == (Leaf("A", "B"), {"K": ["C", None, 3]}, {"D": (Leaf("E", "F"),)})
    assert changed[0].colour is Colour.RED


def test_fields_that_are_kept_stay() -> None:
    assert with_strings(VALUE[0], str.upper, frozenset(("name",))) == Leaf("a", "B")
