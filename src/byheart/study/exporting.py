"""Runs as files for other tools: which format needs what, and where it goes."""

from pathlib import Path
from typing import Literal, get_args

from byheart.core.judgement import GateRecord
from byheart.core.run_record import RunRecord
from byheart.corpus.atomic_file import write_durably
from byheart.errors import ConfigError
from byheart.report.redaction import Mode, Redaction, redacted
from byheart.study.plan import did_you_mean

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


def exported(record: RunRecord, gate: GateRecord | None, to: Format, redact: Mode) -> bytes:
    """A run in one format; of GitHub's the step summary.

    Args:
        record: a finished run.
        gate: held against it, where criteria were given; JUnit needs one.
        to: the format.
        redact: what is left out: nothing; the text of passages, which only SARIF has, and the messages of failed
            audits; or names of documents, sources and models too.
    """
    if redact is not Mode.NONE:
        shown = redacted(record, gate, Redaction(mode=redact))
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
