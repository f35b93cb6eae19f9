"""The map of works on the page: strips, their words, their data, and hostile names."""

import dataclasses
import re

import pytest

from byheart.core.evidence import Cell, Table
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from byheart.report import render_html
from byheart.report.drawing import unchecked
from byheart.report.strips import strips
from tests.report.sample_run import BLIND, LOOKUP, MODEL, sample_run
from tests.report.test_page import HOSTILE, Outline

COLUMNS = ("document", "document, bytes", "from byte", "to byte", "occurrences", "word for word", "nearly", "p_z")
ROWS: tuple[tuple[Cell, ...], ...] = (
    ("json/decoder.py", 12_000, 3000, 6000, 4, "yes", "yes", "yes"),
    ("json/decoder.py", 12_000, 9000, 9180, None, "no", None, "yes"),
    ("email/header.py", 2_000, 0, 200, 1, "no", "no", "no"),
)


def mapped(title: str, rows: tuple[tuple[Cell, ...], ...] = ROWS) -> Table:
    return Table(name="extraction.coverage", title=title, columns=COLUMNS, rows=rows)


def run_with(rows: tuple[tuple[Cell, ...], ...] = ROWS) -> RunRecord:
    record = sample_run()
    titles = {MODEL: "1 of 2 works come out", LOOKUP: "2 of 2 works come out", BLIND: "0 of 2 works come out"}
    tables = {subject: mapped(title, rows if subject == MODEL else ROWS) for subject, title in titles.items()}
    results = tuple(Result("extraction", 1, subject, Completed((table,))) for subject, table in tables.items())
    return dataclasses.replace(record, results=results)


def places(drawing: str) -> list[tuple[float, float, float]]:
    """Left, width and height of the filled rectangles of a drawing, in pixels."""
    found = re.findall(r'd="M([\d.]+),([\d.]+)h([\d.]+)v([\d.]+)h-', drawing)
    return [(float(x), round(float(width), 3), round(float(height), 3)) for x, _, width, height in found]


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(run_with((*ROWS, (HOSTILE, 100, 1, 50, 1, "no", "no", "no"))))


def test_the_model_has_strips_with_words_data_and_both_poles(page: str) -> None:
    (figure,) = (f for f in re.findall("<figure.*?</figure>", page, re.DOTALL) if "place in the work" in f)
    assert "1 of 2 works come out" in re.sub("<[^>]*>", "", figure.partition("</figcaption>")[0])
    assert re.search(r'aria-label="[^"]*json/decoder.py \(12.0 kB\): 1 came out word for word, 1 at risk', figure)
    assert figure.count(">json/decoder.py</th>") == 2
    assert "lookup pole: 2 of 2 works come out." in figure
    assert "blind pole: 0 of 2 works come out." in figure
    assert "was not tested" in figure
    # It is drawn with its rows; the table does not stand there a second time.
    assert page.count("from byte") == 1


def test_marks_stand_at_the_share_of_the_work_that_they_are() -> None:
    with unchecked():
        (figure,) = strips(run_with(), "extraction")
    width, bar = 680 - 16 - 24, 14
    found = places(figure.wide)
    # The outline of each work, then its parts: place and width as shares of the work, height by what came out.
    assert (0, width, bar) in found
    assert (3000 / 12_000 * width, 3000 / 12_000 * width, bar) in found
    assert (9000 / 12_000 * width, 180 / 12_000 * width, bar / 2) in found
    assert (0, 200 / 2_000 * width, bar / 5) in found


def test_a_part_of_a_huge_work_can_still_be_seen() -> None:
    with unchecked():
        (figure,) = strips(run_with((("big", 10**9, 10**9 - 100, 10**9, 1, "yes", "yes", "yes"),)), "extraction")
    x, width, _ = places(figure.wide)[-1]
    assert width == pytest.approx(3)
    assert x + width == pytest.approx(680 - 16 - 24)


def test_a_hostile_name_is_harmless_in_every_part_of_the_figure(page: str) -> None:
    assert page.count("alert(1)") >= 3  # both drawings and the data
    assert "script" not in {tag for tag, _ in Outline(page).tags}
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_without_a_map_or_sizes_nothing_is_drawn() -> None:
    assert list(strips(sample_run(), "extraction")) == []
    assert list(strips(run_with((("a", None, 0, 5, 1, "yes", "yes", "yes"),)), "extraction")) == []


def test_works_of_one_folder_are_told_apart_by_the_ends_of_their_names() -> None:
    folder = "corpus/" + 20 * "a folder that goes on/"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (f"{folder}{number}.txt", 1000, 10, 20, 1, "yes", "yes", "yes") for number in range(30)
    )
    page = render_html(run_with(rows))
    (figure,) = (f for f in re.findall("<figure.*?</figure>", page, re.DOTALL) if "place in the work" in f)
    drawn = re.findall(r">(corpus/[^<]*\.txt)</text>", figure)
    wide = [name for name in drawn if len(name) == len(drawn[0])]
    assert len(set(wide)) == len(wide) == 12
    assert "of 30 the 12 of which most came out; the data have the others" in figure


def test_of_one_work_the_words_speak_of_one() -> None:
    page = render_html(run_with(ROWS[2:]))
    assert "The strip is the whole work;" in page
