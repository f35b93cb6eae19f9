"""The callback in real trainings: what it logs, what it leaves behind, and that nothing else is changed by it."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from transformers import Trainer, TrainerCallback

from byheart.core.token_scores import TokenScores
from byheart.errors import CapabilityError, InputError, StorageError
from byheart.integrations import ByheartCallback, PlantedTexts, plant
from byheart.integrations.training_run import free_folder
from byheart.models.in_training import predictor_in_training
from byheart.study.canary_planting import read_canaries
from byheart.study.integrity import faults
from tests.integrations.small_training import Texts, fast_tokenizer, llama, texts, trainer

ROOT = Path(__file__).parents[2]
TRIES: dict[str, Any] = {
    "eval_strategy": "steps",
    "eval_steps": 4,
    "save_strategy": "steps",
    "save_steps": 4,
    "max_steps": 9,
}


@dataclasses.dataclass(frozen=True)
class Workshop:
    """What all trainings of this file share."""

    folder: Path
    texts: Texts
    tokenizer: Any
    planted: PlantedTexts


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("training")
    found = texts(6)
    planted = plant(
        found.trained_on, folder / "canaries.jsonl", pairs=12, repetitions=(16,), seed=5, largest_share=0.25
    )
    return Workshop(folder, found, fast_tokenizer(folder / "tokenizer", found.trained_on), planted)


def trained(
    workshop: Workshop,
    output: Path,
    callback: ByheartCallback | None,
    records: Sequence[str],
    *,
    dropout: float = 0.0,
    others: Sequence[TrainerCallback] = (),
    **options: Any,
) -> Trainer:
    model = llama(workshop.tokenizer, dropout=dropout)
    if "eval_strategy" in options:
        options["eval_dataset"] = records[:16]
    made = trainer(output, model, workshop.tokenizer, records, others, **options)
    if callback is not None:
        callback.attach(made)
    made.train()
    return made


class Tracker(TrainerCallback):
    """What a tracker hears until it closes at the end of the training, as TensorBoard's does."""

    def __init__(self) -> None:
        self.heard: list[dict[str, float]] = []
        self.is_open = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if self.is_open:
            self.heard.append(dict(logs))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.is_open = False


@pytest.fixture(scope="module")
def leaky(workshop: Workshop) -> tuple[Trainer, ByheartCallback, Tracker]:
    """A training on secrets that stand in it 16 times, three times over."""
    callback = ByheartCallback(workshop.planted, held_out=workshop.texts.held_out, audits=["exposure"])
    tracker = Tracker()
    made = trained(
        workshop, workshop.folder / "leaky", callback, workshop.planted.texts, others=[tracker], num_train_epochs=4
    )
    return made, callback, tracker


def last(made: Trainer) -> dict[str, float]:
    return next(row for row in reversed(made.state.log_history) if "byheart/exposure_mean_bits" in row)


def test_a_training_ends_with_exposure_in_its_history(leaky: tuple[Trainer, ByheartCallback, Tracker]) -> None:
    made, _, tracker = leaky
    row = last(made)
    assert row["step"] == made.state.max_steps
    assert row["byheart/exposure_mean_bits_low"] > row["byheart/exposure_mean_bits_chance"]
    assert row["byheart/exposure_mean_bits_excess_low"] > 1
    assert row["byheart/exposure_mean_bits"] <= 6.0  # log2 of 64 candidates
    assert row["byheart/exposure_p_value"] < 0.01
    assert 0 < row["byheart/held_out_bits_per_byte_low"] < row["byheart/held_out_bits_per_byte_high"]
    assert all(np.isfinite(value) for value in row.values())
    # Trackers hear the same before they close.
    assert tracker.heard[-1]["byheart/exposure_mean_bits"] == row["byheart/exposure_mean_bits"]


