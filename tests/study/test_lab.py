"""The laboratory: an experiment is a run like any other, and real networks obey the law of capacity."""

import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from byheart.audits.capacity_params import Params
from byheart.errors import ConfigError, FingerprintError
from byheart.study import lab
from byheart.study.headline import run_to_json
from byheart.study.integrity import faults
from byheart.study.lab import axis_named, capacity
from byheart.study.lab.execute import run_lab
from byheart.study.lab.forecast import forecast, steps_within
from byheart.study.lab.plan import LabPlan
from byheart.study.pages import write_report
from byheart.study.run_folder import RunFolder

TINY = Params(
    vocabulary_size=16, sequence_tokens=16, ladder=(2, 16, 32), num_seeds=2, num_steps=60, num_unseen=8, width=4,
    hidden_width=4, num_heads=1, batch_sequences=32,
)  # fmt: skip
PLAN = LabPlan(axis="capacity", num_seeds=2, num_steps=60, seed=3)


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "AXES", (dataclasses.replace(capacity.AXIS, profiles={"quick": TINY}),))
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab") / "run"
    run_lab(PLAN, folder)
    return folder


def test_a_run_is_whole_and_read_back_and_rendered(whole: Path) -> None:
    assert faults(whole) == []
    record = RunFolder(whole).read()
    assert [subject.role for subject in record.provenance.subjects] == ["model", "lookup pole", "blind pole"]
    page = write_report(whole).read_text("utf-8")
    assert "How many bits does a network of this shape hold?" in page
    assert "Only 2 seeds" in page
    assert faults(whole) == []
    shown = run_to_json(record, "run")
    assert {one["name"] for one in shown["headline"]} >= {"capacity.bits_per_parameter"}
    json.dumps(shown, allow_nan=False)


def test_killed_in_the_middle_it_resumes_to_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    def stop(stage: str, done: float, total: float, note: str = "") -> None:
        if done > total / 3:
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_lab(PLAN, folder, on_progress=stop)
    assert not RunFolder(folder).is_complete()
    begun = (folder / "journal").stat().st_size
    trained: list[str] = []
    run_lab(PLAN, folder, on_progress=lambda stage, done, total, note="": trained.append(note))
    assert begun > 1000
    # What was finished is not trained again.
    keys = {f"capacity: {piece.key}" for piece in capacity.pieces(TINY)}
    assert set(trained) < keys
    for name in ("results.jsonl", "scores.parquet", "plan.toml"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name


def test_a_folder_keeps_to_its_plan(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds another study"):
        run_lab(dataclasses.replace(PLAN, seed=4), whole)
    (tmp_path / "plan.toml").write_text('model = "x"\n')
    with pytest.raises(ConfigError, match=r"not that of an experiment"):
        run_lab(PLAN, tmp_path)
    (tmp_path / "plan.toml").unlink()
    (tmp_path / "other.txt").write_text("x")
    with pytest.raises(ConfigError, match="other files"):
        run_lab(PLAN, tmp_path)


def test_a_journal_of_other_sizes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(stage: str, done: float, total: float, note: str = "") -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_lab(PLAN, tmp_path / "run", on_progress=stop)
    other = dataclasses.replace(TINY, learning_rate=0.5)
    monkeypatch.setattr(lab, "AXES", (dataclasses.replace(capacity.AXIS, profiles={"quick": other}),))
    with pytest.raises(FingerprintError):
        run_lab(PLAN, tmp_path / "run")


def test_what_fits_is_held_within_two_percent_and_noise_unseen_is_not() -> None:
    done = capacity.train_rung(dataclasses.replace(Params(), num_steps=250), 2, 0, is_whole=True, seed=0)
    uniform = 64 * math.log2(64)
    shown = [nats / math.log(2) + uniform for nats in done.seen_nats]
    assert 0.98 * 2 * uniform <= sum(shown) <= 2 * uniform - 2 * math.log2(2) + 1e-3
    assert max(done.unseen_nats) / math.log(2) + uniform < 10
    assert abs(max(done.untrained_nats) / math.log(2) + uniform) < 10


def test_rungs_and_seeds_have_data_of_their_own() -> None:
    few = dataclasses.replace(TINY, num_steps=2)
    numbers = {
        tuple(capacity.train_rung(few, rung, seed_index, is_whole=True, seed=seed).seen_nats[:2])
        for rung, seed_index, seed in ((2, 0, 0), (2, 1, 0), (16, 0, 0), (2, 0, 1))
    }
    assert len(numbers) == 4


def test_the_forecast_counts_every_training() -> None:
    planned = forecast(PLAN)
    assert planned.axes[0].trainings == 3 * 2 * 2
    assert f"{3 * 2 * (60 + 30):,} gradient steps" in planned.lines[1]
    assert 0 < forecast(PLAN, 2).seconds
    with pytest.raises(ConfigError, match="too few"):
        steps_within(PLAN, 1e-3)


def test_an_axis_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'capacity'"):
        axis_named("capasity")


def test_a_plan_says_all_its_faults() -> None:
    with pytest.raises(ConfigError, match=r"seeds.*steps.*seed must"):
        LabPlan(axis="capacity", num_seeds=-1, num_steps=1, seed=-1)
    assert LabPlan.from_toml(PLAN.to_toml()) == PLAN


def test_names_begin_with_the_axis(whole: Path) -> None:
    for result in RunFolder(whole).read().results:
        assert result.evidence
        assert all(one.name.startswith(f"{result.audit}.") for one in result.evidence)
