"""A stranger's script of some 30 lines finds the report's numbers in a run's tables, where byheart is not installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from byheart.core.run_record import RunRecord

SCRIPT = Path(__file__).parents[2] / "studies" / "recompute.py"
NAMES = {
    "extraction.greedy_rate",
    "extraction.pz_half_rate",
    "extraction.pz_1e3_rate",
    "membership.auc",
    "adaptation.bits_per_byte",
    "novelty.ngram_8_novel_rate",
}


def recomputed(run: Path, blocked: Path) -> list[dict[str, object]]:
    """What the script prints, with a byheart in its way that cannot be imported."""
    (blocked / "byheart.py").write_text("raise ImportError('byheart is not to be imported')\n")
    said = subprocess.run(
        [sys.executable, str(SCRIPT), str(run)],
        env={"PYTHONPATH": str(blocked), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in said.stdout.splitlines()]


def test_the_script_is_short_and_does_not_know_byheart() -> None:
    text = SCRIPT.read_text("utf-8")
    assert "import byheart" not in text
    assert "from byheart" not in text
    assert sum(bool(line.strip()) for line in text.splitlines()[1:]) <= 32


def test_the_report_s_numbers_come_out_of_the_tables_again(finished: tuple[RunRecord, Path], tmp_path: Path) -> None:
    record, run = finished
    found = recomputed(run, tmp_path)
    subjects = {subject.name for subject in record.provenance.subjects}
    told = {(line["subject"], line["name"]) for line in found}
    assert {name for _, name in told} <= NAMES
    # The split gate may refuse the headline of membership, on everyone alike.
    assert {(s, n) for s in subjects for n in NAMES - {"membership.auc"}} <= told
    for line in found:
        result = record.of(str(line["name"]).partition(".")[0], str(line["subject"]))
        assert result is not None
        estimate = result.estimate(str(line["name"]))
        assert estimate is not None
        numbers = (estimate.value, estimate.low, estimate.high)[: len(line["ours"])]  # type: ignore[arg-type]
        assert line["ours"] == pytest.approx(numbers, rel=1e-12, abs=1e-12)
