"""Runs an experiment: pieces -> journal -> findings -> run folder, as `study/execute.py` does with audits."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from byheart._version import __version__
from byheart.core.progress import Progress, silent
from byheart.core.provenance import Provenance
from byheart.core.result import Completed, Result
from byheart.core.run_record import Method, RunRecord
from byheart.errors import ConfigError, FormatError
from byheart.study.commands import lab_command
from byheart.study.headline import claims
from byheart.study.journal import Journal
from byheart.study.lab import axes_named
from byheart.study.lab.axis import Axis, Finding, seeds_counted
from byheart.study.lab.merging import data_of, rows_of, subjects_of
from byheart.study.lab.plan import LabPlan
from byheart.study.lab.pool import Job, done
from byheart.study.provenance import package_versions, sizes_of, today
from byheart.study.run_folder import PLAN, RunFolder
from byheart.study.tables import parquet
from byheart.study.training import check_installed

Kept = Mapping[str, dict[str, Any]]


def kept_plan(folder: Path) -> LabPlan | None:
    """The plan that a run folder holds already, or None where there is none."""
    path = folder / PLAN
    return LabPlan.from_toml(path.read_text("utf-8")) if path.exists() else None


def run_lab(
    plan: LabPlan,
    folder: Path,
    *,
    num_processes: int = 1,
    seconds: Mapping[str, float] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    on_progress: Progress = silent,
    render: Callable[[RunRecord], str] | None = None,
) -> RunRecord:
    """Runs an experiment into a folder, or resumes it there: finished trainings are kept.

    Args:
        plan: which, and how large.
        folder: the run folder; made when it does not exist.
        num_processes: trainings at a time; moves no number.
        seconds: what each axis is expected to take, by name, for the progress; None: the same for all.
        clock: seconds.
        on_progress: told about the trainings, in units of their cost.
        render: the report's page, or None to write none.
    Returns:
        the finished run; a folder that was complete before is checked against its hashes and read back.
    Raises:
        ConfigError: an unknown axis, or the folder holds something else.
        CapabilityError: torch is missing.
        BackendError: a process died.
        FingerprintError: the folder was begun by another version of the experiment.
        FormatError: what lies there is damaged.
    """
    started = clock()
    axes = axes_named(plan.axis)
    run = RunFolder(folder)
    run.check(plan)
    if run.is_complete():
        return _finished(run)
    check_installed()
    if folder.exists() and any(folder.iterdir()) and not (folder / PLAN).exists():
        raise ConfigError(f"{folder} holds other files.", next_step="Choose another folder with -o.")
    run.begin(plan)
    journal = Journal(run.journal_path, plan.fingerprint(axes))
    try:
        jobs = _jobs(axes, plan, seconds or {})
        _do(jobs, plan.seed, journal, num_processes, on_progress)
        # Read back, so that a run that was resumed computes from the same numbers to the last bit.
        kept = {axis.name: _kept(axis, plan, journal) for axis in axes}
        findings = {axis.name: axis.findings(plan.params(axis), kept[axis.name]) for axis in axes}
        record = _record(axes, plan, findings, clock() - started)
        rows = {axis.name: axis.scores(plan.params(axis), kept[axis.name]) for axis in axes}
        run.finish(record, parquet(rows_of(rows), []), None, render)
    finally:
        journal.close()
    return record


def _jobs(axes: tuple[Axis, ...], plan: LabPlan, seconds: Mapping[str, float]) -> list[Job]:
    """Every piece of every axis; within an axis the longest first, so that the processes end together."""
    jobs = []
    for axis in axes:
        params = plan.params(axis)
        pieces = sorted(axis.pieces(params), key=lambda piece: -piece.cost)
        whole = sum(piece.cost for piece in pieces)
        for piece in pieces:
            share = seconds.get(axis.name, 1.0) * piece.cost / whole
            jobs.append(Job(_key(axis, piece.key), axis.work, params, piece, share))
    return jobs


def _key(axis: Axis, piece: str) -> str:
    return f"{axis.name}: {piece}"


def _kept(axis: Axis, plan: LabPlan, journal: Journal) -> Kept:
    return {piece.key: journal.get(_key(axis, piece.key)) for piece in axis.pieces(plan.params(axis))}


def _do(jobs: list[Job], seed: int, journal: Journal, num_processes: int, on_progress: Progress) -> None:
    """Every job that the journal does not hold yet."""
    total = sum(job.cost for job in jobs)
    costs = {job.key: job.cost for job in jobs}
    shares = {job.key: 1.0 for job in jobs if job.key in journal}

    def tell(key: str, share: float) -> None:
        shares[key] = share
        on_progress("experiment", sum(costs[name] * part for name, part in shares.items()), total, key)

    waiting = [job for job in jobs if job.key not in journal]
    with closing(done(waiting, seed, num_processes, tell)) as finished:  # whatever happens, no process goes on alone
        for key, value in finished:
            journal.put(key, value)
            tell(key, 1.0)


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
    axes: tuple[Axis, ...], plan: LabPlan, findings: Mapping[str, Sequence[Finding]], seconds: float
) -> RunRecord:
    results = tuple(
        Result(axis.name, axis.version, one.subject.name, Completed(one.evidence))
        for axis in axes
        for one in findings[axis.name]
    )
    trained_on, held_out = data_of({axis.name: axis.data(plan.params(axis)) for axis in axes})
    subjects = subjects_of([one.subject for found in findings.values() for one in found])
    methods = tuple(
        Method(
            audit=axis.name,
            version=axis.version,
            question=axis.question,
            parts=axis.method(),
            params=sizes_of(plan.params(axis)),
        )
        for axis in axes
    )
    notes = dict.fromkeys(note for axis in axes for note in axis.notes(plan.params(axis)))
    return RunRecord(
        title=_title(axes, plan),
        results=results,
        methods=methods,
        provenance=Provenance(
            byheart=__version__,
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            packages=package_versions(),
            seed=plan.seed,
            command=lab_command(plan),
            seconds=seconds,
            date=today(),
            trained_on=trained_on,
            held_out=held_out,
            tokenizer="none: tokens are numbers; the real text of adaptation has byte pairs of its old domain",
            subjects=subjects,
        ),
        notes=tuple(notes),
        claims=claims(result for result in results if result.subject == subjects[0].name),
    )


TITLE_OF_ALL = "every axis of the theory: small transformers beside the memorizers of their training data"
FEW_SEEDS = 5
"""Fewer are marked as a look wherever the run is named."""


def _title(axes: tuple[Axis, ...], plan: LabPlan) -> str:
    what = axes[0].title(plan.params(axes[0])) if len(axes) == 1 else TITLE_OF_ALL
    num_seeds = min(plan.params(axis).num_seeds for axis in axes)
    seeds = seeds_counted(num_seeds)
    mark = f"{seeds}: a look, not a result" if num_seeds < FEW_SEEDS else seeds
    return f"{what} ({plan.profile} profile, {mark})"
