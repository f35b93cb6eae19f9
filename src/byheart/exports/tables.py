"""Every number of a run as rows: Parquet and CSV, for notebooks, databases and spreadsheets."""

import csv
import io
import re
from typing import Any

from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.run_record import RunRecord
from byheart.exports.wording import line, roles, without_numbers

TEXTS = ("subject", "role", "audit", "name", "status", "unit", "method", "reason", "no_interval", "no_excess")
COUNTS = ("version", "n", "control_n", "excess_n")
COLUMNS = (
    "subject",
    "role",
    "audit",
    "version",
    "name",
    "status",
    "value",
    "unit",
    "low",
    "high",
    "confidence",
    "n",
    "control_value",
    "control_low",
    "control_high",
    "control_n",
    "excess_value",
    "excess_low",
    "excess_high",
    "excess_n",
    "method",
    "reason",
    "no_interval",
    "no_excess",
)
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20])")
"""Where a cell begins that a spreadsheet would compute, full-width signs as East Asian editions read them too; where
the list separator is a semicolon, a cell begins behind each."""
_LONGEST = 4000


def rows(record: RunRecord) -> list[dict[str, Any]]:
    """A row for each estimate and refusal of each subject, and one for each audit that gave none.

    Returns:
        dictionaries of COLUMNS. `status` is completed, refused, not_applicable or failed; texts stand on one line.
    """
    known = roles(record)
    found = []
    for result in record.results:
        head = {
            "subject": result.subject,
            "role": known.get(result.subject, ""),
            "audit": result.audit,
            "version": result.version,
        }
        missing = without_numbers(result)
        if missing is not None:
            found.append(head | {"name": "", "status": missing[0], "reason": missing[1]})
        for it in result.evidence:
            if isinstance(it, Refusal):
                found.append(head | {"name": it.name, "status": "refused", "reason": it.reason})
            elif isinstance(it, Estimate):
                found.append(head | _estimate(it))
    return [{name: _plain(row.get(name)) for name in COLUMNS} for row in found]


def _estimate(it: Estimate) -> dict[str, Any]:
    own = {
        "name": it.name,
        "status": "completed",
        "value": it.value,
        "unit": it.unit,
        "low": it.low,
        "high": it.high,
        "confidence": it.confidence,
        "n": it.n,
        "method": it.method,
        "no_interval": it.no_interval,
        "no_excess": it.no_excess,
    }
    return own | _side("control", it.control) | _side("excess", it.excess)


def _side(name: str, it: Interval | None) -> dict[str, Any]:
    if it is None:
        return {}
    return {f"{name}_value": it.value, f"{name}_low": it.low, f"{name}_high": it.high, f"{name}_n": it.n}


def _plain(value: Any) -> Any:
    return line(value, _LONGEST) if isinstance(value, str) else value


def to_csv(record: RunRecord) -> str:
    """The rows as CSV: RFC 4180 with a heading, UTF-8.

    A text that begins with =, +, - or @, blanks before it or not, would be a formula to a spreadsheet; it gets an
    apostrophe before it, as spreadsheets write text, and so does what follows a semicolon. Numbers are left as
    they are.

    Source: RFC 4180; OWASP, "CSV Injection".
    Differs: lines end in a line feed alone.
    """
    sink = io.StringIO()
    writer = csv.DictWriter(sink, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows(record):
        writer.writerow({name: _unlike_formula(value) for name, value in row.items()})
    return sink.getvalue()


def _unlike_formula(value: Any) -> Any:
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


def to_parquet(record: RunRecord) -> bytes:
    """The rows as a Parquet file with page checksums; equal records give equal bytes."""
    import pyarrow
    import pyarrow.parquet

    kinds = {name: pyarrow.string() for name in TEXTS} | {name: pyarrow.int64() for name in COUNTS}
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.float64())) for name in COLUMNS])
    sink = pyarrow.BufferOutputStream()
    table = pyarrow.Table.from_pylist(rows(record), schema=schema)
    pyarrow.parquet.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())
