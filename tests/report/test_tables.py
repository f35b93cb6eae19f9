"""Tables of evidence as people read them."""

from byheart.core.evidence import Table
from byheart.report.comparison import COLOURS, Party
from byheart.report.tables import table_grid
from tests.report.sample_run import MODEL, WEIGHTS, memorizers_table

PARTY = Party(name=MODEL, role="model", label="demo", colour=COLOURS["model"])


def table(columns: tuple[str, ...], *rows: tuple[str | int | float | None, ...]) -> Table:
    return Table(name="audit.table", title="A finding", columns=columns, rows=rows)


def test_bounds_stand_under_their_number_and_sizes_in_one_unit() -> None:
    grid = table_grid(PARTY, memorizers_table(3.668))
    assert grid.columns == ("predictor", "bits per byte", "top-1 accuracy, %", "abstains, %", "size, MB")
    assert grid.rows[0] == ("mixture", "3.30\n3.19\N{EN DASH}3.41", "43.1", "0", "3.8")
    assert grid.rows[2] == ("model:demo", "3.67\n3.56\N{EN DASH}3.78", "40.2", "\N{EM DASH}", "4.2")
    assert grid.rows[3] == ("knowledge", "9.0\n8.7\N{EN DASH}9.4", "2.1", "97.0", "0.9")


def test_numbers_without_bounds_stand_alone() -> None:
    grid = table_grid(PARTY, table(("who", "bits", "low", "high"), ("a", 1.25, None, None), ("b", None, None, None)))
    assert grid.columns == ("who", "bits")
    assert grid.rows == (("a", "1.25"), ("b", "\N{EM DASH}"))


def test_weights_are_per_cent_and_a_zero_is_told_from_next_to_nothing() -> None:
    grid = table_grid(PARTY, WEIGHTS)
    assert grid.columns[2:] == ("infinigram, %", "knowledge, %")
    assert grid.rows[0] == ("0", "612", "100.0", "0")
    tiny = table_grid(PARTY, table(("share of it, share",), (0.0002,), (0.0005,), (0.0006,)))
    assert tiny.rows == (("< 0.1",), ("0.1",), ("0.1",))


def test_bytes_are_shown_in_the_unit_of_the_largest() -> None:
    assert table_grid(PARTY, table(("size, bytes",), (999,), (1,))).columns == ("size, B",)
    grid = table_grid(PARTY, table(("size, bytes",), (538_000_000,), (4_949_999,), (12_000,), (None,)))
    assert grid.columns == ("size, MB",)
    assert grid.rows == (("538.0",), ("4.9",), ("< 0.1",), ("\N{EM DASH}",))
    assert table_grid(PARTY, table(("size, bytes",), (2_000_000_000,))).rows == (("2.0",),)


def test_shares_are_per_cent_whatever_the_heading_calls_them() -> None:
    grid = table_grid(PARTY, table(("times", "rate", "share right", "rate of it"), ("1", 0.25, 0.5, 7.0)))
    assert grid.columns == ("times", "rate, %", "% right", "rate of it")
    assert grid.rows == (("1", "25.0", "50.0", "7"),)


def test_bounded_shares_are_per_cent_and_their_differences_points() -> None:
    columns = ("right label, rate", "low", "high", "excess", "low", "high")
    found = Table(name="extraction.t", title="A", columns=columns, rows=((0.98, 0.89, 1.0, 0.3, -0.1, 0.7),))
    grid = table_grid(PARTY, found)
    assert grid.columns == ("right label, %", "excess, points")
    assert grid.rows == (("98.0\n89.0\N{EN DASH}100", "30\n\N{MINUS SIGN}10 to 70"),)


def test_a_narrow_interval_does_not_pretend_to_more_than_five_digits() -> None:
    grid = table_grid(PARTY, table(("bits", "low", "high"), (765.99998, 765.99993, 766.00002)))
    assert grid.rows == (("766.00\n766.00\N{EN DASH}766.00",),)


def test_subjects_are_called_as_in_the_figures() -> None:
    names = ("memorizer:markov", "lookup:table", "blind:untrained", "distinct:markov", "model:a")
    grid = table_grid(PARTY, table(("who",), *((name,) for name in names)))
    assert [row[0] for row in grid.rows] == ["markov", "lookup pole", "blind pole", "distinct markov", "model:a"]


def test_other_columns_are_as_they_were() -> None:
    grid = table_grid(PARTY, table(("times", "bits"), ("1", 0.25), ("2-3", 0.5)))
    assert grid.rows == (("1", "0.25"), ("2-3", "0.50"))
