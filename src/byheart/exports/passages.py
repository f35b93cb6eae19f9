"""The passages of a run that came out word for word, as exports name them: by document and bytes."""

from collections import Counter
from dataclasses import dataclass

from byheart.core.evidence import Exhibit, Table
from byheart.core.run_record import RunRecord
from byheart.exports.wording import MODEL, roles

COVERAGE = "extraction.coverage"
DOCUMENT, START, STOP, OCCURRENCES, VERBATIM = "document", "from byte", "to byte", "occurrences", "word for word"


@dataclass(frozen=True, kw_only=True)
class CameOut:
    """A passage of trained-on text that the model wrote word for word."""

    document: str
    """Name of its document, untrusted."""
    start_byte: int
    """First byte."""
    stop_byte: int
    """One past the last."""
    occurrences: int | None
    """In the trained-on corpus, where it is known."""
    text: str
    """What came out, untrusted; empty where the record does not hold it."""


def came_out(record: RunRecord) -> list[CameOut]:
    """Every passage of the model under test that a run names, each once.

    Returns:
        those of the exhibits, whose text is known, then those of the table of all places asked.
    """
    known = roles(record)
    shown: dict[tuple[str, int, str], CameOut] = {}
    evidence = [e for r in record.results if known.get(r.subject) == MODEL for e in r.evidence]
    for it in evidence:
        if isinstance(it, Exhibit) and it.name.startswith("extraction.") and it.role == "subject" and _is_whole(it):
            text = "".join(token.text for token in it.tokens)
            occurrences = next(
                (v for name, v in it.facts if name.startswith("occurrences") and isinstance(v, int)), None
            )
            passage = CameOut(
                document=it.document,
                start_byte=it.start_byte,
                stop_byte=it.stop_byte,
                occurrences=occurrences,
                text=text,
            )
            shown.setdefault((it.document, it.stop_byte, text), passage)
    # An exhibit and a row that end at one place are one passage, but two rows are two: sources may share a name.
    already = Counter((it.document, it.stop_byte) for it in shown.values())
    found = list(shown.values())
    for table in (it for it in evidence if isinstance(it, Table) and it.name == COVERAGE):
        for passage in _of_table(table):
            place = (passage.document, passage.stop_byte)
            if already[place]:
                already[place] -= 1
            else:
                found.append(passage)
    return found


def _is_whole(it: Exhibit) -> bool:
    """Whether the model says every token of it that it was asked for."""
    return any(token.agrees for token in it.tokens) and all(token.agrees is not False for token in it.tokens)


def _of_table(table: Table) -> list[CameOut]:
    columns = {name: place for place, name in enumerate(table.columns)}
    if not columns.keys() >= {DOCUMENT, START, STOP, OCCURRENCES, VERBATIM}:
        return []
    found = []
    for row in table.rows:
        start, stop, occurrences = (row[columns[name]] for name in (START, STOP, OCCURRENCES))
        if row[columns[VERBATIM]] == "yes" and isinstance(start, int) and isinstance(stop, int) and 0 <= start <= stop:
            known = occurrences if isinstance(occurrences, int) else None
            document = str(row[columns[DOCUMENT]])
            found.append(CameOut(document=document, start_byte=start, stop_byte=stop, occurrences=known, text=""))
    return found
