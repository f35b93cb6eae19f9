"""Colours: legible on both pages, told apart in grey, and all of them known to the dark page."""

import itertools
import re

import pytest

from byheart.report import palette, render_html
from byheart.report.comparison import COLOURS
from byheart.report.explanations import LOOKS
from byheart.report.palette import ON_COLOUR, PAPER, TONES, contrast, relative_luminance, text_colour
from tests.report.sample_run import sample_run

WORDS = (palette.INK, palette.SOFT, palette.MODEL, palette.MEMORIZER, palette.SHARED)
MARKS = (palette.MODEL, palette.BASE, palette.LOOKUP, palette.BLIND, palette.MEMORIZER, palette.SHARED, palette.KEPT)
DARK = {tone.light: tone.dark for tone in TONES}


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


@pytest.mark.parametrize("role", COLOURS)
def test_the_name_of_every_subject_can_be_read_on_both_pages(role: str) -> None:
    words = text_colour(COLOURS[role])
    assert contrast(words, PAPER.light) >= 4.5
    assert contrast(DARK[words], PAPER.dark) >= 4.5


@pytest.mark.parametrize("tone", [*WORDS, palette.BASE_TEXT, palette.LOOKUP_TEXT, palette.BLIND_TEXT])
def test_words_can_be_read_on_both_pages(tone: palette.Tone) -> None:
    assert min(contrast(tone.light, PAPER.light), contrast(tone.dark, PAPER.dark)) >= 4.5


@pytest.mark.parametrize("tone", MARKS)
def test_marks_are_seen_on_both_pages(tone: palette.Tone) -> None:
    assert min(contrast(tone.light, PAPER.light), contrast(tone.dark, PAPER.dark)) >= 3


def test_a_dark_page_shows_no_two_subjects_alike() -> None:
    darks = [DARK[colour] for colour in COLOURS.values()]
    assert len(set(darks)) == len(darks)


def test_neighbours_of_a_bar_differ_in_grey_and_have_letters_that_can_be_read() -> None:
    looks = list(LOOKS.values())
    for one, other in itertools.pairwise(looks):
        assert abs(relative_luminance(one.colour) - relative_luminance(other.colour)) >= 0.09, (one, other)
    assert len({look.letter for look in looks}) == len(looks)
    assert all(contrast(ON_COLOUR.light, look.colour) >= 4.5 for look in looks)


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_the_more_of_a_work_came_out_the_farther_its_mark_is_from_the_paper(page: int) -> None:
    paper = relative_luminance(PAPER[page])
    steps = [
        abs(relative_luminance(tone[page]) - paper) for tone in (palette.VERBATIM, palette.NEARLY, palette.AT_RISK)
    ]
    assert all(one - other >= 0.07 for one, other in itertools.pairwise(steps))


def test_every_colour_of_every_drawing_has_its_tone_on_a_dark_page() -> None:
    page = render_html(sample_run())
    drawings = re.findall("<svg.*?</svg>", page, re.DOTALL)
    used = {c.upper() for svg in drawings for c in re.findall(r'(?:fill|stroke)="([^"]+)"', svg)}
    known = {colour.upper() for colour in (*DARK, ON_COLOUR.light, *(look.colour for look in LOOKS.values()))}
    assert used - known <= {"NONE", "TRANSPARENT"}
    assert len(drawings) > 10
