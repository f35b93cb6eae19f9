"""A run and a gate in which every foreign string tries to be something else."""

import dataclasses
from typing import Any, TypeVar

from byheart.core.evidence import Interval, Table
from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.core.result import Completed
from byheart.core.run_record import RunRecord
from tests.report.sample_run import MODEL, sample_run, with_evidence

ATTACKS = (
    "=HYPERLINK('http://x.test')",
    "@SUM(1)|\x1b]8;;http://x.test\x07click\x1b[2J\x00\x08\x7f\x9b31m",
    "\u202egnp.exe\u2066\u200b\ufeff \ud800 \udfff \U0001f600",
    "]]> --> <script>hit()</script> <img src=x onerror=hit()> &lt; &#64; [/x] {0} {{1}}",
    "\n::error file=x::forged\r\n##[error]forged\n%0A%25",
    "| a | b |\n|---|---|\n[x](javascript:hit()) ![x](http://x.test/y) https://x.test www.x.test `code` *b* _i_ $x$",
    "---\n- key: &a *a !!python/object:os.system {a: b} # comment \\ \" ' : ? ${{ secrets.X }}",
    "../../../etc/passwd",
    "//x.test/share",
    "C:\\windows file:///etc/passwd",
    "x" * 20_000,
)
NAMES = ("extraction.greedy_rate", "extraction.pz_half_rate", "adaptation.bits_per_byte")
KEPT = {"role", "name", "audit", "unit", "outcome", "fingerprint", "role_of", "criterion", "columns"}
T = TypeVar("T")


def tainted(value: T, attack: str, field: str = "") -> T:
    """The same value with the attack before and after every string that is not a name of byheart's own."""
    found: Any = value
    if isinstance(value, str):
        found = value if field in KEPT else f"{attack}{value}{attack}"
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        own_name = type(value).__name__ == "SubjectProvenance"
        changed = {
            f.name: tainted(getattr(value, f.name), attack, "subject" if own_name and f.name == "name" else f.name)
            for f in dataclasses.fields(value)
        }
        found = dataclasses.replace(value, **changed)
    elif isinstance(value, tuple):
        found = tuple(tainted(item, attack, field) for item in value)
    elif isinstance(value, dict):
        found = {key: tainted(item, attack, field) for key, item in value.items()}
    return found


def with_coverage(record: RunRecord, rows: int = 3) -> RunRecord:
    """The record with a table of places that came out, as the audit of extraction gives it."""
    columns = ("document", "document, bytes", "from byte", "to byte", "occurrences", "word for word", "nearly", "p_z")
    table = Table(
        name="extraction.coverage",
        title="Three places came out",
        columns=columns,
        rows=tuple(
            (f"covered{i}.py", 900, 100, 300, 16, "yes" if i % 2 == 0 else "no", "yes", "yes") for i in range(rows)
        ),
    )
    result = record.of("extraction", MODEL)
    assert result is not None
    assert isinstance(result.status, Completed)
    return with_evidence(record, "extraction", MODEL, *result.status.evidence, table)


def judgement(outcome: Outcome, place: int = 0) -> Judgement:
    return Judgement(
        criterion=f"{NAMES[place % len(NAMES)]}.high <= 0.00{place}",
        name=NAMES[place % len(NAMES)],
        subject=MODEL,
        outcome=outcome,
        found=None if outcome is Outcome.UNDECIDED else 0.14,
        limit=0.001,
        unit="rate",
        interval=Interval(0.07, 0.03, 0.14, 100),
        said="7 % (95 % interval 3 to 14 %, n = 100); asked: at most 0.1 %.",
        why="The licence says so.",
    )


def sample_gate(outcomes: tuple[Outcome, ...] = tuple(Outcome)) -> GateRecord:
    return GateRecord(
        outcome=Outcome.FAILED,
        judgements=tuple(judgement(outcome, place) for place, outcome in enumerate(outcomes)),
        criteria="gate.toml, BLAKE3 00112233",
        baseline="base",
    )


def records() -> list[tuple[RunRecord, GateRecord]]:
    """The plain run first, then one for each attack."""
    plain = with_coverage(sample_run())
    return [(plain, sample_gate()), *((tainted(plain, a), tainted(sample_gate(), a)) for a in ATTACKS)]
