import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command import answer, byheart
from tests.study.corpora import library_texts

pytest.importorskip("torch")

SMALL = ("--vocabulary", "300", "--context", "32", "--steps")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "text.jsonl"
    path.write_text("".join(json.dumps({"text": text[:3000]}) + "\n" for _, text in library_texts(12)))
    return path


def _start(source: Path, model: Path, steps: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "byheart", "train", str(source), "-o", str(model), *SMALL, str(steps), "-q"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def _digest(model: Path) -> str:
    # Hashes: pytest would look for minutes for what is alike in two files that differ.
    return hashlib.blake2b((model / "model.safetensors").read_bytes()).hexdigest()


def _states(model: Path) -> set[Path]:
    return set(model.glob("training/step-*.json"))


def _wait_for_state(model: Path, training: "subprocess.Popen[str]", known: set[Path]) -> None:
    """Until the training has written a state that is not known, or has ended."""
    deadline = time.monotonic() + 120
    while not _states(model) - known and training.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_killed_and_an_interrupted_training_end_as_an_undisturbed_one(source: Path, tmp_path: Path) -> None:
    steps, calm, model = 40, tmp_path / "calm", tmp_path / "model"
    undisturbed = _start(source, calm, steps)
    killed = _start(source, model, steps)
    _wait_for_state(model, killed, set())
    refused = byheart("train", str(source), "-o", str(model), *SMALL, str(steps))
    killed.kill()
    killed.communicate()
    assert refused.returncode == 6
    assert "Another byheart is training" in refused.stderr
    known = _states(model)
    stopped = _start(source, model, steps)
    _wait_for_state(model, stopped, known)
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate(timeout=120)
    if stopped.returncode:
        assert stopped.returncode == 130
        assert f"byheart train {source} -o {model}" in said
    # With as many threads as this machine has: a training goes on with those that it began with.
    found = answer("train", str(source), "-o", str(model), *SMALL, str(steps))
    undisturbed.communicate(timeout=120)
    assert _digest(model) == _digest(calm)
    assert found["tokens"] == steps * 2048
    assert sorted(path.name for path in (model / "training").iterdir()) == ["curve.jsonl", "plan.json", "result.json"]
    curve = [json.loads(line) for line in (model / "training" / "curve.jsonl").read_text().splitlines()]
    assert [point["step"] for point in curve] == list(range(1, steps + 1))
    assert sum("held_out_bits_per_byte" in point for point in curve) == 10
    assert answer("train", str(source), "-o", str(model), *SMALL, str(steps)) == found
    other = byheart("train", str(source), "-o", str(model), *SMALL, str(steps + 1))
    assert other.returncode == 2
    assert f"num_steps was {steps}, is {steps + 1}" in other.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--steps", "1", "--tokens", "5"), "one budget is needed, got 2: tokens, steps"),
        (("--epochs", "-1"), "epochs must be a positive number"),
        (("--epochs", "1e308"), "epochs must be a positive number, at most 1,000,000"),
        (("--tokens", "1" + "0" * 400), "tokens must be a positive number, at most 1,000,000,000,000,000"),
        (("--steps", "1" + "0" * 400), "steps must be a positive number"),
        (("--time", "soon"), "is no time"),
    ],
)
def test_an_ill_defined_training_exits_2(source: Path, tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    done = byheart("train", str(source), "-o", str(tmp_path / "model"), *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_twenty_kills_at_random_moments_leave_the_same_weights(source: Path, tmp_path: Path) -> None:
    steps, calm, model = 200, tmp_path / "calm", tmp_path / "model"
    undisturbed = _start(source, calm, steps)
    undisturbed.communicate(timeout=600)
    assert undisturbed.returncode == 0
    rng = np.random.default_rng(0)
    kills = 0
    while kills < 20:
        process = _start(source, model, steps)
        try:
            _, said = process.communicate(timeout=float(rng.uniform(3, 12)))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            continue
        assert process.returncode == 0, said
        assert _digest(model) == _digest(calm)
        shutil.rmtree(model)
    last = _start(source, model, steps)
    last.communicate(timeout=600)
    assert last.returncode == 0
    assert _digest(model) == _digest(calm)
