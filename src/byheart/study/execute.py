"""Runs a plan: texts -> subjects -> scores (through the journal) -> audits -> results -> run folder."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from byheart.audits import AUDITS
from byheart.core.audit import Audit
from byheart.core.progress import Progress, silent
from byheart.core.result import Completed, Failed, NotApplicable, Result, Status
from byheart.core.run_record import Method, RunRecord
from byheart.core.streams import stream
from byheart.core.strings import without_folders
from byheart.errors import ByheartError, FingerprintError, FormatError
from byheart.models.endpoint.limits import Limits
from byheart.study.asking import Answers, ask_everyone, lacking
from byheart.study.commands import audit_command
from byheart.study.endpoint_answers import close_remote, keep_answers
from byheart.study.headline import claims
from byheart.study.inputs import inputs_for
from byheart.study.journal import Journal
from byheart.study.plan import StudyPlan
from byheart.study.provenance import provenance, sizes_of
from byheart.study.run_folder import RunFolder
from byheart.study.scoring import Clock
from byheart.study.sensitivity import reached
from byheart.study.sources import Texts, read_texts
from byheart.study.subjects import Cast, Subject, assemble_cast, memorizer_name
from byheart.study.tables import sample_table, score_table


def run_audit(audit: Audit, params: Any, subject: Subject, asked: Answers, cast: Cast, seed: int) -> Result:
    """One audit on one subject; its errors become Failed, so that the others go on."""
    needs = audit.needs(params)
    reasons = {need: reason for need in needs if (reason := lacking(subject, need, asked.materials[need]))}
    status: Status
    if reasons and (audit.needs_all or len(reasons) == len(needs)):
        status = NotApplicable(" ".join(dict.fromkeys(reasons.values())))
    else:
        # One stream for all subjects: what is the same for all (human text) then has the same interval beside each.
        rng = stream(seed, "audit", audit.name)
        try:
            status = Completed(audit.run(inputs_for(needs, subject, asked, cast, reasons), params, rng=rng))
        except (ByheartError, ArithmeticError, LookupError, ValueError) as error:
            status = Failed(type(error).__name__, str(error))
    return Result(audit.name, audit.version, subject.name, status)


def _methods(chosen: tuple[Audit, ...], plan: StudyPlan) -> tuple[Method, ...]:
    return tuple(
        Method(
            audit=audit.name,
            version=audit.version,
            question=audit.question,
            parts=audit.method(),
            params=sizes_of(audit.profiles[plan.profile]),
        )
        for audit in chosen
    )


def _name_of(model: str) -> str:
    """A model as pages and exports call it: without the folders that it lies in."""
    return Path(model).resolve().name if Path(model).is_dir() else without_folders(model)


def study_fingerprint(plan: StudyPlan, texts: Texts, cast: Cast) -> str:
    """Identifies the study by everything that decides its numbers."""
    corpora = (texts.trained_on.fingerprint, texts.held_out.fingerprint, texts.calibration.fingerprint)
    predictors = (subject.predictor.fingerprint for subject in cast.subjects)
    secrets = () if cast.canaries is None else (cast.canaries.fingerprint,)
    return plan.fingerprint(*corpora, cast.tokenizer.fingerprint, *predictors, *secrets)


COPIED_TOKENS = 32
"""A run of so many tokens that stands in both texts is a copy, not a coincidence."""


def overlap(cast: Cast) -> str:
    """How much of the held-out text stands in the trained-on text after all, as a sentence.

    Definition:
        share of held-out tokens inside a run of at least COPIED_TOKENS tokens that occurs in the corpus
    """
    covered = total = 0
    for document in cast.held_out.documents:
        lengths = cast.index.longest_matches(document.token_ids).lengths
        end = 0
        for start in np.flatnonzero(lengths >= COPIED_TOKENS):
            stop = int(start) + int(lengths[start])
            covered += max(0, stop - max(end, int(start)))
            end = max(end, stop)
        total += len(document.token_ids)
    share = 100 * covered / max(total, 1)
    said = (
        f"{share:.1f} % of the held-out text stands in the trained-on text in runs of {COPIED_TOKENS} tokens or more."
    )
    return said if share < 5 else f"{said} So it is only partly unseen: controls are too high, excesses too small."


def finished(run: RunFolder, texts: Texts) -> RunRecord:
    """A complete run read back, if it is whole and of these very texts.

    Raises:
        FormatError: a file does not match its hash.
        FingerprintError: the sources have changed since.
    """
    faults = run.faults()
    if faults:
        raise FormatError(
            f"{run.path} is damaged.",
            why=" ".join(faults[:5]),
            next_step="Choose another folder with -o, or delete this one.",
        )
    record = run.read()
    origin = record.provenance
    now = (texts.trained_on.fingerprint, texts.held_out.fingerprint)
    secrets = "" if texts.canaries is None else texts.canaries.fingerprint
    if (*now, secrets) != (origin.trained_on["fingerprint"], origin.held_out["fingerprint"], origin.canaries):
        raise FingerprintError(
            f"{run.path} is complete, but its sources have changed since.",
            why="Their texts no longer have the fingerprints in provenance.json.",
            next_step="Choose another folder with -o to audit what is there now.",
        )
    return record


def execute(  # noqa: PLR0913 - the one place where everything comes together
    plan: StudyPlan,
    folder: Path,
    *,
    title: str = "",
    command: str = "",
    notes: tuple[str, ...] = (),
    limits: Limits | None = None,
    clock: Clock = time.perf_counter,
    on_progress: Progress = silent,
    render: Callable[[RunRecord], str] | None = None,
) -> RunRecord:
    """Runs a plan into a folder, or resumes it there.

    Args:
        plan: what to study.
        folder: the run folder; made when it does not exist.
        title: what was audited, in a few words; the model's name when empty.
        command: what to type to reproduce the run; that of the audit unless given.
        notes: what a reader must know of these very sources.
        limits: how hard an endpoint may be asked; a run that spent them resumes under others.
        clock: seconds, for throughput.
        on_progress: told about every stage.
        render: the report's page, or None to write none.
    Returns:
        the finished run; its folder has a manifest, which is written last. A folder that was complete before is
        checked against its hashes and the sources, and read back.
    Raises:
        ByheartError: the sources, the model or the folder cannot be used. What was scored is in the journal.
    """
    started = clock()
    chosen = plan.chosen(AUDITS)
    memorizer_name(plan)  # a mistyped name is said before anything is read
    run = RunFolder(folder)
    run.check(plan)
    texts = read_texts(plan, on_progress=on_progress)
    if run.is_complete():
        return finished(run, texts)
    cast = assemble_cast(plan, texts, limits=limits, on_progress=on_progress)
    predictors = [subject.predictor for subject in cast.subjects]
    run.begin(plan)  # only now: a mistyped source or model must not leave a plan behind
    journal = Journal(run.journal_path, study_fingerprint(plan, texts, cast))
    try:
        if run.is_complete():  # another process finished while this one was loading
            run.journal_path.unlink()
            return finished(run, texts)
        keep_answers(predictors, journal)
        params = {audit.name: audit.profiles[plan.profile] for audit in chosen}
        needs = tuple(dict.fromkeys(need for audit in chosen for need in audit.needs(params[audit.name])))
        asked = ask_everyone(cast, needs, plan.seed, journal, clock=clock, on_progress=on_progress)
        results = []
        for subject in cast.subjects:
            for audit in chosen:
                results.append(run_audit(audit, params[audit.name], subject, asked, cast, plan.seed))
                on_progress("audit", len(results), len(cast.subjects) * len(chosen), audit.name)
        repeat = command or audit_command(plan, limits)
        of_model = [result for result in results if result.subject == cast.subjects[0].name]
        record = RunRecord(
            title=title or _name_of(plan.model),
            results=tuple(results),
            methods=_methods(chosen, plan),
            provenance=provenance(plan, texts, cast, asked.throughput, repeat, clock() - started),
            notes=(*notes, *texts.notes, *cast.notes, *asked.notes, overlap(cast)),
            sensitivity=reached(of_model),
            claims=claims(of_model),
        )
        run.finish(record, score_table(cast, asked), sample_table(cast, asked), render)
    finally:
        close_remote(predictors)
        journal.close()
    return record
