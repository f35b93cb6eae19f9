"""The same headline for the terminal, as pieces of text that carry their style; every string is safe to show."""

from collections.abc import Iterator

from rich.cells import cell_len

from byheart.core.run_record import RunRecord
from byheart.report.format import shown
from byheart.report.standing import headline_grid
from byheart.report.tables import strata_grid
from byheart.report.terminal_table import numbers_table, plain_table
from byheart.report.verdict import Finding, findings
from byheart.report.wrapping import BOLD, FAINT, Piece, wrapped


def headline(record: RunRecord, width: int, *, everything: bool = False) -> Iterator[Piece]:
    """The verdict, the headline table and the model's rows by occurrences.

    Args:
        record: everything that the run folder says; its strings may be hostile.
        width: columns of the terminal; no line is wider, from 40 on.
        everything: every measure that has words of its own, not only the first of each audit.
    """
    yield from _lines(wrapped(shown(record.title, 200), width), BOLD)
    for finding in findings(record):
        yield "\n", {}
        yield from _said(finding, width)
    grid = headline_grid(record, only_heads=not everything)
    if grid.rows:
        yield "\n", {}
        yield from numbers_table(grid, width)
        more = 0 if everything else len(headline_grid(record).rows) - len(grid.rows)
        if more > 0:
            yield from _lines(wrapped(f"{more:,} more measures: add -v, or see the report.", width), FAINT)
    strata = strata_grid(record)
    if strata is not None and strata.rows:
        yield "\n", {}
        yield from plain_table(strata, width)


def _said(finding: Finding, width: int) -> Iterator[Piece]:
    """Question and answer, in one line where there is room, and the number behind it."""
    if finding.answer and cell_len(f"{finding.question} {finding.answer}") <= width:
        yield f"{finding.question} ", {}
        yield f"{finding.answer}\n", BOLD
    else:
        yield from _lines(wrapped(finding.question, width), {})
        if finding.answer:
            yield from _lines(wrapped(finding.answer, width, indent="  "), BOLD)
    yield from _lines(wrapped(finding.lead, width, indent="  "), {})


def _lines(lines: list[str], style: dict[str, bool]) -> Iterator[Piece]:
    yield from ((f"{line}\n", style) for line in lines)
