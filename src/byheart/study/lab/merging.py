"""Several experiments in one run: their subjects, data and rows put together."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from byheart.core.provenance import SubjectProvenance

Data = dict[str, str | int]


def subjects_of(found: Sequence[SubjectProvenance]) -> tuple[SubjectProvenance, ...]:
    """Everyone once, the model first. Networks of one name are others in each experiment: the largest gives the size.

    Args:
        found: of every experiment, in order.
    """
    by_name: dict[str, list[SubjectProvenance]] = {}
    for one in found:
        by_name.setdefault(one.name, []).append(one)
    merged = [_one(parts) for parts in by_name.values()]
    return tuple(sorted(merged, key=lambda one: one.role != "model"))


def _one(parts: Sequence[SubjectProvenance]) -> SubjectProvenance:
    assert len({part.role for part in parts}) == 1, parts
    if len(parts) == 1:
        return parts[0]
    digests = "".join(part.fingerprint for part in parts)
    sizes = [part.size_bytes for part in parts if part.size_bytes is not None]
    return dataclasses.replace(
        parts[0],
        fingerprint=hashlib.blake2b(digests.encode(), digest_size=16).hexdigest(),
        size_bytes=max(sizes, default=None),
    )


def data_of(data: Mapping[str, tuple[Data, Data]]) -> tuple[Data, Data]:
    """What was trained on and what was never seen, of all experiments.

    Args:
        data: both, by axis.
    """
    if len(data) == 1:
        return next(iter(data.values()))
    return _sources({axis: pair[0] for axis, pair in data.items()}), _sources({a: pair[1] for a, pair in data.items()})


def _sources(data: Mapping[str, Data]) -> Data:
    documents = sum(int(one.get("documents", 0)) for one in data.values())
    sources = {axis: one.get("source", "") for axis, one in data.items()}
    return {"source": "what each experiment has of its own", "documents": documents, **sources}


def rows_of(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of scores.parquet: with the axis in front, and every column that any of them has.

    Args:
        rows: by axis.
    """
    names = dict.fromkeys(name for found in rows.values() for row in found for name in row if name != "axis")
    return [{"axis": axis} | {name: row.get(name) for name in names} for axis, found in rows.items() for row in found]
