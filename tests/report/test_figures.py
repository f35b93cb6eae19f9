"""What figures say and how their lines are told apart, without a browser."""

import itertools
import re

import pytest

from byheart.core.evidence import Estimate, Line, Point, Series
from byheart.report.comparison import BLIND, COLOURS, LOOKUP, MEMORIZER, MODEL, Party
from byheart.report.dots import compared
from byheart.report.drawing import unchecked, wrapped
from byheart.report.figures import curves

PARTIES = {
    role: Party(name=role, role=role, label=label, colour=COLOURS[role])
    for role, label in ((MODEL, "demo"), (LOOKUP, "lookup pole"), (BLIND, "blind pole"), (MEMORIZER, "markov"))
}


def estimate(value: float, half: float = 0.01) -> Estimate:
    return Estimate(
        name="extraction.greedy_rate",
        value=value,
        unit="share",
        low=value - half,
        high=value + half,
        confidence=0.95,
        n=100,
        method="m",
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.3, 0.9, 0.1), "demo 30.0 %, between lookup pole 90.0 % and blind pole 10.0 %"),
        ((0.95, 0.9, 0.1), "demo 95.0 %, above lookup pole 90.0 % and blind pole 10.0 %"),
        ((0.05, 0.9, 0.1), "demo 5.0 %, below lookup pole 90.0 % and blind pole 10.0 %"),
        ((0.105, 0.9, 0.1), "demo 10.5 %, lookup pole 90.0 %, blind pole 10.0 %"),
    ],
)
def test_a_title_says_where_the_model_stands_where_its_interval_can(values: tuple[float, ...], said: str) -> None:
    answers = [(PARTIES[role], estimate(value)) for role, value in zip((MODEL, LOOKUP, BLIND), values, strict=True)]
    assert compared("extraction.greedy_rate", answers) == f"Recited word for word: {said}"


def test_a_memorizer_alone_is_said_by_its_name() -> None:
    answers = [(PARTIES[role], estimate(value)) for role, value in ((MODEL, 0.3), (MEMORIZER, 0.5))]
    assert compared("extraction.greedy_rate", answers) == "Recited word for word: demo 30.0 %, markov 50.0 %"


def series(num_lines: int, *, points: int = 3, y: str = "bits", top: float = 1.0) -> Series:
    lines = tuple(
        Line(
            f"p = 0.{k}",
            "subject",
            tuple(Point(x, top * (k + x) / 9, 0.0, top) for x in map(float, range(1, points + 1))),
        )
        for k in range(1, num_lines + 1)
    )
    return Series(name="a.b", title="t", x="x", y=y, lines=lines)


def words(drawing: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]+)</text>", drawing)


def test_lines_of_one_subject_have_a_label_each_when_wide_and_a_letter_each_when_narrow() -> None:
    with unchecked():
        figure = curves([(PARTIES[MODEL], series(3))])
    assert [(key.letter, key.label) for key in figure.keys] == [
        ("a", "demo, p = 0.1"),
        ("b", "demo, p = 0.2"),
        ("c", "demo, p = 0.3"),
    ]
    assert {key.label for key in figure.keys} <= set(words(figure.wide))
    assert {"a", "b", "c"} <= set(words(figure.narrow))


def test_more_lines_than_letters_are_still_told_apart() -> None:
    with unchecked():
        figure = curves([(PARTIES[MODEL], series(30))])
    letters = [key.letter for key in figure.keys]
    assert letters[25:28] == ["z", "a2", "b2"]
    assert len(set(letters)) == 30


def test_intervals_of_two_subjects_at_one_place_stand_side_by_side() -> None:
    same = series(1)
    with unchecked():
        figure = curves([(PARTIES[MODEL], same), (PARTIES[LOOKUP], same)])
    rules = re.findall(
        r'<line transform="translate\(([\d.]+),[^>]*stroke="(#0072B2|#D55E00)" stroke-width="1.2"', figure.wide
    )
    places = {colour: sorted(float(x) for x, c in rules if c == colour) for colour in ("#0072B2", "#D55E00")}
    assert len(places["#0072B2"]) == len(places["#D55E00"]) == 3
    assert all(abs(a - b) == pytest.approx(4) for a, b in zip(places["#0072B2"], places["#D55E00"], strict=True))


def test_large_numbers_widen_the_margin_and_long_names_of_axes_take_more_lines() -> None:
    with unchecked():
        small, large = (
            curves([(PARTIES[MODEL], series(1, top=top, y=y))])
            for top, y in ((1.0, "bits"), (5e6, "bits of the text " * 6))
        )

    def heights(drawing: str) -> float:
        return float(re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', drawing)[0])

    assert heights(large.narrow) > heights(small.narrow)
    assert "5,000,000" in words(large.narrow)


def test_a_wrapped_title_has_at_most_three_lines_and_says_where_it_was_cut() -> None:
    assert wrapped("short", 200) == ["short"]
    lines = wrapped("word " * 100, 132)
    assert len(lines) == 3
    assert lines[-1].endswith("\N{HORIZONTAL ELLIPSIS}")
    assert all(len(line) <= 20 for line in lines)


def numbers_at_x(drawing: str) -> list[tuple[float, float, str]]:
    """Of the numbers at the x axis: where each begins and ends, pixels by the widths of DejaVu Sans, and what it is."""
    found = []
    for anchor, at, label in re.findall(
        r'anchor="(\w+)" transform="translate\(([-\d.e]+),16\)"[^>]*>([^<]+)<', drawing
    ):
        marks = label.count(",") + label.count(".")
        long = 12 * (0.636 * (len(label) - marks) + 0.318 * marks)
        start = float(at) - {"start": 0, "middle": long / 2, "end": long}[anchor]
        found.append((start, start + long, label))
    return found


TENS = ["1", "10", "100", "1,000", "10,000", "100,000", "1,000,000"]


@pytest.mark.parametrize(
    ("at", "wide", "narrow"),
    [
        ([1, 2, 5, 10, 100, 1000, 10_000, 100_000, 1_000_000], TENS, [*TENS[:3], TENS[4], TENS[6]]),
        ([96, 192, 384, 768, 1536, 3072, 6144], None, ["96", "192", "384", "768", "1,536", "6,144"]),
        ([0.001, 0.01, 0.1, 1], ["0.001", "0.01", "0.1", "1"], ["0.001", "0.01", "0.1", "1"]),
        ([11, 12, 13, 14, 15, 16, 17, 18, 19], ["11", "19"], ["11", "19"]),
        ([3], ["3"], ["3"]),
    ],
)
def test_a_logarithmic_axis_names_its_last_number_and_none_that_has_no_room(
    at: list[float], wide: list[str] | None, narrow: list[str]
) -> None:
    points = tuple(Point(float(x), 0.5) for x in at)
    it = Series(name="a.b", title="t", x="x", y="bits", lines=(Line("own", "subject", points),), x_is_log=True)
    with unchecked():
        figure = curves([(PARTIES[MODEL], it)])
    for drawing, expected in ((figure.wide, wide or [f"{x:,}" for x in at]), (figure.narrow, narrow)):
        numbers = numbers_at_x(drawing)
        assert [label for *_, label in numbers] == expected
        assert all(a[1] + 4 <= b[0] for a, b in itertools.pairwise(numbers))
