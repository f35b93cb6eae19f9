import math

import pytest

from byheart.audits.extraction.params import Params
from byheart.audits.extraction.repetition import repetition_slope
from byheart.core.evidence import Estimate, Refusal
from byheart.core.material import Window
from tests.audits.material import window

PARAMS = Params(prefix_tokens=2, suffix_tokens=4)


def sample(num_occurrences: int, hits: int, n: int) -> list[Window]:
    return [
        window(
            "member", f"x{num_occurrences}-{i}", 0.95 if i < hits else 0.1, agrees=i < hits,
            num_occurrences=num_occurrences,
        )
        for i in range(n)
    ]  # fmt: skip


def test_the_slope_is_the_log_odds_ratio_per_tenfold_repetition() -> None:
    slope = repetition_slope([*sample(1, 2, 12), *sample(100, 7, 10)], PARAMS)
    assert isinstance(slope, Estimate)
    log_odds_ratio = math.log((7 + 0.5) / (3 + 0.5)) - math.log((2 + 0.5) / (10 + 0.5))
    assert slope.value == pytest.approx(log_odds_ratio / math.log10(100), abs=1e-6)
    assert slope.n == 12 + 10
    assert slope.low is not None
    assert slope.high is not None
    assert slope.low < slope.value < slope.high


def test_a_separated_sample_has_a_slope_too() -> None:
    slope = repetition_slope([*sample(1, 0, 10), *sample(16, 10, 10)], PARAMS)
    assert isinstance(slope, Estimate)
    assert slope.low is not None
    assert slope.low > 0


@pytest.mark.parametrize(
    ("windows", "reason"),
    [
        ([*sample(1, 5, 30)], "smaller group has 0"),
        ([*sample(1, 5, 30), *sample(2, 5, 9)], "smaller group has 9"),
        ([*sample(1, 0, 30), *sample(20, 0, 30)], "None of 60"),
        ([*sample(1, 30, 30), *sample(20, 30, 30)], "Every one of 60"),
    ],
)
def test_a_sample_that_cannot_carry_a_slope_is_refused_with_what_it_lacks(windows: list[Window], reason: str) -> None:
    refusal = repetition_slope(windows, PARAMS)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason


def test_of_a_document_only_the_window_that_occurs_most_often_counts() -> None:
    windows = [*sample(1, 2, 12), *sample(100, 7, 10)]
    again = [window("member", w.document, 0.1, agrees=False, num_occurrences=1) for w in windows[12:]]
    with_others, alone = repetition_slope([*again, *windows], PARAMS), repetition_slope(windows, PARAMS)
    assert isinstance(with_others, Estimate)
    assert isinstance(alone, Estimate)
    assert with_others.n == alone.n
    assert with_others.value == pytest.approx(alone.value, abs=1e-6)
