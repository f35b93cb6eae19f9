"""Criteria of whoever decides, held against the numbers of a run: passed, failed, or not enough evidence to say.

    [[criterion]]
    require = "extraction.greedy_excess.high <= 0.001"
    why = "The licence of the corpus allows no verbatim copies."

docs/gate.md has the rules; study/criterion.py what a line means.
"""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blake3 import blake3

from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.core.result import Completed, Result
from byheart.core.run_record import RunRecord
from byheart.errors import ConfigError, SourceError
from byheart.report import format as fmt
from byheart.report.comparison import MEASURES, why_missing
from byheart.study.criterion import Criterion, all_names, compared, named, parse, path_of, resolved
from byheart.study.criterion_names import meant_subject
from byheart.study.deciding import decided
from byheart.study.headline import NAMES
from byheart.study.plan import did_you_mean
from byheart.study.settings import why_incomparable

KEYS = ("require", "subject", "why")
ROLES = ("model", "base", "lookup pole", "blind pole")
BETWEEN_0_AND_1 = ("AUC", "PM", "p", "p-value")
"""Units of numbers that are no shares and lie in [0, 1] all the same."""
LEAST_CONFIDENCE = 0.95
"""Of an interval whose bound decides."""
MAX_BYTES = 1_000_000
"""Of a criteria file."""
NEXT = "docs/gate.md shows what a criteria file may say; docs/examples/gate.toml is one."


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """A criteria file."""

    name: str
    """Its name and the beginning of its BLAKE3, for whoever asks later which criteria it was."""
    items: tuple[Criterion, ...]
    """In the order of the file; at least one."""


