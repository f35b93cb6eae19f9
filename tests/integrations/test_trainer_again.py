"""The callback over more than one training, and what a Trainer gives away to others when it uploads its folder."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import transformers.trainer
from huggingface_hub.utils import filter_repo_objects  # type: ignore[attr-defined]
from transformers import Trainer

from byheart.errors import InputError
from byheart.integrations import ByheartCallback, PlantedTexts, plant
from tests.integrations.small_training import Texts, fast_tokenizer, llama, texts, trainer


@dataclasses.dataclass(frozen=True)
class Workshop:
    """What all trainings of this file share."""

    folder: Path
    texts: Texts
    tokenizer: Any
    planted: PlantedTexts

    def callback(self, **options: Any) -> ByheartCallback:
        return ByheartCallback(
            self.planted,
            **{"held_out": self.texts.held_out, "num_candidates": 15, "audits": (), **options},
        )

    def trainer(self, output: Path, tokenizer: Any = None, **options: Any) -> Trainer:
        own = tokenizer or self.tokenizer
        return trainer(output, llama(own), own, self.planted.texts, **{"max_steps": 2, **options})


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("again")
    found = texts(6)
    planted = plant(found.trained_on, folder / "canaries.jsonl", pairs=12, repetitions=(8,), seed=5, largest_share=0.25)
    return Workshop(folder, found, fast_tokenizer(folder / "tokenizer", found.trained_on), planted)


class Hub:
    """The hub's client as far as a Trainer asks it: keeps what would be uploaded."""

    def __init__(self) -> None:
        self.uploaded: list[Path] = []

    def upload_folder(self, *, folder_path: str, ignore_patterns: Any, **options: Any) -> None:
        root = Path(folder_path)
        names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
        self.uploaded += [root / name for name in filter_repo_objects(names, ignore_patterns=list(ignore_patterns))]


