"""A gate over run folders: whole and finished ones only, so that nothing is decided on what was altered."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from byheart.core.judgement import GateRecord
from byheart.core.run_record import RunRecord
from byheart.errors import FormatError
from byheart.study.criteria import judge, read_criteria
from byheart.study.run_folder import PAGES, RunFolder


def whole_run(path: Path) -> RunRecord:
    """A finished run of which every file but the page matches its hash.

    Args:
        path: run folder.
    Raises:
        SourceError: there is none, or it is not finished.
        FormatError: a file differs from what was written.
    Cost: reading all of its files once.
    """
    folder = RunFolder(path)
    damaged = [fault for fault in folder.faults() if not fault.startswith(PAGES)]
    if damaged:
        raise FormatError(
            f"{path} is damaged.", why=" ".join(damaged[:5]), next_step="Run the audit again; decide nothing on this."
        )
    return folder.read()


def gate_of(run: Path, criteria: Path, baseline: Path | None = None) -> GateRecord:
    """A run folder held against a criteria file.

    Args:
        run: folder of the run.
        criteria: TOML file, as `read_criteria` takes it.
        baseline: folder of the run that `baseline` in the criteria means.
    Raises:
        SourceError, FormatError: a run is missing, unfinished or damaged, or the file cannot be read.
        ConfigError: the criteria are ill-formed or name what there is not.
    """
    record = whole_run(run)
    other = whole_run(baseline) if baseline is not None else None
    judged = judge(record, read_criteria(criteria, record, other), other)
    return judged if baseline is None else replace(judged, baseline=baseline.resolve().name)


def gate_to_json(gate: GateRecord) -> dict[str, Any]:
    """What `byheart gate --json` prints."""
    counts = {it.value: 0 for it in type(gate.outcome)}
    for judgement in gate.judgements:
        counts[judgement.outcome.value] += 1
    judgements = [asdict(it) | {"outcome": it.outcome.value} for it in gate.judgements]
    return {
        "schema": 1,
        "outcome": gate.outcome.value,
        "counts": counts,
        "criteria": gate.criteria,
        "baseline": gate.baseline or None,
        "judgements": judgements,
    }
