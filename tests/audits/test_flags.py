import dataclasses
from importlib import import_module

import numpy as np
import pytest

from byheart.audits.extraction import run
from byheart.audits.extraction.flags import MAX_ROWS, flags
from byheart.audits.extraction.params import Params
from byheart.audits.extraction.sweeps import prefix_sweep
from byheart.core.evidence import Estimate, Evidence, Interval, Refusal, Table
from byheart.core.material import Inputs, Window
from byheart.stats.intervals import clopper_pearson, newcombe
from tests.audits.material import inputs, window

PARAMS = Params(prefix_tokens=2, suffix_tokens=4)


def side(role: str, *probabilities: float) -> list[Window]:
    return [window(role, f"{role[0]}{i}", p) for i, p in enumerate(probabilities)]


@pytest.fixture
def _no_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted, of fewer windows than the gate lets pass."""
    monkeypatch.setattr(import_module("byheart.audits.extraction.flags"), "doubt", lambda *_: None)


def judged(members: list[Window], controls: list[Window], given: Inputs | None = None) -> tuple[Evidence, ...]:
    return flags(members, controls, given or inputs(), PARAMS, rng=np.random.default_rng(0))


@pytest.mark.usefixtures("_no_doubt")
def test_what_is_likelier_than_the_threshold_of_unseen_text_stands_beside_its_false_positive_rate() -> None:
    unseen = [0.2 + 0.01 * i for i in range(19)]
    rate, table = judged(side("member", 0.9, 0.9, 0.3, *([0.2] * 9)), side("control", *unseen))
    assert isinstance(rate, Estimate)
    exact = clopper_pearson(2, 12)
    assert (rate.value, rate.low, rate.high, rate.n) == (2 / 12, exact.low, exact.high, 12)
    assert rate.control is not None
    assert rate.control.value == 1 / 20
    assert f"{np.log(0.2 + 0.01 * 18):.3f}" in rate.method
    assert "Split gate: a classifier that never sees the subject has AUC 0.50" in rate.method
    assert isinstance(table, Table)
    # p = 1/20 twice; of twelve, two may be flagged at 0.05 x 2/12 < 1/20: none can be named.
    likeliest = [row[5] for row in table.rows[:4]]
    assert likeliest == pytest.approx([1 / 20, 1 / 20, (1 + 9) / 20, (1 + 19) / 20])
    assert [row[6] for row in table.rows] == ["no"] * 12


@pytest.mark.usefixtures("_no_doubt")
def test_what_is_as_likely_as_the_threshold_is_not_above_it() -> None:
    """The threshold of 19 held-out windows is the likeliest of them; its like among the trained-on is no finding."""
    unseen = [0.2 + 0.01 * i for i in range(19)]
    rate, table = judged(side("member", *([unseen[-1]] * 10)), side("control", *unseen))
    assert isinstance(rate, Estimate)
    assert rate.value == 0 / 10
    assert isinstance(table, Table)
    assert {row[5] for row in table.rows} == {(1 + 1) / 20}  # ties count as at least as likely


@pytest.mark.usefixtures("_no_doubt")
def test_many_likely_passages_can_be_named_together() -> None:
    unseen = [0.2 + 0.005 * i for i in range(39)]
    _, table = judged(side("member", *([0.9] * 8), 0.2, 0.2), side("control", *unseen))
    assert isinstance(table, Table)
    assert [row[6] for row in table.rows] == ["yes"] * 8 + ["no"] * 2  # p = 1/40 <= 0.05 x 8/10
    assert table.title.startswith("8 of 10 passages")


def read_as(words: dict[str, str]) -> Inputs:
    """Windows that read as so many words of a side's own vocabulary; its prefix begins with the side's number."""
    return dataclasses.replace(inputs(), decode=lambda ids: words["member" if ids[0] else "control"])


def test_sets_that_differ_by_themselves_name_no_passage() -> None:
    members, controls = side("member", *([0.9] * 40)), side("control", *([0.1] * 40))
    members = [dataclasses.replace(w, prefix=w.prefix + np.int32(1)) for w in members]
    alike = judged(members, controls, read_as({"member": "the sea and", "control": "the sea and"}))
    assert [type(e) for e in alike] == [Estimate, Table]
    (refusal,) = judged(members, controls, read_as({"member": "the sea and", "control": "import sys as"}))
    assert isinstance(refusal, Refusal)
    assert refusal.name == "extraction.above_threshold_rate"
    assert refusal.reason.startswith("The two sets differ by themselves: a classifier that never sees the subject")
    assert refusal.reason.endswith("No passage is named.")


def test_a_gate_that_saw_too_little_names_no_passage() -> None:
    """Not to see a difference is not to have shown that there is none: 39 windows, or a claim within the gate's own."""
    for seen, unseen in (([0.9] * 39, [0.1] * 40), ([0.9] * 27 + [0.1] * 13, [0.1 + 0.01 * i for i in range(40)])):
        (refusal,) = judged(side("member", *seen), side("control", *unseen))
        assert isinstance(refusal, Refusal)
        assert refusal.reason.endswith("No passage is named.")


def test_too_few_texts_for_the_gate_name_no_passage() -> None:
    (refusal,) = judged(side("member", *([0.9] * 3)), side("control", *([0.1] * 40)))
    assert isinstance(refusal, Refusal)
    assert "Got 3 and 40. No passage is named." in refusal.reason


def test_the_gate_moves_no_other_number_of_the_audit() -> None:
    windows = tuple(side("member", *([0.9] * 40)) + side("control", *([0.1] * 40)))
    one, two = (run(inputs(windows=windows), PARAMS, rng=np.random.default_rng(seed)) for seed in (1, 2))
    assert any(getattr(e, "name", "") == "extraction.flags" for e in one)
    own = "extraction.above_threshold_rate"
    assert [e for e in one if e.name != own] == [e for e in two if e.name != own]


@pytest.mark.parametrize("num_twins", [0, 18])
def test_too_few_twins_are_refused_with_the_number_needed(num_twins: int) -> None:
    (refusal,) = judged(side("member", 0.9), side("control", *([0.1] * num_twins)))
    assert isinstance(refusal, Refusal)
    assert "at least 19" in refusal.reason
    assert f"there are {num_twins} and 1" in refusal.reason


@pytest.mark.usefixtures("_no_doubt")
def test_the_table_ends() -> None:
    _, table = judged(side("member", *([0.9] * 50)), side("control", *([0.1] * 30)))
    assert isinstance(table, Table)
    assert len(table.rows) == MAX_ROWS
    assert table.title.startswith("50 of 50")


@pytest.mark.usefixtures("_no_doubt")
def test_a_stranger_s_false_positives_hold_the_declared_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members and twins of one distribution: over many draws the share above the threshold is at most 5 %."""
    monkeypatch.setattr(
        import_module("byheart.audits.extraction.flags"), "split_auc", lambda *_, **__: Interval(0.5, 0.4, 0.6)
    )
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(60):
        estimate, _ = judged(side("member", *rng.uniform(0.1, 0.9, 10)), side("control", *rng.uniform(0.1, 0.9, 20)))
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
