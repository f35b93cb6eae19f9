"""What the samples of a study can show, before it runs and after."""

import dataclasses
import json
from pathlib import Path

import pytest

from byheart.audits import AUDITS
from byheart.audits.membership import Params
from byheart.core.evidence import Estimate, Interval
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from byheart.corpus.secrets import read_secrets
from byheart.report.page import render_html
from byheart.stats.power import POWER, excess_power, smallest_area
from byheart.study import sensitivity
from byheart.study.canary_planting import make_canaries
from byheart.study.duration import flop_per_second
from byheart.study.forecast import forecast
from byheart.study.headline import run_to_json
from byheart.study.run_folder import RunFolder
from byheart.study.sensitivity import planned, reached


def test_the_plan_says_for_every_audit_what_its_sample_can_show(tmp_path: Path) -> None:
    make_canaries(tmp_path / "c.jsonl", num_pairs=12, repetitions=(1, 4), digits=4, words=3, seed=7)
    rows = planned(AUDITS, "quick", read_secrets(tmp_path / "c.jsonl"))
    assert {row.name.partition(".")[0] for row in rows} == {audit.name for audit in AUDITS}
    by_name = {row.name: row for row in rows}
    assert by_name["extraction.greedy_rate"].sample == "100 + 100 windows"
    rate = by_name["extraction.greedy_rate"].smallest
    assert rate is not None
    assert excess_power(rate, 0.0, 100, 100) == pytest.approx(POWER, abs=1e-6)
    assert by_name["membership.auc"].smallest == smallest_area(100, 100)
    assert by_name["exposure.right_guess_rate"].sample == "12 pairs"
    assert "that takes 390" in by_name["membership.tpr_at_1pct_fpr"].said


def test_larger_profiles_find_less() -> None:
    sizes = [planned(AUDITS, profile) for profile in ("quick", "standard", "full")]
    for rows in zip(*sizes, strict=True):
        smallest = [row.smallest for row in rows]
        assert all(value is not None for value in smallest)
        assert smallest == sorted(smallest, reverse=True)


def test_the_forecast_prints_it_and_has_it_as_numbers() -> None:
    said = json.loads(json.dumps(forecast(AUDITS, "standard"), allow_nan=False))
    assert said["sensitivity"][0]["name"] == "extraction.greedy_rate"
    assert any(line.startswith("  membership.auc, 400 + 400 documents: an AUC of 0.5") for line in said["lines"])
    assert said["lines"][-1] == "Nothing was run."
    assert forecast(AUDITS, "standard", starts_now=True)["lines"] == said["lines"][:-1]


def test_the_time_of_a_plan_follows_from_the_machine() -> None:
    said = forecast(AUDITS, "quick", flop_per_second=1e11)
    work = said["tokens_to_score"] + 4 * said["tokens_to_write"]
    assert said["seconds_per_100m_parameters"] == pytest.approx(2e8 * work / 1e11)
    assert any("(100 GFLOP/s)" in line for line in said["lines"])
    assert forecast(AUDITS, "quick")["seconds_per_100m_parameters"] is None


def test_the_machine_s_rate_is_that_of_its_quickest_product() -> None:
    times = iter([0.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.15, 0.2])
    assert flop_per_second(clock=lambda: next(times)) == pytest.approx(2 * 768**3 / 0.05)


def estimate(name: str, unit: str, *, n: int, control: Interval | None, excess: Interval) -> Result:
    it = Estimate(
        name=name,
        value=0.5,
        unit=unit,
        low=0.4,
        high=0.6,
        confidence=0.95,
        n=n,
        method="",
        control=control,
        excess=excess,
    )
    return Result(name.partition(".")[0], 1, "model", Completed((it,)))


def test_after_the_run_sizes_and_widths_say_it_and_never_what_came_out() -> None:
    control = Interval(0.0, 0.0, 0.1, 30)
    wide = [
        estimate("extraction.greedy_rate", "rate", n=40, control=control, excess=Interval(0.5, 0.3, 0.6)),
        estimate("novelty.ngram_8_novel_rate", "share", n=40, control=None, excess=Interval(0.0, -0.1, 0.1)),
    ]
    moved = estimate("novelty.ngram_8_novel_rate", "share", n=40, control=None, excess=Interval(0.4, 0.3, 0.5))
    rate, novelty = reached(wide)
    assert rate.smallest is not None
    assert excess_power(rate.smallest, 0.0, 40, 30) == pytest.approx(POWER, abs=1e-6)
    assert novelty.smallest == pytest.approx(0.1 * (1.959964 + 0.841621) / 1.959964, rel=1e-6)
    assert reached([moved])[0].smallest == pytest.approx(novelty.smallest)


def test_a_run_keeps_it_and_shows_it(finished: tuple[RunRecord, Path]) -> None:
    record, folder = finished
    assert "extraction.greedy_rate" in {row.name for row in record.sensitivity}
    assert RunFolder(folder).read().sensitivity == record.sensitivity
    assert run_to_json(record, "run")["sensitivity"][0]["sample"] == "20 + 10 windows"
    assert "could and could not have shown" in render_html(record)
    assert "could and could not have shown" not in render_html(dataclasses.replace(record, sensitivity=()))


def test_a_plan_of_fewer_documents_than_a_membership_claim_needs_says_so() -> None:
    few, enough = (
        sensitivity._PLANNED["membership.auc"]("membership.auc", Params(num_windows=num), None) for num in (39, 40)
    )
    assert few is not None
    assert enough is not None
    assert (few.smallest, few.said) == (None, "needs 40 documents on each side")
    assert enough.smallest == smallest_area(40, 40)


def test_fewer_pairs_than_the_audit_takes_are_said_in_the_plan(tmp_path: Path) -> None:
    make_canaries(tmp_path / "c.jsonl", num_pairs=11, repetitions=(1, 4), digits=4, words=3, seed=7)
    rows = {row.name: row for row in planned(AUDITS, "quick", read_secrets(tmp_path / "c.jsonl"))}
    assert rows["exposure.mean_bits"].said == "needs 12 pairs"
