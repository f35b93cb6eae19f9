"""kill -9 in the middle of a real audit of a real (tiny) transformer: the same command resumes, to the same bytes."""

import filecmp
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from byheart.corpus.documents import Corpus, Document
from tests.study.corpora import library_texts, write_sides

RESULTS = ("results.jsonl", "scores.parquet", "samples.parquet", "plan.toml")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    from byheart.corpus.tokenizer import Tokenizer
    from byheart.study.training import fit

    corpus = Corpus(tuple(Document(name, text) for name, text in library_texts(6)))
    folder = tmp_path_factory.mktemp("model") / "tiny"
    fit(Tokenizer.train(corpus, 400), corpus, corpus, folder, 3, seed=0)
    return folder


def command(model: Path, seen: Path, unseen: Path, run: Path) -> list[str]:
    sides = ["--trained-on", str(seen), "--held-out", str(unseen)]
    return [sys.executable, "-m", "byheart.cli", "audit", str(model), *sides, "-o", str(run), "-q"]


def killed_at(arguments: list[str], journal: Path, size_bytes: int) -> bool:
    """Starts the command and kills it once its journal has grown to a size; False when it finished before."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if journal.exists() and journal.stat().st_size >= size_bytes:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.002)
    return False


def test_a_killed_audit_resumes_to_the_same_bytes(model: Path, tmp_path: Path) -> None:
    seen, unseen = write_sides(tmp_path)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(model, seen, unseen, whole), check=True, capture_output=True, timeout=300)
    again = command(model, seen, unseen, broken)
    kills = [killed_at(again, broken / "journal", size) for size in (1, 700_000, 1_500_000)]
    assert all(kills)
    assert not (broken / "manifest.json").exists()
    kept = (broken / "journal").stat().st_size
    done = subprocess.run(again, check=True, capture_output=True, timeout=300)
    assert done.returncode == 0
    assert kept >= 1_500_000
    for name in RESULTS:
        assert filecmp.cmp(broken / name, whole / name, shallow=False), name
    assert not (broken / "journal").exists()
    shown = subprocess.run(again, check=True, capture_output=True, timeout=300)
    assert b"is complete" in shown.stderr
