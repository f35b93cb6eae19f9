"""What of two runs is one measurement: their settings, their seeds and the texts that both measured."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byheart.core.evidence import Estimate
from byheart.core.run_record import RunRecord
from byheart.report.comparison_page import render_comparison
from byheart.report.differences import findings
from byheart.stats.seed_rates import rate_over_seeds
from byheart.study.comparing import compare
from byheart.study.differences import independent
from tests.report.sample_run import MODEL, bits, with_estimate
from tests.study.test_comparison import NUM, STEADY, beside, write_run


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("base") / "base", set(range(10)), STEADY)


def over_seeds(hits: Sequence[int], cases: int = 500) -> Estimate:
    it = rate_over_seeds(hits, [cases] * len(hits))
    return Estimate(
        name="complexity.unseen_accuracy_parity",
        value=it.value,
        unit="rate",
        low=it.low,
        high=it.high,
        confidence=0.95,
        n=cases * len(hits),
        method="Made.",
    )


def test_networks_of_few_seeds_are_not_compared_as_if_their_cases_were_all() -> None:
    one, two = over_seeds([120, 240, 260, 300, 410]), over_seeds([150, 300, 330, 360, 440])  # 53 and 63 % of 2,500
    difference, p_value, how = independent(one, two, 4)
    assert difference is not None
    assert p_value is not None
    assert p_value > 0.05
    assert difference.low < 0 < difference.high
    assert "4 degrees of freedom" in how
    _, without_seeds, _ = independent(one, two)
    assert without_seeds is not None
    assert without_seeds > 0.05, "bounds wider than a count's are no count"
    alike = over_seeds([265, 266]), over_seeds([316, 315])
    assert "Newcombe" in independent(*alike)[2]


def test_equal_laboratories_are_claimed_to_differ_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(0)

    def drawn() -> Estimate:
        return over_seeds(rng.binomial(500, rng.beta(5, 5, size=5)).tolist())

    claimed = sum((independent(drawn(), drawn(), 4)[1] or 0) <= 0.05 for _ in range(200))
    assert claimed <= 17  # of 200; more happens with probability 0.01 at a rate of 5 %


def set_otherwise(audit: str, **params: Any) -> Any:
    def change(record: RunRecord) -> RunRecord:
        methods = (
            dataclasses.replace(it, params={**it.params, **params}) if it.audit == audit else it
            for it in record.methods
        )
        return dataclasses.replace(record, methods=tuple(methods))

    return change


def test_an_audit_that_was_set_otherwise_is_refused_and_told(base: Path, tmp_path: Path) -> None:
    after = write_run(tmp_path / "after", set(range(12)), STEADY, set_otherwise("extraction", prefix_tokens=100))
    found, by_name = beside(base, after)
    assert by_name["extraction.greedy_rate"].difference is None
    assert "set otherwise: prefix_tokens not told and 100" in by_name["extraction.greedy_rate"].how
    assert by_name["adaptation.bits_per_byte"].difference is not None
    assert any(note.startswith("Extraction was set otherwise") for note in found.notes)
    assert not any("same measurement" in note for note in found.notes)


def test_more_windows_are_no_other_measurement_and_not_the_same_either(base: Path, tmp_path: Path) -> None:
    copy = write_run(tmp_path / "base", set(range(10)), STEADY, set_otherwise("extraction", num_windows=400))
    found, by_name = beside(base, copy)
    assert by_name["extraction.greedy_rate"].difference is not None
    assert not any("same measurement" in note for note in found.notes)
    twin = write_run(tmp_path / "twin" / "base", set(range(10)), STEADY)
    assert any("same measurement" in note for note in beside(base, twin)[0].notes)


def test_networks_that_were_trained_longer_are_compared_and_it_is_told(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, set(range(10)), STEADY, set_otherwise("novelty", num_seeds=5, num_steps=steps))
        for name, steps in (("short", 50), ("long", 2000))
    ]
    found, by_name = beside(*runs)
    assert "Novelty was set otherwise: num_steps 50 and 2000." in found.notes
    assert by_name["novelty.ngram_8_novel_rate"].difference is not None


def test_an_interval_of_another_confidence_is_not_compared(base: Path, tmp_path: Path) -> None:
    def change(record: RunRecord) -> RunRecord:
        known = bits("adaptation.bits_per_byte", 2.0, 0.1)
        return with_estimate(record, "adaptation", MODEL, dataclasses.replace(known, confidence=0.5))

    it = beside(base, write_run(tmp_path / "after", set(), STEADY, change))[1]["adaptation.bits_per_byte"]
    assert it.difference is None
    assert "at 95 % and 50 %" in it.how


def elsewhere(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The second half of the trained-on passages stands in documents that no other run has."""
    return [{**row, "document": f"other-{row['document']}"} if row["document"] in OTHERS else row for row in rows]


OTHERS = {f"member{i}" for i in range(NUM // 2, NUM)}


def test_a_difference_stands_beside_the_numbers_that_it_is_of(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", set(range(20)), STEADY)
    second = write_run(tmp_path / "second", set(range(10)), STEADY)
    # None of the 30 shared passages comes out any more, all 30 others do: 20 of 60 before, 30 of 60 after.
    third = write_run(tmp_path / "third", set(range(30, NUM)), STEADY, renamed=elsewhere)
    found = compare([first, second, third])
    greedy = next(it for it in found.others[1].differences if it.name == "extraction.greedy_rate")
    assert greedy.difference is not None
    assert greedy.difference.value == pytest.approx(0 / 30 - 20 / 30)
    assert greedy.on_shared == (20 / 30, 0.0)
    assert greedy.is_claimed
    assert greedy.is_of_a_part
    said = next(it for it in findings(found.others[1], found.label) if it.startswith("Recited word for word"))
    assert "67 % before, 0 % after: 67 percentage points less" in said
    assert "of all that each run measured 33 % and 50 %" in said
    page = re.sub(r"<[^>]*>", "", render_comparison(found))
    assert "shared texts: 67 % to 0 %" in page
    (title,) = (series.title for series in found.trends if series.name == "trend.extraction.greedy_rate")
    assert "on the texts that both measured, though not on all that each did" in title
    # Where all texts are shared nothing is added.
    (whole,) = (it for it in found.others[0].differences if it.name == "extraction.greedy_rate")
    assert whole.on_shared == (20 / 60, 10 / 60)
    assert not whole.is_of_a_part


def with_namesakes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each passage twice at one place of one name, as of two sources, with other tokens: never recited there."""
    twins = [{**row, "given_ids": [8, 9], "rank": [7] * len(row["rank"])} for row in rows if row["role"] == "member"]
    return [*rows, *twins]


def test_documents_of_one_name_in_two_sources_are_both_compared(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, set(range(num)), STEADY, renamed=with_namesakes)
        for name, num in (("first", 10), ("second", 30))
    ]
    found, by_name = beside(*runs)
    assert found.num_shared == 2 * NUM
    assert by_name["extraction.greedy_rate"].on_shared == (10 / 120, 30 / 120)
    assert len(found.changed) == 20
