import numpy as np
import pytest

from byheart.audits.extraction.flags import MAX_ROWS, flags
from byheart.audits.extraction.params import Params
from byheart.audits.extraction.sweeps import prefix_sweep
from byheart.core.evidence import Estimate, Refusal, Table
from byheart.core.material import Window
from byheart.stats.intervals import clopper_pearson, newcombe
from tests.audits.material import window

PARAMS = Params(prefix_tokens=2, suffix_tokens=4)


def side(role: str, *probabilities: float) -> list[Window]:
    return [window(role, f"{role[0]}{i}", p) for i, p in enumerate(probabilities)]


def test_what_is_likelier_than_the_threshold_of_unseen_text_stands_beside_its_false_positive_rate() -> None:
    unseen = [0.2 + 0.01 * i for i in range(19)]
    rate, table = flags(side("member", 0.9, 0.9, 0.3, 0.2), side("control", *unseen), PARAMS)
    assert isinstance(rate, Estimate)
    exact = clopper_pearson(2, 4)
    assert (rate.value, rate.low, rate.high, rate.n) == (2 / 4, exact.low, exact.high, 4)
    assert rate.control is not None
    assert rate.control.value == 1 / 20
    assert f"{np.log(0.2 + 0.01 * 18):.3f}" in rate.method
    assert isinstance(table, Table)
    # p = 1/20 twice; of four, two may be flagged at 0.05 x 2/4 < 1/20: none can be named.
    assert [row[5] for row in table.rows] == pytest.approx([1 / 20, 1 / 20, (1 + 9) / 20, (1 + 19) / 20])
    assert [row[6] for row in table.rows] == ["no"] * 4


def test_many_likely_passages_can_be_named_together() -> None:
    unseen = [0.2 + 0.005 * i for i in range(39)]
    _, table = flags(side("member", *([0.9] * 5), 0.2), side("control", *unseen), PARAMS)
    assert isinstance(table, Table)
    assert [row[6] for row in table.rows] == ["yes"] * 5 + ["no"]  # p = 1/40 <= 0.05 x 5/6
    assert table.title.startswith("5 of 6 passages")


@pytest.mark.parametrize("num_twins", [0, 18])
def test_too_few_twins_are_refused_with_the_number_needed(num_twins: int) -> None:
    (refusal,) = flags(side("member", 0.9), side("control", *([0.1] * num_twins)), PARAMS)
    assert isinstance(refusal, Refusal)
    assert "at least 19" in refusal.reason
    assert f"there are {num_twins} and 1" in refusal.reason


def test_the_table_ends() -> None:
    _, table = flags(side("member", *([0.9] * 50)), side("control", *([0.1] * 30)), PARAMS)
    assert isinstance(table, Table)
    assert len(table.rows) == MAX_ROWS
    assert table.title.startswith("50 of 50")


def test_a_stranger_s_false_positives_hold_the_declared_rate() -> None:
    """Members and twins of one distribution: over many draws the share above the threshold is at most 5 %."""
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(60):
        (estimate, _) = flags(
            side("member", *rng.uniform(0.1, 0.9, 10)), side("control", *rng.uniform(0.1, 0.9, 20)), PARAMS
        )
        assert isinstance(estimate, Estimate)
        shares.append(estimate.value)
    # The mean rate is 1/21; of 600 windows, more than 48 would be above it in fewer than 1 of 1,000 such tests.
    assert 0 < sum(shares) * 10 <= 48


def test_the_prefix_sweep_compares_the_same_suffixes_after_each_length() -> None:
    windows = [
        window(role, f"{role}{i}", 0.95 if out else 0.1, agrees=out, prefix_tokens=given)
        for given, hits in ((1, 0), (2, 1), (4, 2))
        for role in ("member", "control")
        for i, out in enumerate(role == "member" and i < hits for i in range(12))
    ]
    (table,) = prefix_sweep(windows, PARAMS)
    greedy = [row for row in table.rows if row[1] == "greedy"]
    assert [row[:6] for row in greedy] == [
        (given, "greedy", hits, 12, 0, 12) for given, hits in ((1, 0), (2, 1), (4, 2))
    ]
    excess = newcombe((2, 12), (0, 12))
    assert greedy[-1][6:] == (excess.value, excess.low, excess.high)
    few = [w for w in windows if w.document not in {"control0", "control1", "control2"}]
    assert [row[5:] for row in prefix_sweep(few, PARAMS)[0].rows] == [(9, None, None, None)] * 6
    assert prefix_sweep(windows[:3], PARAMS) == ()
