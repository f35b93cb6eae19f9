"""Runs an experiment: pieces -> journal -> findings -> run folder, as `study/execute.py` does with audits."""

import dataclasses
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from byheart._version import __version__
from byheart.core.progress import Progress, silent
from byheart.core.provenance import Provenance
from byheart.core.result import Completed, Result
from byheart.core.run_record import Method, RunRecord
from byheart.errors import ConfigError, FormatError
from byheart.study.journal import Journal
from byheart.study.lab import axis_named
from byheart.study.lab.axis import Axis, Piece
from byheart.study.lab.plan import LabPlan
from byheart.study.provenance import package_versions
from byheart.study.run_folder import PLAN, RunFolder
from byheart.study.tables import parquet
from byheart.study.training import check_installed

NUM_THREADS = 1
"""Of torch: another number moves the last bits, and these networks are too small to gain from more."""


def kept_plan(folder: Path) -> LabPlan | None:
    """The plan that a run folder holds already, or None where there is none."""
    path = folder / PLAN
    return LabPlan.from_toml(path.read_text("utf-8")) if path.exists() else None


def measured_seconds(plan: LabPlan) -> float:
    """Seconds that the whole plan will take on this machine, from a few steps of it."""
    from byheart.models.transformer.parallel import threads

    axis = axis_named(plan.axis)
    params = plan.params(axis)
    check_installed()
    with threads(NUM_THREADS):
        return axis.seconds_per_cost(params) * sum(piece.cost for piece in axis.pieces(params))


def steps_within(plan: LabPlan, seconds: float) -> int:
    """How many steps each training may have so that the whole plan takes about so long; hundreds, at least 200.

    Raises:
        ConfigError: too little time for the least number of steps.
    """
    per_step = measured_seconds(plan) / plan.num_steps
    steps = int(seconds / per_step) // 100 * 100
    if steps < 200:
        raise ConfigError(
            f"{seconds:.0f} seconds are too few for this experiment.",
            why=f"Its trainings need 200 steps each at least, {200 * per_step:.0f} seconds here.",
            next_step="Give more --time, fewer --seeds, or a smaller --profile.",
        )
    return steps


def forecast(plan: LabPlan) -> dict[str, Any]:
    """What an experiment will do and how long it will take here, as JSON values and as lines to print."""
    axis = axis_named(plan.axis)
    pieces = axis.pieces(plan.params(axis))
    seconds = measured_seconds(plan)
    steps = sum(piece.steps for piece in pieces)
    lines = [
        f"{axis.title(plan.params(axis))}: {axis.question}",
        f"{len(pieces)} trainings, {plan.num_seeds} seeds, {steps:,} gradient steps in all, {plan.num_steps:,} each "
        "and half of them; about " + (f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"),
        *axis.notes(plan.params(axis)),
    ]
    return {
        "axis": axis.name,
        "trainings": len(pieces),
        "seeds": plan.num_seeds,
        "steps": plan.num_steps,
        "seconds": seconds,
        "lines": lines,
    }


def run_lab(
    plan: LabPlan,
    folder: Path,
    *,
    command: str = "",
    clock: Callable[[], float] = time.perf_counter,
    on_progress: Progress = silent,
    render: Callable[[RunRecord], str] | None = None,
) -> RunRecord:
    """Runs an experiment into a folder, or resumes it there: finished trainings are kept.

    Args:
        plan: which, and how large.
        folder: the run folder; made when it does not exist.
        command: what to type to reproduce it.
        clock: seconds.
        on_progress: told about the trainings, in units of their cost.
        render: the report's page, or None to write none.
    Returns:
        the finished run; a folder that was complete before is checked against its hashes and read back.
    Raises:
        ConfigError: an unknown axis, or the folder holds something else.
        CapabilityError: torch is missing.
        FingerprintError: the folder was begun by another version of the experiment.
        FormatError: what lies there is damaged.
    """
    started = clock()
    axis = axis_named(plan.axis)
    run = RunFolder(folder)
    run.check(plan)
    if run.is_complete():
        return _finished(run)
    check_installed()
    if folder.exists() and any(folder.iterdir()) and not (folder / PLAN).exists():
        raise ConfigError(f"{folder} holds other files.", next_step="Choose another folder with -o.")
    run.begin(plan)
    params = plan.params(axis)
    journal = Journal(run.journal_path, plan.fingerprint(axis))
    try:
        kept = _work(axis, params, plan.seed, journal, on_progress)
        record = _record(axis, params, plan, kept, command, clock() - started)
        run.finish(record, parquet(axis.scores(params, kept), []), None, render)
    finally:
        journal.close()
    return record


def _work(axis: Axis, params: Any, seed: int, journal: Journal, on_progress: Progress) -> dict[str, dict[str, Any]]:
    """Every piece, from the journal where it was done before."""
    from byheart.models.transformer.parallel import threads

    pieces = axis.pieces(params)
    total = sum(piece.cost for piece in pieces)
    before = 0.0
    kept = {}
    with threads(NUM_THREADS):
        for piece in pieces:
            if piece.key not in journal:
                journal.put(piece.key, axis.work(params, piece, seed, _within(piece, before, total, on_progress)))
            # Read back, so that a run that was resumed computes from the same numbers to the last bit.
            kept[piece.key] = journal.get(piece.key)
            before += piece.cost
            on_progress("train", before, total, piece.key)
    return kept


def _within(piece: Piece, before: float, whole: float, on_progress: Progress) -> Progress:
    def tell(stage: str, done: float, total: float, note: str = "") -> None:
        on_progress("train", before + piece.cost * done / total, whole, f"{piece.key}, {note}")

    return tell


def _finished(run: RunFolder) -> RunRecord:
    faults = run.faults()
    if faults:
        raise FormatError(
            f"{run.path} is damaged.",
            why=" ".join(faults[:5]),
            next_step="Choose another folder with -o, or delete this one.",
        )
    return run.read()


def _record(
    axis: Axis, params: Any, plan: LabPlan, kept: dict[str, dict[str, Any]], command: str, seconds: float
) -> RunRecord:
    findings = axis.findings(params, kept)
    trained_on, held_out = axis.data(params)
    sizes = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(params).items()
    }
    return RunRecord(
        title=axis.title(params),
        results=tuple(Result(axis.name, axis.version, one.subject.name, Completed(one.evidence)) for one in findings),
        methods=(
            Method(audit=axis.name, version=axis.version, question=axis.question, parts=axis.method(), params=sizes),
        ),
        provenance=Provenance(
            byheart=__version__,
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            packages=package_versions(),
            seed=plan.seed,
            command=command,
            seconds=seconds,
            trained_on=trained_on,
            held_out=held_out,
            tokenizer="none: the tokens are numbers",
            subjects=tuple(one.subject for one in findings),
        ),
        notes=axis.notes(params),
    )
