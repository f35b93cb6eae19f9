import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from byheart.core.visible import visible


def test_what_drives_a_terminal_is_shown_as_its_code_point() -> None:
    assert visible("\x1b]52;c;aGk=\x07") == "⟨U+001B⟩]52;c;aGk=⟨U+0007⟩"
    assert visible("\x9b31m") == "⟨U+009B⟩31m"


def test_what_reorders_or_hides_is_shown() -> None:
    assert visible("a\u202eb\u200bc\x00d\ud800e\u2028") == ("a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩d⟨U+D800⟩e⟨U+2028⟩")


def test_ordinary_text_of_any_script_is_left_alone() -> None:
    assert visible("Füße\t日本語\n👍") == "Füße\t日本語\n👍"


@given(st.text(st.characters()))
def test_the_result_can_be_written_and_controls_nothing(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in shown)
    assert visible(shown) == shown


def test_letters_and_marks_that_no_font_draws_are_shown() -> None:
    assert visible("a\u3164b\U000e0101c\ufe00") == "a⟨U+3164⟩b⟨U+E0101⟩c⟨U+FE00⟩"
    assert visible("\u2764\ufe0f") == "\u2764\ufe0f"


def test_towers_of_combining_marks_are_cut_into_code_points() -> None:
    assert visible("z" + 8 * "\u0301" + "a\u0301") == "z" + 6 * "\u0301" + 2 * "⟨U+0301⟩" + "a\u0301"
