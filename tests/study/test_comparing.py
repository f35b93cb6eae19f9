"""Comparisons of real runs: what differs is found, what does not is not claimed."""

import dataclasses
import json
from pathlib import Path

import pytest

from byheart.core.comparison import Compared
from byheart.core.evidence import Estimate
from byheart.core.run_record import RunRecord
from byheart.report.comparison_page import render_comparison
from byheart.study.comparing import compare
from byheart.study.comparison_page import comparison_to_json
from byheart.study.execute import execute
from byheart.study.pairing import Pairs, TextTables, comes_out, probability
from byheart.study.plan import StudyPlan

pytestmark = pytest.mark.slow
AUDITS = ("extraction", "membership", "adaptation", "novelty")


@pytest.fixture(scope="module")
def folders(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The lookup table of the text, the same with another seed, and a Markov chain of it."""
    made = {}
    for name, model, seed in (
        ("table", "memorizer:infinigram", 0),
        ("seed-1", "memorizer:infinigram", 1),
        ("chain", "memorizer:markov", 0),
    ):
        made[name] = tmp_path_factory.mktemp("compared") / name
        execute(dataclasses.replace(plan, model=model, seed=seed, audits=AUDITS), made[name], command="byheart audit")
    return made


def beside(one: Path, two: Path) -> Compared:
    (found,) = compare([one, two]).others
    return found


def test_a_run_does_not_differ_from_itself(folders: dict[str, Path]) -> None:
    found = beside(folders["table"], folders["table"])
    assert len(found.differences) > 15
    assert found.changed == ()
    assert "same measurement" in found.notes[0]
    for it in found.differences:
        assert it.difference is not None, it.how
        assert (it.difference.value, it.difference.low, it.difference.high, it.p_value) == (0, 0, 0, 1)


def test_another_seed_of_the_same_model_is_told_apart_by_nothing(folders: dict[str, Path]) -> None:
    found = beside(folders["table"], folders["seed-1"])
    assert any("seeds differ (0 and 1)" in note for note in found.notes)
    assert [it.name for it in found.differences if it.is_claimed] == []


def test_a_table_and_a_chain_of_one_text_differ_where_they_should(folders: dict[str, Path]) -> None:
    found = beside(folders["table"], folders["chain"])
    by_name = {it.name: it for it in found.differences}
    greedy = by_name["extraction.greedy_rate"]
    assert greedy.is_paired
    assert greedy.is_claimed
    assert greedy.difference is not None
    assert greedy.difference.value == pytest.approx(greedy.second.value - greedy.first.value)
    gone = [it for it in found.changed if not it.is_new]
    assert len(gone) == round(-greedy.difference.value * found.num_shared)
    assert f"{len(gone)} came out in the first alone, 0 in the second alone" in greedy.how
    bits = by_name["adaptation.bits_per_byte"]
    assert bits.is_paired
    assert bits.difference is not None
    assert bits.first.high is not None
    assert bits.first.low is not None
    assert bits.difference.high - bits.difference.low < bits.first.high - bits.first.low
    assert by_name["membership.split_auc"].difference is None or by_name["membership.split_auc"].p_value == 1


def test_per_text_answers_add_up_to_the_reported_rates(
    folders: dict[str, Path], folder_records: dict[str, RunRecord]
) -> None:
    for name, path in folders.items():
        record = folder_records[name]
        model = record.provenance.subjects[0].name
        rows = [row for place, row in TextTables(path, model).windows.items() if place[0] == "member"]
        result = record.of("extraction", model)
        assert result is not None
        for estimate, hits in (
            ("extraction.greedy_rate", sum(map(comes_out, rows))),
            ("extraction.pz_half_rate", sum(probability(row) >= 0.5 for row in rows)),
        ):
            reported = result.estimate(estimate)
            assert isinstance(reported, Estimate)
            assert (hits, len(rows)) == (round(reported.value * reported.n), reported.n)


@pytest.fixture(scope="module")
def folder_records(folders: dict[str, Path]) -> dict[str, RunRecord]:
    from byheart.study.gating import whole_run

    return {name: whole_run(path) for name, path in folders.items()}


def test_runs_of_other_tokenizers_pair_documents_and_no_passages(folders: dict[str, Path]) -> None:
    one, two = TextTables(folders["table"], "memorizer:infinigram"), TextTables(folders["chain"], "memorizer:markov")
    apart = Pairs(one, two, same_tokens=False, same_held_out=True)
    assert apart.windows == []
    first, second = apart.held_out
    assert [row["document"] for row in first] == [row["document"] for row in second]
    assert Pairs(one, two, same_tokens=False, same_held_out=False).held_out == ([], [])


def test_three_runs_give_lines_and_the_same_bytes_twice(folders: dict[str, Path]) -> None:
    paths = [folders["table"], folders["seed-1"], folders["chain"]]
    found = compare(paths)
    greedy = next(series for series in found.trends if series.name == "trend.extraction.greedy_rate")
    assert [point.x for point in greedy.lines[0].points] == [1, 2, 3]
    assert "falls from table to chain" in greedy.title
    page = render_comparison(found)
    assert page == render_comparison(compare(paths))
    assert "<script" not in page
    assert json.loads(json.dumps(comparison_to_json(found), allow_nan=False))["others"][1]["run"] == "chain"
