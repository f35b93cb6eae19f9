"""The page of a comparison in a real browser."""

import dataclasses
from pathlib import Path

import pytest

from byheart.core.comparison import ChangedPassage, Compared, Comparison, Difference
from byheart.core.evidence import Estimate, Interval, Line, Point, Series
from byheart.report.comparison_page import render_comparison
from tests.browser.conftest import OpenPage
from tests.browser.seeing import grave_violations, overflows
from tests.exports.hostile import ATTACKS
from tests.report.sample_run import rate

DESKTOP, PHONE = {"width": 1100, "height": 900}, {"width": 390, "height": 844}
NAMES = ("extraction.greedy_rate", "extraction.pz_half_rate", "novelty.ngram_8_novel_rate")


def difference(name: str, hits: int) -> Difference:
    first, second = rate(name, 7, 100, 0, 100), rate(name, hits, 100, 0, 100)
    value = second.value - first.value
    return Difference(
        name=name,
        unit="rate",
        first=first,
        second=second,
        difference=Interval(value, value - 0.08, value + 0.08, 100),
        is_paired=True,
        how="Paired over the 100 passages that both asked for.",
        p_value=0.5 if hits < 20 else 1e-6,
        adjusted_p_value=1.0 if hits < 20 else 3e-6,
    )


def trend(name: str, estimates: list[Estimate]) -> Series:
    points = tuple(Point(x, it.value, it.low, it.high, it.n) for x, it in enumerate(estimates, start=1))
    controls = tuple(Point(p.x, 0.0, 0.0, 0.04, 100) for p in points)
    lines = (Line("model", "subject", points), Line("control", "control", controls))
    return Series(name=f"trend.{name}", title="It rises", x="run", y="rate", lines=lines)


def made(label: str) -> Comparison:
    differences = tuple(difference(name, hits) for name, hits in zip(NAMES, (9, 30, 6), strict=True))
    changed = tuple(
        ChangedPassage(document=f"{label}.py", start_byte=1, stop_byte=240, occurrences=16, is_new=new)
        for new in (True, False)
    )
    one = Compared(label=label, subject=label, notes=(label,), differences=differences, changed=changed, num_shared=100)
    two = dataclasses.replace(one, label=f"{label} 2")
    trends = tuple(trend(d.name, [d.first, d.second, d.second]) for d in differences)
    return Comparison(label="base", subject="model", others=(one, two), trends=trends)


def page_of(tmp_path: Path, label: str) -> Path:
    path = tmp_path / "compared.html"
    path.write_text(render_comparison(made(label)), "utf-8")
    return path


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_and_nothing_must_be_scrolled_sideways(
    tmp_path: Path, open_page: OpenPage, viewport: dict[str, int], scheme: str
) -> None:
    page = open_page(page_of(tmp_path, "fine-tuned"), viewport=viewport, color_scheme=scheme)
    assert grave_violations(page) == []
    assert overflows(page) == 0


def test_hostile_names_execute_nothing_and_break_no_layout(tmp_path: Path, open_page: OpenPage) -> None:
    page = open_page(page_of(tmp_path, "".join(ATTACKS)), viewport=PHONE)
    assert overflows(page) == 0
    assert page.locator("script, img, iframe, object, a[href^='http']").count() == 0
