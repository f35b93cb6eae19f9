"""One number is written one way: chance has no interval, the terminal's rows are in per cent, a page has its day."""

import dataclasses

from byheart.core.evidence import Interval
from byheart.report import format as fmt
from byheart.report.standing import headline_grid
from byheart.report.tables import strata_grid
from byheart.report.text import headline
from byheart.study.provenance import today
from tests.report.sample_run import MODEL, rate, sample_run, with_evidence
from tests.report.test_page import HOSTILE


def test_chance_stands_without_an_interval() -> None:
    assert fmt.control(Interval(0.5, 0.5, 0.5), "AUC", 0.95) == "0.5 AUC"
    area = dataclasses.replace(rate("membership.auc", 9, 10, 5, 10), unit="AUC", control=Interval(0.5, 0.5, 0.5))
    grid = headline_grid(with_evidence(sample_run(), "extraction", MODEL, area))
    (row,) = (row for row in grid.rows if row[0].startswith("Told from"))
    assert row[grid.columns.index("control")].split("\n") == ["0.5", "", "chance"]


def test_rows_by_occurrences_are_in_per_cent_in_the_terminal_too() -> None:
    grid = strata_grid(sample_run())
    assert grid is not None
    assert grid.columns == ("occurrences", "windows", "recited", "rate, %")
    assert grid.rows[1] == ("4", "12", "3", "25 (9\N{EN DASH}53)")
    assert "25 (9\N{EN DASH}53)" in "".join(text for text, _ in headline(sample_run(), 100))


def test_a_day_is_ten_characters() -> None:
    assert len(today().split("-")) == 3
    assert len(today()) == 10


def test_the_first_screen_has_the_day_where_the_run_noted_one() -> None:
    from byheart.report.page import render_html

    record = dataclasses.replace(sample_run(), results=())
    dated = dataclasses.replace(record.provenance, date="2026-11-28")
    head = render_html(dataclasses.replace(record, provenance=dated)).partition("<h1")[0]
    assert "2026-11-28</p>" in head
    hostile = dataclasses.replace(record.provenance, date=HOSTILE)
    assert HOSTILE[:20] not in render_html(dataclasses.replace(record, provenance=hostile)).partition("<h1")[0]
