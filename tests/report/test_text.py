import pytest
from rich.cells import cell_len

from byheart.core.run_record import RunRecord
from byheart.report.standing import Grid
from byheart.report.terminal_table import numbers_table, plain_table
from byheart.report.text import headline
from byheart.report.wrapping import fitted, wrapped
from tests import hostile
from tests.report.sample_run import sample_run
from tests.report.test_page import hostile_run

WIDTHS = (40, 60, 80, 100, 120, 200)


def written(record: RunRecord, width: int = 80, *, everything: bool = True) -> str:
    shown = "".join(text for text, _ in headline(record, width, everything=everything))
    return shown.replace("\N{EN DASH}", "-")  # so that expected values can be typed


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "record", [sample_run(), hostile_run(), hostile.record()], ids=["sample", "hostile", "attacks"]
)
def test_no_line_is_wider_than_the_terminal(record: RunRecord, width: int) -> None:
    assert max(cell_len(line) for line in written(record, width).splitlines()) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_every_number_and_interval_stands_whole_at_every_width(width: int) -> None:
    words = written(sample_run(), width).split()
    for number in ("7.0", "3.4-13.7", "96.3-100", "+7.0", "1.9-13.7", "3.67", "3.56-3.78"):
        assert number in words, number


def test_the_question_stands_before_its_answer_and_the_number_behind_it() -> None:
    first = written(sample_run(), everything=False).splitlines()[2:5]
    assert first[0] == "Does it recite what it was trained on? Yes, some of it."
    assert first[1].startswith("  Of the windows of trained-on text, model:demo continued 7 of 100 (7.0 %,")


def test_the_table_shows_model_poles_control_and_excess() -> None:
    lines = written(sample_run(), width=180).splitlines()
    assert any(
        line.split() == ["measure", "model", "lookup", "pole", "blind", "pole", "control", "excess"] for line in lines
    )
    row = next(line for line in lines if line.startswith("Recited word for word"))
    assert row.split()[4:] == [
        "7.0", "%", "3.4-13.7", "100", "%", "96.3-100", "0", "%", "0-3.7", "0", "%", "0-3.7", "+7.0", "1.9-13.7",
    ]  # fmt: skip


def test_only_the_first_number_of_an_audit_is_shown_unless_all_are_asked_for() -> None:
    short, long = written(sample_run(), everything=False), written(sample_run())
    assert "Recited nearly word for word" not in short
    assert "Recited nearly word for word" in long
    assert "more measures: add -v" in short
    assert "more measures: add -v" not in long


def test_the_rows_by_occurrences_follow_and_columns_without_room_are_named() -> None:
    assert "16                12       12" in written(sample_run())
    grid = Grid(title="t", columns=("name", "first", "second"), rows=(("a", "1", "2"),))
    assert "".join(text for text, _ in plain_table(grid, 14)).endswith(
        "No room here for\nsecond: the report\nhas them.\n"
    )


def test_the_form_of_a_table_follows_the_room_that_there_is() -> None:
    grid = Grid(
        title="t", columns=("measure", "model", "control"), rows=(("A long name of a measure", "7.0 %\n2-9", "—"),)
    )
    lines = {width: "".join(t for t, _ in numbers_table(grid, width)).splitlines() for width in (60, 41, 30, 15)}
    assert lines[60][-1] == "A long name of a measure  7.0 % 2-9        —"
    assert lines[41][-2:] == ["A long name of a measure  7.0 %        —", " " * 28 + "2-9"]
    assert lines[30][-3:] == ["A long name of a measure", " " * 16 + "7.0 %        —", " " * 18 + "2-9"]
    assert lines[15][-3:] == ["measure", "  model    7.0 % 2-9", "  control      —"]


def test_lines_break_at_blanks_and_wide_characters_take_two_columns() -> None:
    assert wrapped("one two sevens 29 % three", 20, indent="  ") == ["  one two sevens", "  29 % three"]
    assert wrapped("日本語" * 5, 20) == ["日本語日本語日本語日", "本語日本語"]
    assert [cell_len(line) for line in wrapped("w" * 45, 20, indent="    ")] == [20, 20, 17]
    assert fitted("日本語", 5) == "日本…"
    assert fitted("日本", 6, to_the_right=True) == "  日本"


def test_hostile_text_reaches_the_terminal_only_as_code_points() -> None:
    text = written(hostile_run())
    assert "[/x]" in text
    hostile.check_terminal(text.encode())
    hostile.check_terminal(written(hostile.record()).encode())
