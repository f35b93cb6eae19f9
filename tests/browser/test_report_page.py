"""The report in a real browser."""

from pathlib import Path

import pytest

from byheart.report import render_html
from tests.browser.conftest import OpenPage
from tests.browser.seeing import grave_violations, overflows
from tests.report.sample_run import sample_run

DESKTOP, PHONE = {"width": 1100, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(sample_run()), "utf-8")
    return path


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_and_nothing_must_be_scrolled_sideways(
    report: Path, open_page: OpenPage, viewport: dict[str, int], scheme: str
) -> None:
    page = open_page(report, viewport=viewport, color_scheme=scheme)
    assert grave_violations(page) == []
    assert overflows(page) == 0
