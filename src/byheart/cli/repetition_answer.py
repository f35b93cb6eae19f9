"""What `byheart duplicates` answers, for a person and for a program."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from byheart.cli.trace_answer import in_one_line, times
from byheart.core.visible import visible_in_line
from byheart.study.repetition import Repetition


def repetition_lines(found: Repetition, *, is_against: bool) -> Iterator[str]:
    """All that a person is told, the passages first and the sums last.

    Args:
        found: the answer.
        is_against: another corpus was searched.
    """
    where = " in the other corpus" if is_against else ""
    for number, passage in enumerate(found.longest, start=1):
        places = ", ".join(f"{visible_in_line(name)} at {offset:,}" for name, offset in passage.places)
        yield f"{number:3}  {passage.symbols:,} {found.unit}, {times(passage.count)}{where}: {places}"
        yield f"       {in_one_line(passage.beginning)}"
    if found.most_covered:
        yield "Documents with the most symbols that stand elsewhere too:"
    for name, covered, size in found.most_covered:
        yield f"  {covered:12,} of {size:12,}  {visible_in_line(name)}"
    equal = "equal a document of the other corpus" if is_against else "equal an earlier one"
    yield f"{found.num_spans:,} span(s) of at least {found.min_symbols:,} {found.unit}"
    yield f"{found.covered_share:.1%} of {found.num_symbols:,} {found.unit} covered"
    yield f"{found.touched_documents:,} of {found.num_documents:,} documents have such a span"
    yield f"{found.equal_documents:,} documents {equal}"


def repetition_json(found: Repetition) -> dict[str, Any]:
    """The same as plain JSON values."""
    plain = asdict(found)
    plain["longest"] = [
        passage | {"places": [{"document": name, "offset": offset} for name, offset in passage["places"]]}
        for passage in plain["longest"]
    ]
    plain["most_covered"] = [
        {"document": name, "covered_symbols": covered, "symbols": size} for name, covered, size in found.most_covered
    ]
    return {"covered_share": found.covered_share, **plain}
