"""A run in a notebook: what `_repr_html_` gives, inside of a page, in a real browser."""

from dataclasses import replace
from pathlib import Path

import pytest

from byheart.core.html_table import html_table
from byheart.study import api
from byheart.study.api import Run
from tests.browser.conftest import OpenPage
from tests.report.sample_run import sample_run

HOSTILE = "\"><script>parent.hit()</script><img src=x onerror='parent.hit()'>\u202e</iframe>\x1b]0;x"


def page_with(path: Path, html: str) -> Path:
    path.write_text(
        f"<!doctype html><html lang=en><title>notebook</title><script>function hit() {{ throw 'ran' }}</script>{html}",
        "utf-8",
    )
    return path


def test_the_report_shows_in_a_frame_that_runs_nothing(tmp_path: Path, open_page: OpenPage) -> None:
    record = replace(sample_run(), title=HOSTILE, notes=(HOSTILE,))
    page = open_page(page_with(tmp_path / "notebook.html", Run(tmp_path, record)._repr_html_()))
    frame = page.frame_locator("iframe")
    assert frame.locator("h1").first.inner_text().strip()
    assert "<script>parent.hit()</script>" in frame.locator("body").inner_text()
    assert page.locator("iframe").count() == 1
    assert page.evaluate("document.querySelector('iframe').sandbox.length") == 0  # nothing is allowed
    assert page.evaluate("document.querySelector('iframe').contentDocument") is None  # of another origin
    assert page.evaluate("document.scripts.length") == 1
    assert page.locator("iframe").get_attribute("title") is not None


def test_an_answer_leads_to_its_sentences_within_the_frame(tmp_path: Path, open_page: OpenPage) -> None:
    page = open_page(page_with(tmp_path / "notebook.html", Run(tmp_path, sample_run())._repr_html_()))
    page.frame_locator("iframe").locator(".asked a").last.click()
    page.wait_for_timeout(500)
    assert page.url.endswith("notebook.html")
    assert page.frames[1].url == "about:srcdoc#answer-3"


def test_without_the_report_extra_the_headline_is_a_table(
    tmp_path: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "page", lambda: None)
    record = replace(sample_run(), title=HOSTILE)
    page = open_page(page_with(tmp_path / "notebook.html", Run(tmp_path, record)._repr_html_()))
    assert page.locator("caption").inner_text().startswith('"><script>parent.hit()')
    assert page.locator("tbody tr").count() == len(Run(tmp_path, record).headline) > 3
    assert "extraction.greedy_rate" in page.locator("table").inner_text()


def test_results_are_tables(tmp_path: Path, open_page: OpenPage) -> None:
    results = sample_run().results
    shown = "".join(result._repr_html_() for result in results) + html_table(
        HOSTILE, [HOSTILE], [[HOSTILE, None, 0.25]]
    )
    page = open_page(page_with(tmp_path / "notebook.html", shown))
    assert page.locator("table").count() == len(results) + 1
    assert page.evaluate("document.scripts.length") == 1
    assert page.locator("td").last.inner_text() == "0.25"
