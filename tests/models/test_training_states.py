"""A training that is killed goes on from its last state, to the same bits."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from byheart.errors import FormatError
from byheart.models.transformer.precision import choose_precision, has_fast_bfloat16
from byheart.models.transformer.predictor import reference_predictor
from byheart.models.transformer.recipe import Optimizer, Precision, TrainingRecipe
from byheart.models.transformer.state import remove_states
from byheart.models.transformer.training import Place, Training, train
from tests.models.networks import SMALL, texts

RECIPE = TrainingRecipe(num_steps=8, warmup_steps=2, optimizer="muon")
DOCUMENTS = texts(60, 90, 30)


class _Killed(Exception):
    pass


def _quickening() -> Iterator[float]:
    """A clock on which saving costs nothing beside what passes before the next look: every step is saved."""
    return (100.0**tick for tick in range(150))


def _train(
    states: Path | None,
    recipe: TrainingRecipe = RECIPE,
    *,
    kill_after: int = 0,
    ticks: Callable[[], Iterator[float]] = _quickening,
) -> Training:
    """The progress raises where a kill is wanted: after a step, before it is saved."""
    times = ticks()

    def killer(stage: str, done: float, total: float, note: str = "") -> None:
        if stage == "train" and done == kill_after:
            raise _Killed

    return train(
        DOCUMENTS,
        SMALL,
        recipe,
        rng=np.random.default_rng(0),
        held_out=texts(20, seed=8),
        place=Place(states=states),
        on_progress=killer,
        clock=lambda: next(times),
    )


def _fingerprint(training: Training) -> str:
    return reference_predictor(training.network).fingerprint


@pytest.mark.parametrize("optimizer", ["muon", "adamw", "descent"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_killed_three_times_ends_in_the_same_bits(
    tmp_path: Path, optimizer: Optimizer, precision: Precision
) -> None:
    recipe = replace(RECIPE, optimizer=optimizer, precision=precision)
    undisturbed = _train(None, recipe)
    for kill_after in (3, 4, 7):
        with pytest.raises(_Killed):
            _train(tmp_path, recipe, kill_after=kill_after)
        assert max(tmp_path.glob("step-*.json")).stem == f"step-{kill_after - 1:08}"
    resumed = _train(tmp_path, recipe)
    assert _fingerprint(resumed) == _fingerprint(undisturbed)
    assert resumed.losses_nats.tolist() == undisturbed.losses_nats.tolist()
    assert resumed.held_out_nats == undisturbed.held_out_nats
    assert len(resumed.held_out_nats) == 8
    assert len(resumed.seconds_at) == 8


def _even() -> Iterator[float]:
    return (float(tick) for tick in range(10_000))


def test_a_time_budget_keeps_its_number_of_steps_when_resumed(tmp_path: Path) -> None:
    recipe = replace(RECIPE, num_steps=None, seconds=300.0, warmup_steps=4)
    with pytest.raises(_Killed):
        _train(tmp_path, recipe, kill_after=100, ticks=_even)
    newest = max(tmp_path.glob("step-*.json"))
    about = json.loads(newest.read_text())
    assert 4 < about["steps"] < 100 < about["num_steps"]
    resumed = _train(tmp_path, recipe, ticks=_even)
    by_number = _train(None, replace(recipe, num_steps=about["num_steps"], seconds=None), ticks=_even)
    assert resumed.num_steps == about["num_steps"]
    assert _fingerprint(resumed) == _fingerprint(by_number)


def test_two_states_are_kept_and_none_at_the_end(tmp_path: Path) -> None:
    _train(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 2 * 2
    assert names[-1] == "step-00000008.safetensors"
    (tmp_path / "step-00000009.safetensors").write_bytes(b"torn")
    assert _train(tmp_path).num_steps == 8
    remove_states(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_flipped_bit_is_named_and_the_state_before_is_still_there(tmp_path: Path, suffix: str) -> None:
    expected = _train(tmp_path)
    newest = max(tmp_path.glob("step-*.json")).with_suffix(suffix)
    whole = newest.read_bytes()
    # In the description every byte: the last digit of a number may be another and mean the same number.
    for place in range(len(whole)) if suffix == ".json" else (len(whole) // 2,):
        content = bytearray(whole)
        content[place] ^= 1
        newest.write_bytes(content)
        with pytest.raises(FormatError, match=newest.stem):
            _train(tmp_path)
    newest.with_suffix(".json").unlink()
    assert _fingerprint(_train(tmp_path)) == _fingerprint(expected)


def test_the_interrupt_key_saves_between_two_steps(tmp_path: Path) -> None:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        train(
            DOCUMENTS,
            SMALL,
            replace(RECIPE, num_steps=100_000),
            rng=np.random.default_rng(0),
            place=Place(states=tmp_path),
            clock=time.perf_counter,
        )
    assert signal.getsignal(signal.SIGINT) is before
    (state,) = tmp_path.glob("step-*.json")
    assert json.loads(state.read_text())["steps"] > 0


def test_machines_without_bfloat16_units_keep_float32() -> None:
    assert choose_precision() == ("bfloat16" if has_fast_bfloat16() else "float32")
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        assert not has_fast_bfloat16()