def read_criteria(path: Path, record: RunRecord | None = None, baseline: RunRecord | None = None) -> Criteria:
    """The criteria in a TOML file.

    Args:
        path: the file; untrusted.
        record: a run that it is for: names that this does not have are then listed beside the other faults.
        baseline: the run that `baseline` in a criterion means.
    Raises:
        SourceError: it cannot be read.
        ConfigError: it is not TOML, or says what no criterion says; all faults are listed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read.", why=str(error), next_step=NEXT) from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path} has {len(data):,} bytes.", why=f"Criteria need at most {MAX_BYTES:,}.")
    try:
        raw = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML.", why=str(error), next_step=NEXT) from error
    items, named_ones, faults = _items(raw)
    if faults:
        known = _known(record, baseline) if record is not None else []
        misnamed = [(n, _misnamed(it, record, known)) for n, it in named_ones if record is not None]
        raise _ill_formed(str(path), [*faults, *(f"criterion {n}: {one}" for n, found in misnamed for one in found)])
    return Criteria(name=f"{path.name}, BLAKE3 {blake3(data).hexdigest()[:16]}", items=tuple(items))


def _ill_formed(where: str, faults: list[str]) -> ConfigError:
    return ConfigError(f"{where} is ill-formed.", why="; ".join(faults), next_step=NEXT)


def _items(raw: dict[str, Any]) -> tuple[list[Criterion], list[tuple[int, Criterion]], list[str]]:
    """Criteria, those among them and among the faulty that name a number, each with its place, and what is wrong."""
    faults = [f"unknown key {key!r}. {did_you_mean(key, ['criterion'])}" for key in raw if key != "criterion"]
    tables = raw.get("criterion", [])
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        return [], [], [*faults, "it needs at least one table [[criterion]] with a line require"]
    items: list[Criterion] = []
    named_ones: list[tuple[int, Criterion]] = []
    for number, table in enumerate(tables, start=1):
        wrong = [f"unknown key {key!r}. {did_you_mean(key, list(KEYS))}" for key in table if key not in KEYS]
        wrong += [f"{key} must be a text" for key in KEYS if key in table and not isinstance(table[key], str)]
        wrong += [] if "require" in table else ["no line require"]
        line, subject = table.get("require"), table.get("subject", "model")
        read = parse(line) if isinstance(line, str) else None
        name = named(line) if isinstance(line, str) else None
        if name is not None:
            named_ones.append((number, replace(name, subject=subject if isinstance(subject, str) else "model")))
        if isinstance(read, str):
            wrong.append(f"{table['require'][:100]!r} {read}")
        faults += [f"criterion {number}: {fault}" for fault in wrong]
        if isinstance(read, Criterion) and not wrong:
            read = replace(read, subject=subject, why=table.get("why", ""))
            if any((it.text, it.subject) == (read.text, read.subject) for it in items):
                faults.append(f"criterion {number}: {read.text!r} stands there twice")
            items.append(read)
    return items, named_ones, faults


def judge(record: RunRecord, criteria: Criteria, baseline: RunRecord | None = None) -> GateRecord:
    """Every criterion held against a run.

    Definition:
        of `x.high <= limit`: passed where high <= limit, failed where low > limit, else undecided: the interval holds
        the limit, and the sample is too small to say on which side of it the number is; `x.low >= limit` likewise the
        other way round. A bound on the other side (`x.low <= limit`: not shown to be more) and a value are compared as
        they stand. Undecided is also what has no number: refused, failed, not run, without interval or excess, or with
        another version of its statistic than the baseline's.
    Args:
        record: a finished run.
        criteria: as `read_criteria` gives them.
        baseline: the run that `baseline` in a criterion means.
    Returns:
        failed where one criterion is, else undecided where one is, else passed.
    Raises:
        ConfigError: a criterion names no number or subject that there is, asks for a baseline that was not given, or
            sets a limit that every number keeps; all faults are listed. Where the baseline makes it such a limit,
            the criterion is undecided.
    Source: non-inferiority by the bound of an interval: Piaggio et al. 2012 (CONSORT, JAMA 308).
    Differs: nothing. Each criterion stands by itself at the confidence of its interval: of many criteria some are
        missed by chance, which makes a gate stricter, never laxer.
    """
    judgements, faults = [], []
    known = _known(record, baseline)
    for number, criterion in enumerate(criteria.items, start=1):
        wrong = _faults(criterion, record, known, baseline)
        faults += [f"criterion {number}: {fault}" for fault in wrong]
        if not wrong:
            judgements.append(_judged(criterion, record, known, baseline))
    if faults:
        raise _ill_formed(criteria.name.partition(",")[0], faults)
    outcomes = {it.outcome for it in judgements}
    outcome = next((it for it in (Outcome.FAILED, Outcome.UNDECIDED) if it in outcomes), Outcome.PASSED)
    name = baseline.title if baseline is not None else ""
    return GateRecord(outcome=outcome, judgements=tuple(judgements), criteria=criteria.name, baseline=name)


def _known(record: RunRecord, baseline: RunRecord | None) -> list[str]:
    runs = (record,) if baseline is None else (record, baseline)
    found = [e.name for run in runs for r in run.results for e in r.evidence if isinstance(e, Estimate | Refusal)]
    return all_names(MEASURES, NAMES, found)


def _faults(criterion: Criterion, record: RunRecord, known: list[str], baseline: RunRecord | None) -> list[str]:
    faults = _misnamed(criterion, record, known)
    meant = resolved(criterion, known)
    if criterion.limit.factor is not None and baseline is None:
        faults.append(f"{criterion.text!r} asks for a baseline: give --baseline RUN")
    if not isinstance(meant, str) and criterion.limit.factor is None:
        it = _found(record, _subject(criterion, record), meant[0])
        limit, ends = criterion.limit.offset, _ends(it, meant[1])
        if ends is not None and not ends[0] <= limit <= ends[1]:
            of = "an excess of such numbers" if meant[1] == "excess" else "a number like that"
            faults.append(f"{criterion.text!r}: {of} lies in [{ends[0]:g}, {ends[1]:g}]; 5 % is written 0.05")
        elif ends is not None and criterion.asks_nothing(limit, *ends):
            faults.append(f"{criterion.text!r}: every number keeps it, so that it asks nothing")
    return faults


def _ends(it: Estimate | str, aspect: str) -> tuple[float, float] | None:
    """Between what a number of that kind must lie, or None where it has no ends."""
    if not isinstance(it, Estimate) or not (fmt.is_rate(it.unit) or it.unit in BETWEEN_0_AND_1):
        return None
    if aspect == "excess":
        return (-0.5, 0.5) if it.unit == "AUC" else (-1.0, 1.0)
    return 0.0, 1.0


def _misnamed(criterion: Criterion, record: RunRecord, known: list[str]) -> list[str]:
    found = resolved(criterion, known)
    faults = [f"{path_of(criterion.text)!r} {found}"] if isinstance(found, str) else []
    names = [s.name for s in record.provenance.subjects]
    if criterion.subject not in (*ROLES, *names):
        faults.append(f"no subject {criterion.subject!r}. {meant_subject(criterion.subject, names, ROLES)}")
    return faults


def _subject(criterion: Criterion, record: RunRecord) -> str:
    """Name of the subject that a criterion is about; the role itself where the run has no such one."""
    subjects = record.provenance.subjects
    by_role = (s.name for s in subjects if s.role == criterion.subject)
    by_name = (s.name for s in subjects if s.name == criterion.subject)
    return next(by_role, next(by_name, criterion.subject))


def _results(record: RunRecord, subject: str, name: str) -> list[Result]:
    """Of the audit that a number belongs to."""
    return [r for r in record.results if r.subject == subject and r.audit == name.partition(".")[0]]


def _found(record: RunRecord, subject: str, name: str) -> Estimate | str:
    """A number of a run, or why it has none."""
    results = _results(record, subject, name)
    for result in results:
        for it in result.evidence:
            if isinstance(it, Estimate) and it.name == name:
                return it
            if isinstance(it, Refusal) and it.name == name:
                return f"The number was refused: {fmt.shown(it.reason, 500)}"
    if results and isinstance(results[0].status, Completed):
        return f"The audit {name.partition('.')[0]} ran without giving this number."
    return f"There is no such number: {why_missing(results[0] if results else None)}."


def _judged(criterion: Criterion, record: RunRecord, known: list[str], baseline: RunRecord | None) -> Judgement:
    meant = resolved(criterion, known)
    assert not isinstance(meant, str)
    name, aspect = meant
    subject = _subject(criterion, record)
    it = _found(record, subject, name)
    number = compared(it, aspect) if isinstance(it, Estimate) else it
    base = _baseline_number(criterion, record, baseline, meant) if criterion.limit.factor is not None else None
    limit = criterion.limit.offset if isinstance(base, str) else criterion.limit.at(base)
    unfit = _unfit(criterion, it, aspect, limit) if not isinstance(base, str) else None
    missing = next((why for why in (number, base, unfit) if isinstance(why, str)), None)
    outcome, said, found, interval = Outcome.UNDECIDED, missing or "", None, None
    if missing is None:
        assert isinstance(number, Interval)
        assert isinstance(it, Estimate)
        has_bounds = bool(aspect) or it.low is not None
        outcome, said = decided(criterion, it, number, limit, aspect=aspect, has_bounds=has_bounds)
        said += _other_texts(record, baseline) if base is not None else ""
        found, interval = getattr(number, criterion.part), number if has_bounds else None
    return Judgement(
        criterion=criterion.text,
        name=name,
        subject=subject,
        outcome=outcome,
        found=found,
        limit=limit,
        unit=it.unit if isinstance(it, Estimate) else "",
        interval=interval,
        said=said,
        why=criterion.why,
    )


def _unfit(criterion: Criterion, it: Estimate | str, aspect: str, limit: float) -> str | None:
    """Why nothing can be decided on a number that there is, or None."""
    ends = _ends(it, aspect)
    if criterion.limit.factor is not None and ends is not None and criterion.asks_nothing(limit, *ends):
        return f"By the baseline the limit would be {limit:.6g}, which every number keeps: nothing is asked."
    if criterion.part != "value" and isinstance(it, Estimate) and it.low is not None:
        if it.confidence < LEAST_CONFIDENCE:
            return f"Its interval is at {100 * it.confidence:g} %, and a gate decides on bounds of 95 % or more."
    return None


def _baseline_number(
    criterion: Criterion, record: RunRecord, baseline: RunRecord | None, meant: tuple[str, Any]
) -> float | str:
    """The baseline's value of the same number, or why it cannot be compared with."""
    assert baseline is not None
    name, aspect = meant
    subject = _subject(criterion, baseline)
    it = _found(baseline, subject, name)
    number = compared(it, aspect) if isinstance(it, Estimate) else it
    if isinstance(number, str):
        return f"Of the baseline: {number}"
    versions = [
        results[0].version
        for run, who in ((record, _subject(criterion, record)), (baseline, subject))
        if (results := _results(run, who, name))
    ]
    if len(set(versions)) > 1:
        return f"The statistic has version {versions[0]} here and {versions[1]} in the baseline: not comparable."
    other = why_incomparable(name, baseline, record)
    return f"Of the baseline {other}: not comparable." if other else number.value


def _other_texts(record: RunRecord, baseline: RunRecord | None) -> str:
    """What a reader must know where the baseline read other texts, or is this very measurement."""
    assert baseline is not None
    sides = (("trained-on", "trained_on"), ("held-out", "held_out"))
    other = [
        said
        for said, field in sides
        if getattr(record.provenance, field).get("fingerprint")
        != getattr(baseline.provenance, field).get("fingerprint")
    ]
    if other:
        return f" The baseline was measured on other {' and other '.join(other)} text."
    is_same = record.results == baseline.results
    return " The baseline has the very same numbers, so that this says nothing of a change." if is_same else ""