def test_the_run_folder_that_it_leaves_says_the_same(
    leaky: tuple[Trainer, ByheartCallback, Tracker], workshop: Workshop
) -> None:
    made, callback, _ = leaky
    assert callback.run is not None
    assert callback.run.path == workshop.folder / "leaky-byheart"
    assert faults(callback.run.path) == []
    assert (callback.run.path / "report.html").is_file()
    (headline,) = (
        one for one in callback.run.headline if one["name"] == "exposure.mean_bits" and one["role"] == "model"
    )
    row = last(made)
    for name, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
        assert headline[name] == pytest.approx(row[f"byheart/exposure_mean_bits{suffix}"])
    assert headline["control"]["value"] == pytest.approx(row["byheart/exposure_mean_bits_chance"])
    assert callback.run.record.provenance.canaries == workshop.planted.fingerprint
    with pytest.raises(StorageError, match="not written over"):
        callback.audit(callback.run.path)


def test_secrets_that_were_not_planted_do_not_stand_out(workshop: Workshop) -> None:
    planted = dataclasses.replace(workshop.planted, texts=tuple(workshop.texts.trained_on))
    callback = ByheartCallback(planted, held_out=workshop.texts.held_out, audits=())
    row = last(trained(workshop, workshop.folder / "sound", callback, planted.texts, num_train_epochs=4))
    assert row["byheart/exposure_mean_bits_excess_low"] <= 0 <= row["byheart/exposure_mean_bits_excess_high"]
    assert row["byheart/exposure_p_value"] > 0.05
    assert row["byheart/recited_rate"] == 0
    assert callback.run is None


def test_the_training_ends_in_the_same_bits_with_it_and_without(workshop: Workshop, tmp_path: Path) -> None:
    callback = ByheartCallback(workshop.planted, held_out=workshop.texts.held_out, audits=())
    records = workshop.planted.texts
    plain = trained(workshop, tmp_path / "plain", None, records, dropout=0.2, **TRIES)
    scored = trained(workshop, tmp_path / "scored", callback, records, dropout=0.2, **TRIES)
    assert plain.model is not None
    assert scored.model is not None
    states = plain.model.state_dict(), scored.model.state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    steps = [row["step"] for row in scored.state.log_history if "byheart/exposure_mean_bits" in row]
    assert steps == [4, 8, 9]  # evaluated and saved at 4 and 8, ended at 9: each step is scored once

    def losses(made: Trainer) -> list[float]:
        return [row["loss"] for row in made.state.log_history if "loss" in row]

    assert losses(plain) == losses(scored)


