"""Pieces in several processes, and several axes in one run: nothing that they say depends on how they were run."""

import dataclasses
import multiprocessing
import os
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from byheart.core.progress import Progress
from byheart.core.provenance import SubjectProvenance
from byheart.errors import BackendError, ConfigError
from byheart.study import lab
from byheart.study.integrity import faults
from byheart.study.lab import capacity
from byheart.study.lab.axis import Piece
from byheart.study.lab.execute import run_lab
from byheart.study.lab.forecast import AxisForecast, LabForecast
from byheart.study.lab.merging import Data, data_of, rows_of, subjects_of
from byheart.study.lab.plan import LabPlan
from byheart.study.lab.pool import Job, done
from byheart.study.pages import write_report
from byheart.study.run_folder import RunFolder
from tests.study.test_lab import PLAN, TINY

TWO = tuple(dataclasses.replace(capacity.AXIS, name=name, profiles={"quick": TINY}) for name in ("capacity", "other"))


def double(params: Any, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    on_progress("train", 1, 2)
    return {"value": params * piece.steps + seed, "process": os.getpid()}


def die(params: Any, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    os._exit(3)


def linger(params: Any, piece: Piece, seed: int, on_progress: Progress) -> dict[str, Any]:
    on_progress("train", 1, 100)
    time.sleep(60)
    return {}


def jobs(work: Any, num: int) -> list[Job]:
    return [Job(f"job {n}", work, 10, Piece(key=str(n), steps=n, step_cost=1.0), 1.0) for n in range(num)]


@pytest.mark.parametrize("num_processes", [1, 2])
def test_every_job_is_done_once_and_heard_of(num_processes: int) -> None:
    told: list[tuple[str, float]] = []
    found = dict(done(jobs(double, 5), 7, num_processes, lambda key, share: told.append((key, share))))
    assert {key: value["value"] for key, value in found.items()} == {f"job {n}": 10 * n + 7 for n in range(5)}
    assert ({value["process"] for value in found.values()} == {os.getpid()}) == (num_processes == 1)
    assert set(told) <= {(f"job {n}", 0.5) for n in range(5)}
    assert told


def test_a_process_that_dies_is_said_and_not_waited_for() -> None:
    with pytest.raises(BackendError, match="died"):
        list(done(jobs(die, 3), 0, 2, lambda key, share: None))


def test_whoever_stops_listening_leaves_no_process_behind() -> None:
    def stop(key: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), closing(done(jobs(linger, 2), 0, 2, stop)) as found:
        list(found)
    limit = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < limit:
        time.sleep(0.05)
    assert multiprocessing.active_children() == []


def test_two_processes_and_two_axes_say_what_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "AXES", TWO)
    run_lab(PLAN, tmp_path / "one")
    plan = LabPlan(axis="all", seed=3)
    record = run_lab(plan, tmp_path / "all", num_processes=2, seconds={"capacity": 3.0, "other": 1.0})
    assert faults(tmp_path / "all") == []
    alone = RunFolder(tmp_path / "one").read()
    for subject in alone.provenance.subjects:
        assert record.of("capacity", subject.name) == alone.of("capacity", subject.name)
    assert [method.audit for method in record.methods] == ["capacity", "other"]
    assert [subject.name for subject in record.provenance.subjects] == [s.name for s in alone.provenance.subjects]
    page = write_report(tmp_path / "all").read_text("utf-8")
    assert "every axis of the theory" in page


def test_steps_of_different_axes_are_not_mixed() -> None:
    with pytest.raises(ConfigError, match="not comparable"):
        LabPlan(axis="all", num_steps=100)


def subject(name: str, role: str, fingerprint: str, size_bytes: int | None) -> SubjectProvenance:
    return SubjectProvenance(name=name, role=role, fingerprint=fingerprint, access="weights", size_bytes=size_bytes)


def test_everyone_is_named_once_with_the_model_in_front() -> None:
    table, network = subject("table", "lookup pole", "a", None), subject("network", "model", "b", 8)
    merged = subjects_of([table, network, subject("network", "model", "c", 16), table])
    assert [one.name for one in merged] == ["network", "table"]
    assert merged[0].size_bytes == 16
    assert merged[1].size_bytes is None
    assert len({merged[0].fingerprint, "b", "c"}) == 3
    again = subjects_of([network, subject("network", "model", "d", 16)])
    assert again[0].fingerprint != merged[0].fingerprint


def test_data_and_rows_of_several_axes_are_kept_apart() -> None:
    one: Data = {"source": "noise", "documents": 2}
    other: Data = {"source": "text", "documents": 3}
    assert data_of({"a": (one, other)}) == (one, other)
    assert data_of({"a": (one, other), "b": (other, other)})[0] == {
        "source": "what each experiment has of its own",
        "documents": 5,
        "a": "noise",
        "b": "text",
    }
    rows = rows_of({"a": [{"x": 1}], "b": [{"y": 2.0}]})
    assert rows == [{"axis": "a", "x": 1, "y": None}, {"axis": "b", "x": None, "y": 2.0}]
    named = rows_of({"a": [{"axis": "a", "x": 1}], "b": [{"y": 2.0}]})
    assert [row["axis"] for row in named] == ["a", "b"]


def test_the_time_of_several_processes_is_that_of_the_longest_at_least() -> None:
    def axis(seconds: float, trainings: int) -> AxisForecast:
        return AxisForecast(axis="a", trainings=trainings, seeds=2, steps=10, seconds=seconds, lines=())

    assert LabForecast(axes=(axis(60.0, 10), axis(40.0, 10)), num_processes=2).seconds == 50.0
    assert LabForecast(axes=(axis(60.0, 1),), num_processes=2).seconds == 60.0
