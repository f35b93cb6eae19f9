"""A training that was finished before: what `byheart train` finds there when it is called again."""

import json
import shutil
from pathlib import Path

import pytest

from byheart.errors import FormatError
from byheart.study.training_plan import TrainingPlan
from tests.study.corpora import library_texts

pytest.importorskip("torch")


def _plan(source: Path) -> TrainingPlan:
    return TrainingPlan(source=str(source), num_steps=2, vocabulary_size=300, context_tokens=32, precision="float32")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "text.jsonl"
    path.write_text("".join(json.dumps({"text": text[:1000]}) + "\n" for _, text in library_texts(12)))
    return path


@pytest.fixture(scope="module")
def finished(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from byheart.study.training import train_model

    folder = tmp_path_factory.mktemp("finished") / "model"
    train_model(_plan(source), folder)
    return folder


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_finished_model_that_lost_a_file_is_not_reported_as_done(
    name: str, source: Path, finished: Path, tmp_path: Path
) -> None:
    from byheart.study.training import train_model

    folder = shutil.copytree(finished, tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(FormatError, match=f"{name} is missing") as caught:
        train_model(_plan(source), folder)
    assert caught.value.exit_code == 6
    assert "type the command again" in caught.value.next_step


def test_a_finished_model_whose_weights_changed_is_not_either(source: Path, finished: Path, tmp_path: Path) -> None:
    from byheart.study.training import train_model

    folder = shutil.copytree(finished, tmp_path / "model")
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(FormatError, match="damaged or were exchanged"):
        train_model(_plan(source), folder)


def test_states_that_a_kill_after_the_end_left_are_removed_at_the_next_start(
    source: Path, finished: Path, tmp_path: Path
) -> None:
    from byheart.study.training import train_model

    folder = shutil.copytree(finished, tmp_path / "model")
    for name in ("step-00000001.json", "step-00000001.safetensors", ".step-00000002.json.k1ll3d"):
        (folder / "training" / name).write_bytes(b"left")
    train_model(_plan(source), folder)
    assert sorted(path.name for path in (folder / "training").iterdir()) == ["curve.jsonl", "plan.json", "result.json"]
