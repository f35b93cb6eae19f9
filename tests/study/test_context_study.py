"""The context audit of a memorizer, whole: everyone is asked the same prompts, and who only stores is at chance."""

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from byheart.core.context_needs import ChainsNeed
from byheart.core.evidence import Estimate, Table
from byheart.core.run_record import RunRecord
from byheart.report.verdict import findings
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan
from tests.study.corpora import write_sides

NAMES = ["context.copy_gain_bits", "context.chain_gain_bits", "context.language_gain_bits", "context.label_accuracy"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, Path]:
    seen, unseen = write_sides(tmp_path_factory.mktemp("texts"), 12)
    plan = StudyPlan(model="memorizer:markov", trained_on=(str(seen),), held_out=(str(unseen),), audits=("context",))
    folder = tmp_path_factory.mktemp("runs") / "run"
    return execute(plan, folder), folder


def estimates(record: RunRecord, subject: str) -> dict[str, Estimate]:
    result = record.of("context", subject)
    assert result is not None
    return {e.name: e for e in result.evidence if isinstance(e, Estimate)}


def test_every_memorizer_and_pole_is_at_chance(study: tuple[RunRecord, Path]) -> None:
    record, _ = study
    subjects = [subject.name for subject in record.provenance.subjects]
    assert {"lookup:infinigram", "blind:infinigram", "memorizer:automaton", "memorizer:mixture"} <= set(subjects)
    for subject in subjects:
        found = estimates(record, subject)
        assert set(NAMES) < set(found)
        for name in NAMES[:3]:
            excess = found[name].excess
            assert excess is not None
            assert excess.value < 1.0, (subject, name)
            assert excess.low <= 0.2, (subject, name)
        low = found[NAMES[3]].low
        assert low is not None
        assert low < 0.5


def test_all_of_them_stand_in_the_table_of_the_model(study: tuple[RunRecord, Path]) -> None:
    record, _ = study
    result = record.of("context", "audited memorizer:markov")
    assert result is not None
    (table,) = (e for e in result.evidence if isinstance(e, Table))
    shown = [row[0] for row in table.rows]
    assert shown[0] == "audited memorizer:markov"
    assert {s.name for s in record.provenance.subjects} <= set(shown)
    assert "gains from none of the rules" in table.title
    # The same memorizer, asked twice under two names, says the same.
    rows = {str(row[0]): row[1:] for row in table.rows}
    assert rows["audited memorizer:markov"][0] == pytest.approx(rows["memorizer:markov"][0])


def test_the_verdict_of_one_that_stores_is_negative(study: tuple[RunRecord, Path]) -> None:
    said = findings(study[0])[0]
    assert said.question == "Does it follow a rule that exists only in its prompt?"
    assert said.answer.startswith(("No", "Undecided"))


def test_the_numbers_can_be_recomputed_from_the_score_table(study: tuple[RunRecord, Path]) -> None:
    record, folder = study
    rows = pyarrow.parquet.read_table(folder / "scores.parquet").to_pylist()
    chosen = [r for r in rows if r["subject"] == "memorizer:automaton" and r["need"] == "ChainsNeed"]
    assert len(chosen) == ChainsNeed().num_texts
    half = ChainsNeed().num_tokens // 2
    ruled = [np.mean(r["log_probability_nats"][half:]) for r in chosen if "ruled" in r["document"]]
    gain = np.mean(ruled) / np.log(2) + np.log2(3)
    assert estimates(record, "memorizer:automaton")["context.chain_gain_bits"].value == pytest.approx(gain)