def test_what_a_trainer_uploads_holds_no_training_text_and_no_secret(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def audited(model: str, *, output: Path, **options: Any) -> Any:
        output.mkdir()
        (output / "results.jsonl").write_text(workshop.planted.secrets.pairs[0].beginning)
        return output

    monkeypatch.setattr("byheart.integrations.training_run.audit", audited)
    callback = workshop.callback(audits=["exposure"])
    made = workshop.trainer(tmp_path / "out")
    callback.attach(made)
    made.train()
    hub = Hub()
    monkeypatch.setattr(transformers.trainer, "hf_api", lambda: hub)
    monkeypatch.setattr(made, "create_model_card", lambda **options: None)  # it asks the hub
    monkeypatch.setattr(made, "hub_model_id", "someone/model")
    made.push_to_hub()
    assert tmp_path / "out" / "model.safetensors" in hub.uploaded
    told = [pair.beginning.encode() for pair in workshop.planted.secrets.pairs]
    told += [workshop.texts.held_out[0][:40].encode(), workshop.texts.trained_on[0][:40].encode()]
    # Not even what the Trainer's own upload leaves out: some trackers log the folder as a whole.
    for path in [*hub.uploaded, *(one for one in (tmp_path / "out").rglob("*") if one.is_file())]:
        assert not [one for one in told if one in path.read_bytes()], path
    assert str(callback.run) == str(tmp_path / "out-byheart")
    assert (tmp_path / "out-byheart-material" / "trained-on.jsonl").is_file()


def test_what_would_be_uploaded_after_all_is_warned_of(
    workshop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "out" / "canaries.jsonl"
    inside.parent.mkdir()
    inside.write_bytes(workshop.planted.canaries.read_bytes())
    callback = ByheartCallback(
        dataclasses.replace(workshop.planted, canaries=inside), held_out=workshop.texts.held_out, audits=()
    )
    made = workshop.trainer(tmp_path / "out", max_steps=1)
    callback.attach(made)
    made.train()
    assert "The list of canaries is in the Trainer's output folder" in caplog.text
    monkeypatch.setattr(callback, "_audit", lambda *given: setattr(callback, "run", "done"))
    callback.audit(tmp_path / "elsewhere")
    assert "The run folder is in" not in caplog.text
    callback.audit(tmp_path / "out" / "run")
    assert "The run folder is in the Trainer's output folder" in caplog.text


def scores(made: Trainer) -> list[dict[str, float]]:
    return [row for row in made.state.log_history if "byheart/exposure_mean_bits" in row]


def test_each_training_of_a_callback_is_scored_with_the_tokenizer_of_its_own_trainer(
    workshop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = fast_tokenizer(tmp_path / "tokenizer", workshop.texts.held_out, 300)
    reused, fresh = workshop.callback(), workshop.callback()
    first = workshop.trainer(tmp_path, other, max_steps=1)
    second, alone = workshop.trainer(tmp_path), workshop.trainer(tmp_path)
    for made, callback in ((first, reused), (second, reused), (alone, fresh)):
        callback.attach(made)
        made.train()
    assert scores(second) == scores(alone)
    # Given to a Trainer and attached to none, it writes nothing into another's history.
    third = workshop.trainer(tmp_path, callbacks=[reused])
    num_before = len(second.state.log_history)
    third.train()
    assert scores(third) == scores(alone)
    assert len(second.state.log_history) == num_before
    assert "callback.attach(trainer)" in caplog.text


def test_a_second_training_that_ends_at_the_same_step_is_scored_too(workshop: Workshop, tmp_path: Path) -> None:
    callback, made = workshop.callback(audits=["exposure"], held_out=()), workshop.trainer(tmp_path)
    callback.attach(made)
    made.train()
    (before,) = scores(made)
    callback.run = "of the first"  # type: ignore[assignment]
    made.train()
    (after,) = scores(made)
    assert (before["step"], after["step"]) == (2, 2)
    assert before["byheart/exposure_mean_bits"] != after["byheart/exposure_mean_bits"]
    assert callback.run is None


@pytest.mark.parametrize("when", ["steps", "epoch"])
def test_a_checkpoint_holds_its_own_score_and_resuming_keeps_it(workshop: Workshop, tmp_path: Path, when: str) -> None:
    def made() -> Trainer:
        options = {"save_steps": 2, "max_steps": 3} if when == "steps" else {"max_steps": -1, "num_train_epochs": 2}
        built = workshop.trainer(tmp_path, save_strategy=when, logging_steps=2, **options)
        if when == "epoch":
            built.train_dataset = built.train_dataset[:32]  # type: ignore[index]
        workshop.callback().attach(built)
        return built

    whole = made()
    whole.train()
    last = 3 if when == "steps" else 4
    assert [row["step"] for row in scores(whole)] == [2, last]
    for step, steps in ((2, [2]), (last, [2, last])):
        state = json.loads((tmp_path / f"checkpoint-{step}" / "trainer_state.json").read_text())
        assert [row["step"] for row in state["log_history"] if "byheart/exposure_mean_bits" in row] == steps
    if when == "steps":
        resumed = made()
        resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
        assert [row["step"] for row in scores(resumed)] == [2, last]
    # Scoring before the Trainer logs takes none of its own rows away.
    assert [row["step"] for row in whole.state.log_history if "loss" in row] == [2, last][: 1 + (last == 4)]


def test_a_list_that_is_planted_again_is_warned_of_again(workshop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    again = plant(workshop.texts.trained_on, workshop.planted.canaries, largest_share=0.25)
    assert again.warnings == workshop.planted.warnings
    (warning,) = again.warnings
    assert "whoever tries the seed 5" in warning
    assert f"byheart: {warning}" in caplog.messages


def test_held_out_texts_must_be_a_list_of_texts(workshop: Workshop) -> None:
    for wrong in ("one text, long enough", ["ok", None], [b"bytes"]):
        with pytest.raises(InputError, match="held-out texts must be a list of texts"):
            workshop.callback(held_out=wrong)


def test_a_held_out_text_that_cannot_be_written_is_left_out_and_the_others_count(
    workshop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = workshop.trainer(tmp_path, max_steps=1)
    callback = workshop.callback(held_out=[*workshop.texts.held_out, "\ud800 half"])
    assert "(lone surrogate) left out: 1" in caplog.text
    callback.attach(made)
    made.train()
    (row,) = scores(made)
    assert row["byheart/held_out_bits_per_byte"] > 0


def test_held_out_texts_that_cannot_be_scored_cost_no_exposure(
    workshop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("byheart.integrations.training_scores.ratio_of_sums", None)
    made = workshop.trainer(tmp_path, max_steps=1)
    workshop.callback().attach(made)
    made.train()
    (row,) = scores(made)
    assert "byheart/held_out_bits_per_byte" not in row
    assert "Scoring the held-out texts failed" in caplog.text
