"""The headline's claims of one study, corrected for being several."""

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import t, ttest_1samp

from byheart.audits import AUDITS
from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.result import Completed, Result
from byheart.core.run_record import Claim, RunRecord
from byheart.report.page import render_html
from byheart.report.phrases import among_all_claims
from byheart.report.verdict import findings
from byheart.stats.claims import excess_p_value, rate_beside_control
from byheart.stats.intervals import mean_of_few, newcombe
from byheart.stats.seed_rates import difference_over_seeds
from byheart.study.headline import CLAIMED, NAMES, claims, run_to_json
from byheart.study.run_folder import RunFolder
from tests.report.sample_run import sample_run


def estimate(name: str, excess: Interval) -> Estimate:
    return Estimate(
        name=name, value=0.5, unit="share", low=0.4, high=0.6, confidence=0.95, n=40, method="", excess=excess
    )


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
def test_a_rate_is_claimed_at_five_per_cent_exactly_where_its_interval_leaves_zero_out(
    k1: int, n1: int, k2: int, n2: int
) -> None:
    it = rate_beside_control("extraction.greedy_rate", (min(k1, n1), n1), (min(k2, n2), n2), method="")
    assert isinstance(it, Estimate)
    if it.excess is None:
        assert min(n1, n2) < 10
        assert excess_p_value(it) is None  # a rate alone is no claim
        return
    plain = newcombe((min(k1, n1), n1), (min(k2, n2), n2))
    assume(min(abs(plain.low), abs(plain.high)) > 1e-9)
    p_value = excess_p_value(it)
    assert p_value is not None
    assert (p_value <= 0.05) == (not it.excess.low <= 0 <= it.excess.high)


@given(st.floats(-1, 1), st.floats(0.01, 1), st.floats(0.01, 1))
def test_so_is_any_other_excess(value: float, below: float, above: float) -> None:
    low, high = value - below, value + above
    assume(min(abs(low), abs(high)) > 1e-9)
    p_value = excess_p_value(estimate("novelty.ngram_8_novel_rate", Interval(value, low, high)))
    assert p_value is not None
    assert 0 <= p_value <= 1
    assert (p_value <= 0.05) == (not low <= 0 <= high)


def test_twice_the_distance_to_its_bound_is_twice_the_quantile() -> None:
    p_value = excess_p_value(estimate("x", Interval(0.2, 0.1, 0.3)))
    assert p_value == pytest.approx(2 * t.sf(2 * t.ppf(0.975, 39), 39))
    assert excess_p_value(dataclasses.replace(estimate("x", Interval(0.0, 0.0, 0.0)), excess=Interval(1, 1, 1))) is None


@pytest.mark.parametrize(
    "gains", [(0.30, 0.05, 0.22, 0.10, 0.16), (1.0, 1.2, 0.9, 1.1, 1.3), (0.5, 0.2, 0.4, 0.6, 0.1)]
)
def test_few_repetitions_have_the_p_value_of_their_t_test(gains: tuple[float, ...]) -> None:
    it = dataclasses.replace(
        estimate("x", mean_of_few(gains)), n=1000, unit="rate", control=Interval(0.3, 0.2, 0.4, 900)
    )
    assert excess_p_value(it) == pytest.approx(ttest_1samp(gains, 0).pvalue)


def result(evidence: Estimate | Refusal) -> Result:
    return Result(evidence.name.partition(".")[0], 1, "model", Completed((evidence,)))


def test_claims_are_corrected_by_holm_and_refusals_do_not_count() -> None:
    strong, weak = Interval(0.2, 0.1, 0.3), Interval(0.21, 0.01, 0.41)
    found = claims(
        [
            result(estimate("attribution.beyond_right_share", weak)),
            result(estimate("novelty.ngram_8_novel_rate", strong)),
            result(estimate("attribution.beyond_share", strong)),  # stands in the tables, not in the headline's claims
            result(Refusal(name="membership.auc", reason="too few")),
        ]
    )
    assert [claim.name for claim in found] == ["attribution.beyond_right_share", "novelty.ngram_8_novel_rate"]
    first, second = found
    assert second.adjusted_p_value == pytest.approx(2 * second.p_value)
    assert first.adjusted_p_value == pytest.approx(first.p_value)
    assert set(CLAIMED) <= set(NAMES)
    assert {name.partition(".")[0] for name in CLAIMED} == {audit.name for audit in AUDITS}


def test_the_verdict_says_where_a_claim_falls_among_several() -> None:
    record = sample_run()
    before = {it.audit: it for it in findings(record)}
    assert before["extraction"].answer.startswith("Yes")
    others = (Claim(name="novelty.ngram_8_novel_rate", p_value=0.9, adjusted_p_value=0.9),)
    fallen = Claim(name="extraction.greedy_rate", p_value=0.03, adjusted_p_value=0.06)
    after = {it.audit: it for it in findings(dataclasses.replace(record, claims=(fallen, *others)))}
    assert after["extraction"].answer == (
        "Undecided: by itself it would stand out, among the 2 claims of this study it does not."
    )
    said = "by itself p = 0.03; among the 2 claims of this study (Holm) p = 0.06, which may be chance."
    assert f"Recited word for word: {said}" in after["extraction"].details
    kept = dataclasses.replace(fallen, p_value=1e-9, adjusted_p_value=2e-9)
    after = {it.audit: it for it in findings(dataclasses.replace(record, claims=(kept, *others)))}
    assert after["extraction"].answer == before["extraction"].answer
    assert (
        "Recited word for word: by itself p < 0.0001; among the 2 claims of this study (Holm) p < 0.0001."
        in after["extraction"].details
    )


@pytest.mark.parametrize("short", ["No evidence of it.", "Not more than by accident.", "As new as human text."])
def test_an_answer_that_claims_nothing_has_nothing_to_take_back(short: str) -> None:
    claimed = (Claim(name="attribution.beyond_right_share", p_value=0.04, adjusted_p_value=0.12),)
    other = Claim(name="novelty.ngram_8_novel_rate", p_value=0.9, adjusted_p_value=0.9)
    record = dataclasses.replace(sample_run(), claims=(*claimed, other))
    assert among_all_claims(record, "attribution", short)[0] == short
    assert among_all_claims(record, "attribution", "Yes, more often.")[0].startswith("Undecided")


def test_a_run_keeps_its_claims_and_tells_them(finished: tuple[RunRecord, Path]) -> None:
    record, folder = finished
    assert {claim.name for claim in record.claims} <= set(CLAIMED)
    assert len(record.claims) >= 3
    assert RunFolder(folder).read().claims == record.claims
    document = json.loads(json.dumps(run_to_json(record, "run"), allow_nan=False))
    told = {entry["name"]: entry["adjusted_p_value"] for entry in document["headline"] if "adjusted_p_value" in entry}
    assert told == {claim.name: claim.adjusted_p_value for claim in record.claims}
    assert "claims of this study (Holm)" in render_html(record)


def test_seeds_that_disagree_are_no_claim_however_many_cases_they_have() -> None:
    excess = difference_over_seeds((100, 100, 20), (50, 50, 50), (100, 100, 100))
    control = Interval(0.5, 0.44, 0.56, 300)
    it = dataclasses.replace(estimate("x", excess), value=220 / 300, n=300, unit="rate", control=control)
    p_value = excess_p_value(it)
    assert p_value is not None
    assert p_value > 0.05
