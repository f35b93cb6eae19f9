"""The report in a real browser: on a desk, on a phone, in the dark and on paper."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from byheart.report import render_html
from byheart.report.palette import contrast
from tests.browser.conftest import OpenPage
from tests.browser.crowded_run import crowded_run
from tests.browser.seeing import (
    cut_labels,
    drawn_texts,
    grave_violations,
    overflows,
    overlapping_labels,
    smallest_letters,
)
from tests.report.test_page import hostile_run

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(crowded_run()), "utf-8")
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    path.write_text(render_html(hostile_run()), "utf-8")
    return path


def unfolded(page: Page) -> Page:
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    return page


def test_axe_finds_nothing_grave_on_a_desk_with_everything_unfolded(report: Path, open_page: OpenPage) -> None:
    assert grave_violations(unfolded(open_page(report, viewport=DESKTOP))) == []


def test_axe_finds_nothing_grave_on_a_phone_in_the_dark(report: Path, open_page: OpenPage) -> None:
    assert grave_violations(open_page(report, viewport=PHONE, color_scheme="dark")) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_must_be_scrolled_sideways_and_no_label_is_cut_or_covered(
    report: Path, open_page: OpenPage, width: int
) -> None:
    page = unfolded(open_page(report, viewport={"width": width, "height": 800}))
    assert overflows(page) == 0
    assert drawn_texts(page) > 100
    assert cut_labels(page) == []
    assert overlapping_labels(page) == []


@pytest.mark.parametrize("width", [390, 600, 700, 1280])
def test_letters_of_drawings_are_at_least_11_pixels_high(report: Path, open_page: OpenPage, width: int) -> None:
    assert smallest_letters(open_page(report, viewport={"width": width, "height": 800})) >= 11


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_breaks_no_layout(hostile: Path, open_page: OpenPage, width: int) -> None:
    page = unfolded(open_page(hostile, viewport={"width": width, "height": 800}))
    assert overflows(page) == 0
    assert cut_labels(page) == []


def rgb(colour: str) -> str:
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return f"#{red:02X}{green:02X}{blue:02X}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_of_every_drawing_can_be_read_on_its_page(report: Path, open_page: OpenPage, scheme: str) -> None:
    page = open_page(report, viewport=DESKTOP, color_scheme=scheme)
    paper = rgb(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    colours = page.evaluate(
        "[...new Set([...document.querySelectorAll('.wide svg text')].map(it => getComputedStyle(it).fill))]"
    )
    # The words on the explanations' bars are dark on both pages, and stand on pale colours (test_palette.py).
    readable = {rgb(colour) for colour in colours} - {"#161616"}
    assert len(readable) >= 4
    assert all(contrast(colour, paper) >= 4.5 for colour in readable)
    assert (contrast(paper, "#FFFFFF") > 10) == (scheme == "dark")


@pytest.mark.parametrize(("viewport", "screens"), [(DESKTOP, 1), (PHONE, 2)], ids=["desktop", "phone"])
def test_the_answers_stand_on_the_first_screen(
    report: Path, open_page: OpenPage, viewport: dict[str, int], screens: int
) -> None:
    page = open_page(report, viewport=viewport)
    bottoms = page.evaluate(
        "[...document.querySelectorAll('.glance > li')].map(it => it.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) == 4
    assert max(bottoms) < screens * viewport["height"]


def test_the_keyboard_reaches_the_verdict_first_and_what_has_the_focus_is_outlined(
    report: Path, open_page: OpenPage
) -> None:
    page = open_page(report, viewport=DESKTOP)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.glance') !== null")


def test_on_paper_verdict_and_methods_are_unfolded_and_data_left_out(report: Path, open_page: OpenPage) -> None:
    page = open_page(report, viewport={"width": 680, "height": 900}, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("#methods dd").first.is_visible()
    assert page.locator(".finding details li").first.is_visible()
    assert page.locator("figure .wide svg").first.is_visible()
    assert not page.locator("figure details").first.is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(26, 26, 26)"
    assert overflows(page) == 0
