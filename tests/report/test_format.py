import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.evidence import Estimate, Interval
from byheart.report import format as fmt


def rate(value: float, low: float, high: float, n: int) -> Estimate:
    return Estimate(name="a.b", value=value, unit="rate", low=low, high=high, confidence=0.95, n=n, method="m")


def test_a_rate_is_written_as_hits_of_n_with_its_interval() -> None:
    it = rate(7 / 100, 0.029, 0.139, 100)
    assert fmt.estimate(it) == "7 of 100 (7.0 %, 95 % interval 2.9\N{EN DASH}13.9 %)"


def test_thousands_are_grouped_and_narrow_rates_keep_one_decimal() -> None:
    it = rate(7 / 1000, 0.003, 0.014, 1000)
    assert fmt.estimate(it) == "7 of 1,000 (0.7 %, 95 % interval 0.3\N{EN DASH}1.4 %)"


def test_three_of_three_does_not_pretend_to_decimals() -> None:
    it = rate(3 / 3, 0.292, 1.0, 3)
    assert fmt.estimate(it) == "3 of 3 (100 %, 95 % interval 29\N{EN DASH}100 %)"


def test_a_mean_of_rates_is_not_called_a_count() -> None:
    assert " of " not in fmt.estimate(rate(0.0712345, 0.03, 0.14, 100))


def test_a_missing_interval_is_said_with_its_reason() -> None:
    it = Estimate(
        name="a.b",
        value=2.0,
        unit="bits",
        low=None,
        high=None,
        confidence=0.95,
        n=1,
        method="m",
        no_interval="one text",
    )
    assert fmt.estimate(it) == "2 bits (no interval: one text)"


@pytest.mark.parametrize(
    ("half_width", "decimals"), [(0.07, 2), (0.11, 2), (0.4, 1), (0.3, 2), (0.0049, 3), (1.2, 1), (5.0, 0), (40.0, 0)]
)
def test_decimals_follow_the_half_width(half_width: float, decimals: int) -> None:
    assert fmt.supported_decimals(2 * half_width) == decimals


@given(st.floats(1e-5, 1e5))
def test_the_last_digit_is_never_finer_than_a_hundredth_of_the_interval(width: float) -> None:
    assert 10.0 ** -fmt.supported_decimals(width) >= min(1.0, width / 2 / 100)


def test_a_negative_zero_is_a_zero_and_minus_is_a_minus_sign() -> None:
    assert fmt.number(-0.001, 2) == "0.00"
    assert fmt.number(-1.5, 1) == "\N{MINUS SIGN}1.5"


def test_an_excess_is_signed_and_in_percentage_points() -> None:
    it = Interval(0.07, -0.01, 0.15)
    assert fmt.excess(it, "rate", 0.95) == "+7.0 percentage points (95 % interval \N{MINUS SIGN}1.0 to +15.0)"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_has_a_text_that_is_near_it(value: float) -> None:
    text = fmt.plain_number(value).replace(",", "").replace("\N{MINUS SIGN}", "-")
    assert math.isclose(float(text), value, rel_tol=0.06, abs_tol=1e-300)


def test_numbers_of_one_column_share_their_decimals() -> None:
    assert fmt.columns([("a", 1.0, 3), ("b", 0.25, 4)]) == (("a", "1.00", "3"), ("b", "0.25", "4"))


def test_no_number_of_a_column_ends_in_zeros_that_all_have() -> None:
    assert fmt.columns([(0.0001,), (0.0006,)]) == (("0.0001",), ("0.0006",))
    assert fmt.plain_number(0.0001) == "0.0001"
    assert fmt.plain_number(0.25) == "0.25"
    assert fmt.plain_number(0.1234567) == "0.123"


def test_a_bound_that_is_exact_has_no_decimals_on_either_side() -> None:
    assert fmt.bounds(0.0, 0.0, 0.047, "rate") == ("0 %", "0\N{EN DASH}4.7 %")
    assert fmt.bounds(1.0, 1.0, 1.0, "rate") == ("100 %", "100\N{EN DASH}100 %")


def test_however_narrow_an_interval_a_number_has_at_most_five_digits() -> None:
    assert fmt.bounds(765.99998, 765.99993, 766.00002, "bits")[0] == "766.00"
    assert fmt.bounds(0.000223, 0.000213, 0.000233, "bits")[0] == "0.000223"


def test_a_column_of_tiny_numbers_is_not_rounded_to_nothing() -> None:
    assert fmt.columns([(1.0,), (2.5e-9,)])[1] != ("0.00",)


@pytest.mark.parametrize(
    ("num_bytes", "text"), [(999, "999 B"), (98_304, "98.3 kB"), (512_000, "512 kB"), (4_212_736, "4.2 MB")]
)
def test_sizes_have_one_to_three_digits_before_the_point(num_bytes: int, text: str) -> None:
    assert fmt.size(num_bytes) == text
