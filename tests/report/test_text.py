import io

from rich.console import Console

from byheart.core.run_record import RunRecord
from byheart.report.text import headline
from tests.report.sample_run import sample_run
from tests.report.test_page import hostile_run


def written(record: RunRecord, width: int = 80) -> str:
    stream = io.StringIO()
    headline(record, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


def test_eighty_columns_are_enough() -> None:
    text = written(sample_run())
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text


def test_the_table_shows_model_poles_control_and_excess() -> None:
    lines = written(sample_run(), width=140).splitlines()
    assert any(
        line.split() == ["measure", "model", "lookup", "pole", "blind", "pole", "control", "excess"] for line in lines
    )
    row = next(line for line in lines if line.startswith("Recited word for word"))
    assert row.split()[4:] == ["7.0", "%", "100", "%", "0", "%", "0", "%", "+7.0"]


def test_the_rows_by_occurrences_follow() -> None:
    assert "16                12       12" in written(sample_run())


def test_hostile_text_reaches_the_terminal_only_as_code_points() -> None:
    text = written(hostile_run())
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[/x]" in text
    text.encode("utf-8")
