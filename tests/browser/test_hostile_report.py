"""The report of a run in which every foreign string is hostile, in a real browser."""

from pathlib import Path

import pytest

from byheart.report import render_html
from tests import hostile
from tests.browser.conftest import OpenPage
from tests.browser.seeing import grave_violations


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(hostile.record()), "utf-8")
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_text_neither_runs_nor_breaks_the_page(report: Path, open_page: OpenPage, width: int) -> None:
    page = open_page(report, viewport={"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert hostile.stumbles(page) == []
    assert (
        page.evaluate("document.scripts.length + document.querySelectorAll('iframe, object, form, base').length") == 0
    )
    if width == 1280:  # axe takes seconds
        assert grave_violations(page) == []
