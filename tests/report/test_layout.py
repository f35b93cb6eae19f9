import itertools

from hypothesis import given
from hypothesis import strategies as st

from byheart.core.evidence import Line, Point, Series
from byheart.report.comparison import BLIND, LOOKUP, MODEL, Party
from byheart.report.layout import MAX_POINTS, is_percent, padded, pixel, spread, strokes

A = Party(name="model:a", role=MODEL, label="model:a", colour="#0072B2")
B = Party(name="memorizer:b", role=LOOKUP, label="lookup pole", colour="#D55E00")
C = Party(name="blind:b", role=BLIND, label="blind pole", colour="#7F7F7F")


def series(*lines: Line, y: str = "share of windows") -> Series:
    return Series(name="a.b", title="t", x="x", y=y, lines=lines)


def line(label: str, role: str, *ys: float) -> Line:
    assert role in ("subject", "control", "human")
    return Line(label, role, tuple(Point(float(x), y) for x, y in enumerate(ys)))  # type: ignore[arg-type]


@given(st.lists(st.floats(0, 200), max_size=10))
def test_labels_never_overlap_and_stay_inside(wanted: list[float]) -> None:
    places = sorted(spread(wanted, 17, 0, 200))
    assert all(b - a >= 17 - 1e-6 for a, b in itertools.pairwise(places))
    assert all(-1e-6 <= place <= 200 + 1e-6 for place in places)


@given(st.lists(st.floats(0, 200), max_size=10, unique=True))
def test_labels_keep_the_order_of_their_lines(wanted: list[float]) -> None:
    places = spread(wanted, 17, 0, 200)
    assert sorted(range(len(wanted)), key=wanted.__getitem__) == sorted(range(len(wanted)), key=places.__getitem__)


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread([10, 50, 150], 17, 0, 200) == [10, 50, 150]


def test_the_same_human_curve_of_two_subjects_is_drawn_once_and_black() -> None:
    human = line("human text", "human", 0.1, 0.9)
    drawn = strokes(
        [(A, series(line("own", "subject", 0.2, 0.8), human)), (B, series(line("own", "subject", 0, 0), human))]
    )
    assert [(s.label, s.colour) for s in drawn if s.role == "human"] == [("human text", "#1A1A1A")]
    assert len(drawn) == 2 + 1


def test_equal_curves_of_two_subjects_stay_two_lines() -> None:
    same = line("own", "subject", 0, 0)
    assert [s.label for s in strokes([(B, series(same)), (C, series(same))])] == ["lookup pole", "blind pole"]


def test_controls_are_dashed_and_subjects_solid() -> None:
    drawn = strokes([(A, series(line("own", "subject", 1, 1), line("held-out", "control", 0, 0)))])
    assert [bool(s.dash) for s in drawn] == [False, True]


def test_several_lines_of_one_subject_are_told_apart_by_label() -> None:
    drawn = strokes([(A, series(line("p = 0.1", "subject", 1, 1), line("p = 0.9", "subject", 0, 0)))])
    assert [s.label for s in drawn] == ["model:a, p = 0.1", "model:a, p = 0.9"]


def test_long_lines_are_thinned_and_keep_their_ends() -> None:
    points = tuple(Point(float(x), 0.5) for x in range(10_001))
    (drawn,) = strokes([(A, series(Line("own", "subject", points)))])
    assert len(drawn.points) == MAX_POINTS
    assert (drawn.points[0], drawn.points[-1]) == (points[0], points[-1])


def test_only_shares_within_0_and_1_get_a_percent_axis() -> None:
    assert is_percent(series(line("a", "subject", 0, 1)))
    assert not is_percent(series(line("a", "subject", 0, 2)))
    assert not is_percent(series(line("a", "subject", 0, 1), y="bits per byte"))


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_range_is_never_empty_and_holds_its_ends(low: float, width: float) -> None:
    start, stop = padded(low, low + width, is_log=False)
    assert start < stop
    assert start <= low <= low + width <= stop


def test_pixels_run_downwards() -> None:
    assert pixel(1.0, (0.0, 1.0), 200, is_log=False) == 0
    assert pixel(10.0, (1.0, 100.0), 200, is_log=True) == 200 * (1 - 1 / 2)


def test_the_chance_level_is_a_line_over_the_whole_width() -> None:
    chanced = Series(name="a.b", title="t", x="x", y="y", lines=(line("own", "subject", 1, 1, 1),), chance=0.5)
    (chance,) = [s for s in strokes([(A, chanced)]) if s.label == "chance"]
    assert chance.points == (Point(0, 0.5), Point(3 - 1, 0.5))


def test_what_all_lines_of_a_subject_share_is_left_out_of_their_labels() -> None:
    both = (line("trained-on, p = 0.1", "subject", 1, 1), line("trained-on, p = 0.9", "subject", 0, 0))
    assert [s.label for s in strokes([(A, series(*both))])] == ["model:a, p = 0.1", "model:a, p = 0.9"]
