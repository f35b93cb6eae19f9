"""Runs as files for other tools: which format needs what, and where it goes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import unquote

from byheart.core.judgement import GateRecord
from byheart.core.run_record import RunRecord
from byheart.core.strings import strings
from byheart.corpus.atomic_file import write_durably
from byheart.errors import ConfigError
from byheart.report.redaction import Mode, Redaction, redacted
from byheart.study.page_texts import texts_of_page
from byheart.study.plan import did_you_mean
from byheart.study.redaction_check import fully_redacted

Format = Literal["sarif", "junit", "github", "parquet", "csv", "modelcard"]


def checked(to: str, *, has_criteria: bool) -> Format:
    """The format.

    Raises:
        ConfigError: there is no such format, or it needs criteria and has none.
    """
    formats = list(get_args(Format))
    faults = [f"unknown format {to!r}. {did_you_mean(to, formats)}"] if to not in formats else []
    if to == "junit" and not has_criteria:
        faults.append("JUnit's test cases are criteria: give --criteria FILE")
    if faults:
        raise ConfigError("This cannot be exported.", why="; ".join(faults), next_step="See `byheart export --help`.")
    return to  # type: ignore[return-value]


@dataclass(frozen=True)
class Export:
    """A run for another tool."""

    data: bytes
    """The file."""
    commands: str
    """Of GitHub: workflow commands for stdout, which is what its runner reads; else empty."""
    checked: str
    """Of full redaction: what it was checked against, for whoever passes it on; else empty."""


def export_of(
    run: Path,
    record: RunRecord,
    gate: GateRecord | None,
    to: Format,
    redact: Mode,
    *,
    indexes: Sequence[Path] = (),
    unchecked: bool = False,
) -> Export:
    """A run in one format; in full redaction checked against the texts, as its report is.

    Args:
        run: folder of the run.
        record: of it.
        gate: held against it, where criteria were given; JUnit needs one.
        to: the format.
        redact: what is left out, as `exported` takes it.
        indexes: of the texts, to check full redaction where the sources are gone.
        unchecked: do not check full redaction.
    Raises:
        SourceError, FingerprintError, EvidenceError, UnsafeError: redaction_check.py: fully_redacted.
    """

    def made(redaction: Redaction) -> Export:
        commands = ""
        if to == "github":
            from byheart.exports.github import annotations

            shown = redacted(record, gate, redaction)
            commands = annotations(shown.record, shown.gate)
        return Export(exported(record, gate, to, redact, redaction.withheld), commands, redaction.checked)

    if redact is not Mode.FULL:
        return made(Redaction(mode=redact))
    return fully_redacted(
        run, record, gate, made, texts_of=lambda it: _texts(it, to), indexes=indexes, unchecked=unchecked
    )


def _texts(export: Export, to: Format) -> list[str]:
    """Everything that a reader of an export can read."""
    match to:
        case "sarif":
            return list(strings(json.loads(export.data)))
        case "parquet":
            import pyarrow as pa
            import pyarrow.parquet

            return list(strings(pyarrow.parquet.read_table(pa.BufferReader(export.data)).to_pylist()))
        case "junit" | "github" | "csv" | "modelcard":
            text = export.data.decode("utf-8")
            return [text, *texts_of_page(text), unquote(export.commands)]


def exported(
    record: RunRecord, gate: GateRecord | None, to: Format, redact: Mode, withheld: frozenset[str] = frozenset()
) -> bytes:
    """A run in one format; of GitHub's the step summary.

    Args:
        record: a finished run.
        gate: held against it, where criteria were given; JUnit needs one.
        to: the format.
        redact: what is left out: nothing; the text of passages, which only SARIF has, and the messages of failed
            audits; or names of documents, sources and models too.
        withheld: strings that full redaction leaves out besides.
    """
    if redact is not Mode.NONE:
        shown = redacted(record, gate, Redaction(mode=redact, withheld=withheld))
        record, gate = shown.record, shown.gate
    match to:
        case "sarif":
            from byheart.exports.sarif import sarif

            return sarif(record, gate, with_text=redact is Mode.NONE).encode("ascii")
        case "junit":
            from byheart.exports.junit import junit

            assert gate is not None
            return junit(record, gate).encode("utf-8")
        case "github":
            from byheart.exports.github import summary

            return summary(record, gate).encode("utf-8")
        case "parquet":
            from byheart.exports.tables import to_parquet

            return to_parquet(record)
        case "csv":
            from byheart.exports.tables import to_csv

            return to_csv(record).encode("utf-8")
        case "modelcard":
            from byheart.exports.modelcard import model_card

            return model_card(record, gate).encode("utf-8")


def write_export(path: Path, data: bytes, *, append: bool = False) -> None:
    """Writes an export, whole or not at all; a step summary of GitHub is appended to what other steps wrote."""
    before = path.read_bytes() if append and path.is_file() else b""
    write_durably(path, before + data)
