"""A reader can write a criterion from the page, and read its numbers on a phone."""

import itertools
import re

import pytest

from byheart.core.evidence import Line, Point, Series
from byheart.report.comparison import parties
from byheart.report.drawing import unchecked
from byheart.report.figures import curves
from byheart.report.page import render_html
from byheart.report.standing import headline_grid
from tests.report.sample_run import MODEL, sample_run, with_evidence


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(with_evidence(sample_run(), "novelty", MODEL))


def test_every_row_of_the_headline_has_the_name_that_a_criterion_takes() -> None:
    grid = headline_grid(sample_run())
    assert len(grid.names) == len(grid.rows)
    found = dict(zip((row[0] for row in grid.rows), grid.names, strict=True))
    assert found["Recited word for word"] == "extraction.greedy_rate"
    assert found["New 8-grams in its writing"] == "novelty.ngram_8_novel_rate"


def test_the_names_stand_on_the_page_in_the_headline_and_once_in_all_numbers(page: str) -> None:
    headline, _, rest = page.partition('id="tested"')
    shown = '<code class="within">extraction.greedy_rate</code>'
    assert headline.count(shown) == 1
    assert rest.count(shown) == 1


def test_on_a_phone_every_number_of_the_headline_has_its_heading_beside_it(page: str) -> None:
    (table,) = re.findall('<table class="stacks">.*?</table>', page, re.DOTALL)
    (row,) = re.findall("<tr><th[^>]*>Recited word for word.*?</tr>", table, re.DOTALL)
    assert re.findall('data-label="([^"]+)"', row) == ["model", "lookup pole", "blind pole", "control", "excess"]


def test_numbers_at_a_narrow_axis_do_not_touch() -> None:
    points = tuple(Point(10.0**power, 0.5) for power in range(7))
    lines = (Line("a", "subject", points),)
    series = Series(name="n.s", title="t", x="tries", y="share", lines=lines, x_is_log=True)
    with unchecked():
        drawn = curves([(parties(sample_run())[0], series)]).narrow
    axis = drawn[drawn.index("X-axis") : drawn.index("Y-axis")]
    labels = re.findall(
        r'<text text-anchor="(\w+)" transform="translate\(([\d.]+),16\)"[^>]*opacity="1">([\d,]+)<', axis
    )
    shift = {"start": 0.0, "middle": 0.5, "end": 1.0}
    spans = []
    for anchor, at, text in labels:
        width = 6.7 * len(text) - 3.4 * text.count(",")  # 12 px Helvetica: 6.67 px a digit, 3.33 a comma
        spans.append((float(at) - shift[anchor] * width, float(at) + (1 - shift[anchor]) * width))
    assert len(spans) >= 3
    assert all(end + 3 < start for (_, end), (start, _) in itertools.pairwise(spans))
