"""The part of one rate in the sum of two: its value, its bounds, and how often they cover."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson
from byheart.stats.rate_shares import share_of_sum

counts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_the_part_is_that_of_the_definition() -> None:
    it = share_of_sum((3, 10), (6, 30))
    first, second = 3 / 10, 6 / 30
    assert it.value == pytest.approx(0.5 * (1 + (first - second) / (first + second)))
    assert it.n == 10


def test_equal_rates_have_equal_parts() -> None:
    it = share_of_sum((4, 20), (4, 20))
    assert it.value == pytest.approx(0.5)
    assert it.low == pytest.approx(1 - it.high)


@settings(deadline=None)
@given(counts, counts)
def test_bounds_are_ordered_and_mirror_each_other(first: tuple[int, int], second: tuple[int, int]) -> None:
    if first[0] + second[0] == 0:
        return
    one, two = share_of_sum(first, second), share_of_sum(second, first)
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert one.low < one.high
    assert (one.value, one.low, one.high) == pytest.approx((1 - two.value, 1 - two.high, 1 - two.low))


@settings(deadline=None)
@given(counts.filter(lambda it: it[0] > 0), counts.filter(lambda it: it[0] > 0))
def test_at_the_lower_bound_the_difference_may_be_zero(first: tuple[int, int], second: tuple[int, int]) -> None:
    """At r = s/(1-s) Newcombe's square-and-add lower bound of p1 - r p2 is exactly 0."""
    low = share_of_sum(first, second).low
    one, two = clopper_pearson(*first), clopper_pearson(*second)
    r = low / (1 - low)
    bound = one.value - r * two.value - math.hypot(one.value - one.low, r * (two.high - two.value))
    assert bound == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("first", "second", "bounds"), [((0, 9), (5, 9), (0.0, None)), ((5, 9), (0, 9), (None, 1.0))])
def test_a_rate_that_may_be_zero_leaves_the_bound_at_the_end(
    first: tuple[int, int], second: tuple[int, int], bounds: tuple[float | None, float | None]
) -> None:
    it = share_of_sum(first, second)
    assert all(expected is None or got == expected for got, expected in zip((it.low, it.high), bounds, strict=True))


@pytest.mark.parametrize("rates", [(0.02, 0.02), (0.02, 0.6), (0.3, 0.3), (0.05, 0.95), (0.5, 0.9)])
def test_the_interval_covers_at_least_as_often_as_it_says(rates: tuple[float, float]) -> None:
    sizes, true = (12, 20), rates[0] / sum(rates)
    covered = total = 0.0
    for a in range(sizes[0] + 1):
        for b in range(sizes[1] + 1):
            if a + b:
                weight = float(binom.pmf(a, sizes[0], rates[0]) * binom.pmf(b, sizes[1], rates[1]))
                it = share_of_sum((a, sizes[0]), (b, sizes[1]))
                total += weight
                covered += weight * (it.low <= true <= it.high)
    assert covered / total >= 0.95


def test_no_success_on_either_side_is_refused() -> None:
    with pytest.raises(InputError, match="does not exist"):
        share_of_sum((0, 5), (0, 9))