class BrokenTracker(TrainerCallback):
    """A tracker that cannot take our scalars."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if any(name.startswith("byheart/") for name in logs):
            raise ConnectionError("no \x1b]0;route to host")


def test_what_fails_is_said_once_and_the_training_goes_on(
    workshop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    callback = ByheartCallback(workshop.planted, audits=())
    made = trained(
        workshop, tmp_path, callback, workshop.planted.texts, others=[BrokenTracker()], save_steps=3, max_steps=6,
        save_strategy="steps",
    )  # fmt: skip
    assert made.state.global_step == 6
    (said,) = (record.getMessage() for record in caplog.records if record.name.startswith("byheart"))
    assert "the training goes on. ConnectionError: no ⟨U+001B⟩]0;route to host" in said


def test_a_run_that_cannot_be_written_does_not_end_the_training(
    workshop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = dataclasses.replace(workshop.planted, canaries=tmp_path / "gone.jsonl")
    callback = ByheartCallback(gone, held_out=workshop.texts.held_out)
    made = trained(workshop, tmp_path / "out", callback, workshop.planted.texts, max_steps=2)
    assert made.state.global_step == 2
    assert callback.run is None
    assert "No canaries can be read" in caplog.text


def test_without_a_trainer_the_scalars_stand_in_the_history_and_a_warning_says_what_to_do(
    workshop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    callback = ByheartCallback(workshop.planted, audits=())
    made = trained(workshop, tmp_path, None, workshop.planted.texts, others=[callback], max_steps=2)
    assert last(made)["step"] == 2
    assert "callback.attach(trainer)" in caplog.text
    with pytest.raises(InputError, match="attached to no trainer"):
        callback.audit(tmp_path / "run")


def test_mixed_precision_is_scored_and_forward_is_put_back(workshop: Workshop, tmp_path: Path) -> None:
    callback = ByheartCallback(workshop.planted, audits=())
    made = trained(workshop, tmp_path, callback, workshop.planted.texts, max_steps=2, bf16=True)
    assert last(made)["step"] == 2
    assert made.model is not None
    wrapped = made.model.forward
    with predictor_in_training(made.model, end_id=0) as predictor:
        assert made.model.forward != wrapped
        assert predictor.score([np.array([1, 2], dtype=np.int32)])
    assert made.model.forward == wrapped


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # of peft
def test_an_adapter_counts_while_it_trains_and_modes_are_put_back_after_a_failure(workshop: Workshop) -> None:
    model = get_peft_model(llama(workshop.tokenizer), LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.5))
    base: Any = model.get_base_model()
    base.model.layers[0].eval()  # as one who freezes a layer may have it
    modes = [module.training for module in model.modules()]
    text = [np.array([5, 6, 7], dtype=np.int32)]
    with predictor_in_training(model, end_id=0) as predictor:
        (before,) = predictor.score(text)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.ones_(parameter)

    def fails_after_scoring() -> None:
        with predictor_in_training(model, end_id=0) as predictor:
            scored.extend(predictor.score(text))
            raise KeyError

    scored: list[TokenScores] = []
    with pytest.raises(KeyError):
        fails_after_scoring()
    (after,) = scored
    assert not np.allclose(before.log_probability_nats, after.log_probability_nats)
    assert [module.training for module in model.modules()] == modes
    prompts = get_peft_model(llama(workshop.tokenizer), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2))
    with pytest.raises(CapabilityError, match="learned prompts"), predictor_in_training(prompts, end_id=0):
        pass


def test_only_the_first_process_scores(workshop: Workshop, tmp_path: Path) -> None:
    callback = ByheartCallback(workshop.planted, held_out=workshop.texts.held_out)
    made = trainer(tmp_path, llama(workshop.tokenizer), workshop.tokenizer, workshop.planted.texts)
    callback.attach(made)
    made.state.is_world_process_zero = False
    callback.on_save(made.args, made.state, made.control, model=made.model)
    callback.on_train_end(made.args, made.state, made.control, model=made.model)
    assert made.state.log_history == []
    assert callback.run is None


def test_too_few_canaries_are_refused_before_the_training(workshop: Workshop, tmp_path: Path) -> None:
    few = plant(workshop.texts.trained_on, tmp_path / "few.jsonl", pairs=6, repetitions=(1,), seed=1)
    with pytest.raises(InputError, match="at least 12 pairs"):
        ByheartCallback(few)


def test_a_list_that_is_there_is_planted_again_and_too_much_of_it_is_refused(
    workshop: Workshop, tmp_path: Path
) -> None:
    again = plant(workshop.texts.trained_on, workshop.planted.canaries, largest_share=0.25)
    assert again.texts == workshop.planted.texts
    assert again.fingerprint == workshop.planted.fingerprint == read_canaries(workshop.planted.canaries).fingerprint
    with pytest.raises(InputError, match=r"(?s)at most 1 % may be.*so the source needs") as refused:
        plant(workshop.texts.trained_on, tmp_path / "new.jsonl", pairs=12, repetitions=(16,))
    assert refused.value.exit_code == 2
    assert not (tmp_path / "new.jsonl").exists()


def test_the_folder_of_an_older_training_is_left_alone(tmp_path: Path) -> None:
    assert free_folder(tmp_path / "byheart") == tmp_path / "byheart"
    (tmp_path / "byheart").mkdir()
    (tmp_path / "byheart-2-material").mkdir()
    assert free_folder(tmp_path / "byheart") == tmp_path / "byheart-3"


@pytest.mark.slow
def test_of_two_processes_the_first_scores_and_the_other_goes_on(workshop: Workshop, tmp_path: Path) -> None:
    # The list is there already, so that both plant the same.
    (tmp_path / "canaries.jsonl").write_bytes(workshop.planted.canaries.read_bytes())
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, "-m", "tests.integrations.two_processes", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = [(tmp_path / f"scored-{index}.txt").read_text() for index in (0, 1)]
    assert said == ["2 [2, 4]", "2 []"]
