import dataclasses
import math

import numpy as np
import pytest

from byheart.audits.extraction import Params, run
from byheart.audits.extraction.commonness import log_ratio_nats, log_ratios_nats, merely_common
from byheart.audits.extraction.params import unrelated_need
from byheart.core.evidence import Estimate, Exhibit, Refusal, Table
from byheart.core.material import Window
from byheart.stats.intervals import clopper_pearson
from tests.audits.material import inputs, window

PARAMS = Params(prefix_tokens=2, suffix_tokens=4)


def behind(own: Window, probability: float) -> Window:
    """The same suffix with so much probability for each token."""
    return dataclasses.replace(own, suffix=window("member", own.document, probability).suffix)


def test_the_ratio_is_of_the_suffix_to_the_mean_over_the_other_prefixes() -> None:
    own = window("member", "a", 0.9)
    others = [behind(own, 0.3), behind(own, 0.1)]
    expected = math.log(0.9**4) - math.log((0.3**4 + 0.1**4) / 2)
    assert log_ratio_nats(own, others, 4) == pytest.approx(expected)
    assert log_ratio_nats(own, [own, own], 4) == pytest.approx(0.0)
    assert log_ratio_nats(own, others, 1) == pytest.approx(math.log(0.9) - math.log((0.3 + 0.1) / 2))


def test_the_rate_counts_only_what_came_out_and_was_asked() -> None:
    windows = [window("member", f"m{i}", 0.9) for i in range(4)] + [window("member", "no", 0.1, agrees=False)]
    # Behind other prefixes: as likely; 0.9/0.6 and 0.9/0.3 times as likely a token, that is 5.1 and 81 in four.
    asked = [behind(windows[0], 0.9), behind(windows[1], 0.6), behind(windows[2], 0.3), behind(windows[4], 0.1)]
    rate, table = merely_common(windows, log_ratios_nats(windows, asked, PARAMS), PARAMS)
    assert isinstance(rate, Estimate)
    exact = clopper_pearson(2, 3)
    assert (rate.value, rate.low, rate.high, rate.n) == (2 / 3, exact.low, exact.high, 3)
    assert isinstance(table, Table)
    assert [row[:3] for row in table.rows] == [(2.0, 1, 3), (10.0, 2, 3), (100.0, 3, 3), (1000.0, 3, 3)]


def test_where_nothing_came_out_there_is_no_rate() -> None:
    windows = [window("member", "no", 0.1, agrees=False)]
    (refusal,) = merely_common(windows, log_ratios_nats(windows, [behind(windows[0], 0.1)], PARAMS), PARAMS)
    assert isinstance(refusal, Refusal)
    assert "None of 1 windows" in refusal.reason


def test_a_passage_says_whether_it_is_merely_common() -> None:
    windows = (window("member", "a", 0.9), window("member", "b", 0.8), window("control", "c", 0.1))
    asked = (behind(windows[0], 0.9), behind(windows[1], 0.1))
    evidence = run(inputs(windows=windows, behind_unrelated=asked), PARAMS, rng=np.random.default_rng(0))
    facts = {e.document: dict(e.facts) for e in evidence if isinstance(e, Exhibit)}
    assert {name: fact["merely common"] for name, fact in facts.items()} == {"a": "yes", "b": "no"}
    powers = facts["b"]["powers of ten likelier than behind unrelated beginnings"]
    assert powers == pytest.approx(4 * math.log10(0.8 / 0.1))


def test_a_subject_that_could_not_be_asked_is_refused_the_rate() -> None:
    lacking = {unrelated_need(PARAMS): "Too little context."}
    windows = (window("member", "a", 0.9), window("control", "c", 0.1))
    evidence = run(inputs(windows=windows, lacking=lacking), PARAMS, rng=np.random.default_rng(0))
    assert Refusal(name="extraction.merely_common_rate", reason="Too little context.") in evidence
