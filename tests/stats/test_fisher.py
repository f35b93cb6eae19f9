"""Fisher's exact test, against another's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from byheart.core.evidence import Interval
from byheart.errors import InputError
from byheart.stats.claims import excess_over_control
from byheart.stats.fisher import fisher_p_value, fisher_p_values
from byheart.stats.intervals import newcombe


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60), st.integers(0, 60))
def test_it_is_scipy_s(n1: int, n2: int, k1: int, k2: int) -> None:
    first, second = (min(k1, n1), n1), (min(k2, n2), n2)
    theirs = fisher_exact(np.array([[k, n - k] for k, n in (first, second)]), alternative="greater").pvalue
    assert fisher_p_value(first, second) == pytest.approx(theirs)
    assert fisher_p_values(n1, n2)[first[0], second[0]] == pytest.approx(theirs)


def test_three_of_three_against_none_of_one_may_be_chance() -> None:
    # Of four windows one comes not out, and it is the held-out one in one of four ways.
    assert fisher_p_value((3, 3), (0, 1)) == pytest.approx(1 / 4)
    with pytest.raises(InputError, match="Fisher"):
        fisher_p_value((4, 3), (0, 1))


def test_an_excess_leaves_zero_out_only_where_newcombe_s_interval_and_the_exact_test_both_do() -> None:
    widened = 0
    for k1, k2 in np.ndindex(31, 13):
        seen, unseen = (k1, 30), (k2, 12)
        plain, it = newcombe(seen, unseen), excess_over_control(seen, unseen)
        assert it is not None
        exact = min(fisher_p_value(seen, unseen), fisher_p_value(unseen, seen))
        assert (not it.low <= 0 <= it.high) == (not plain.low <= 0 <= plain.high and exact <= 0.025)
        assert it in (plain, Interval(plain.value, min(plain.low, 0.0), max(plain.high, 0.0), plain.n))
        widened += it != plain
    assert 0 < widened < 0.1 * 31 * 13


def test_an_excess_of_nine_is_refused() -> None:
    assert excess_over_control((100, 100), (0, 9)) is None
    assert excess_over_control((100, 100), (0, 10)) is not None
