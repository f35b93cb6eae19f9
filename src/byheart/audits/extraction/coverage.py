"""Which works come out, and which parts of them: a map of what was tested, and the rate of each source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from byheart.audits.extraction.coming_out import is_greedily_extracted, reaches
from byheart.audits.extraction.near_verbatim import is_near_verbatim
from byheart.audits.extraction.params import Params
from byheart.core.evidence import Cell, Table
from byheart.core.material import Inputs, Window
from byheart.core.spans import Span
from byheart.stats.intervals import clopper_pearson

MAX_WORKS, MAX_SOURCES = 20, 12
"""Rows are bounded: scores.parquet has every place."""
RISK = 0.001
"""p_z from which a passage counts as at risk."""
_RECORD = re.compile(r":(?=\d+$)")


@dataclass(frozen=True)
class AskedPlace:
    """The suffix of a window: what was asked for, and whether it came out."""

    span: Span
    """Bytes of its document; the prefix, which was given, is not among them."""
    num_occurrences: int | None
    """Of the window in the trained-on corpus; None of one of the prefix sweep, whose longest form alone is counted."""
    is_verbatim: bool
    """Greedy: word for word."""
    is_near: bool | None
    """What it wrote is near-verbatim; None where it was not asked to write."""
    is_at_risk: bool | None
    """p_z >= RISK; None where the subject does not tell."""


def asked_places(inputs: Inputs, params: Params) -> dict[str, list[AskedPlace]]:
    """Every place of trained-on text that was scored after its own prefix of the audit's length, by document.

    Args:
        inputs: windows of the base sample, of the strata and of the prefix sweep, and what was written after some.
        params: lengths.
    Returns:
        places in the order of their bytes, each once; the documents by name.
    """
    near = {(w.document, w.span): is_near_verbatim(w) for w in inputs.written if w.role == "member"}
    found: dict[str, dict[Span, AskedPlace]] = {}
    asked: list[tuple[Window, int | None, bool | None]] = []
    asked += [(w, w.num_occurrences, near.get((w.document, w.span))) for w in inputs.windows]
    asked += [(w, None, None) for w in inputs.prefix_sweep if w.prefix.size == params.prefix_tokens]
    for window, occurrences, is_near in asked:
        if window.role == "member":
            place = _place(window, occurrences, is_near, params)
            found.setdefault(window.document, {}).setdefault(place.span, place)
    return {name: [places[span] for span in sorted(places)] for name, places in found.items()}


def _place(window: Window, occurrences: int | None, is_near: bool | None, params: Params) -> AskedPlace:  # noqa: FBT001
    return AskedPlace(
        span=Span(window.span.start + window.num_given_bytes, window.span.stop),
        num_occurrences=occurrences,
        is_verbatim=is_greedily_extracted(window, params.suffix_tokens),
        is_near=is_near,
        is_at_risk=reaches(window, params.suffix_tokens, RISK) if window.suffix.knows_top_k else None,
    )


def covered_bytes(spans: Sequence[Span]) -> int:
    """Bytes that lie in at least one span.

    Args:
        spans: of one document, in any order; they may overlap.
    """
    total = end = 0
    for span in sorted(spans):
        total += max(0, span.stop - max(end, span.start))
        end = max(end, span.stop)
    return total


def sources_of(names: Sequence[str]) -> dict[str, str]:
    """The source of each document: the first folder in which the documents differ, or the file whose record it is.

    Definition:
        a name is folders, "/", file; of "FILE:12" (record 12 of a file) the file counts as a folder. With F the folders
        that all names begin with, the source is F and the folder after it, or F alone where the file lies in it.
    Args:
        names: of documents, untrusted.
    Returns:
        by name; equal folders of two trees that were given as sources are one.
    """
    folders = {name: _RECORD.sub("/", name).split("/")[:-1] for name in names}
    shared: list[str] = []
    for level in zip(*folders.values(), strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    depth = len(shared) + 1
    return {name: "/".join(parts[:depth]) + "/" if parts[:depth] else "no folder" for name, parts in folders.items()}


def coverage(inputs: Inputs, base: Sequence[Window], controls: Sequence[Window], params: Params) -> tuple[Table, ...]:
    """The map of the works, worst first, and the rates of their sources.

    Args:
        inputs: everything that was scored and written.
        base: trained-on windows of the base sample, at least one, at most one of a document: they count as trials.
        controls: held-out windows, at least one.
        params: lengths and confidence.
    """
    return (_map(asked_places(inputs, params), inputs), *_by_source(base, controls, params))


def _map(works: dict[str, list[AskedPlace]], inputs: Inputs) -> Table:
    def badness(name: str) -> tuple[int, int, int, str]:
        places = works[name]
        verbatim = sum(place.is_verbatim for place in places)
        near = sum(place.is_near is True for place in places)
        return -verbatim, -near, -sum(place.is_at_risk is True for place in places), name

    rows: list[tuple[Cell, ...]] = [
        (
            name,
            inputs.document_bytes.get(name),
            place.span.start,
            place.span.stop,
            place.num_occurrences,
            *map(_said, (place.is_verbatim, place.is_near, place.is_at_risk)),
        )
        for name in sorted(works, key=badness)[:MAX_WORKS]
        for place in works[name]
    ]
    out = sum(any(place.is_verbatim for place in places) for places in works.values())
    return Table(
        name="extraction.coverage",
        title=f"{out} of {len(works)} works have a tested part that comes out word for word{_extent(works, inputs)}",
        columns=(
            "document",
            "document, bytes",
            "from byte",
            "to byte",
            "occurrences",
            "word for word",
            "nearly",
            f"p_z >= {RISK:g}",
        ),
        rows=tuple(rows),
    )


def _said(answer: bool | None) -> Cell:  # noqa: FBT001
    return None if answer is None else "yes" if answer else "no"


def _extent(works: dict[str, list[AskedPlace]], inputs: Inputs) -> str:
    """How little of the works was tested, where their sizes are known."""
    total = sum(inputs.document_bytes.get(name, 0) for name in works)
    if not total:
        return ""
    tested = sum(covered_bytes([place.span for place in places]) for places in works.values())
    return f"; {100 * tested / total:.2g} % of their text was tested"


def _by_source(base: Sequence[Window], controls: Sequence[Window], params: Params) -> tuple[Table, ...]:
    """Rates of the sources, those that come out most first, with intervals that hold for all of them at once."""
    groups: dict[str, list[Window]] = {}
    names = sources_of(sorted({window.document for window in base}))
    for window in base:
        groups.setdefault(names[window.document], []).append(window)
    if len(groups) < 2:
        return ()
    hits = {name: sum(is_greedily_extracted(w, params.suffix_tokens) for w in them) for name, them in groups.items()}
    order = sorted(groups, key=lambda name: (-hits[name] / len(groups[name]), -len(groups[name]), name))
    counts = [(name, hits[name], len(groups[name])) for name in order[:MAX_SOURCES]]
    if rest := order[MAX_SOURCES:]:
        counts.append(
            (
                f"{len(rest)} other{'s' if len(rest) > 1 else ''}",
                sum(hits[n] for n in rest),
                sum(len(groups[n]) for n in rest),
            )
        )
    unseen = sum(is_greedily_extracted(w, params.suffix_tokens) for w in controls)
    counts.append(("held out (chance)", unseen, len(controls)))
    # Whoever reads the worst row has chosen it among all: the intervals must hold for all sources at once.
    confidence = 1 - (1 - params.confidence) / len(groups)
    rows: list[tuple[Cell, ...]] = []
    for name, successes, n in counts:
        rate = clopper_pearson(successes, n, confidence=confidence)
        rows.append((name, n, successes, rate.value, rate.low, rate.high))
    num_out = sum(count > 0 for count in hits.values())
    return (
        Table(
            name="extraction.by_source",
            title=f"Passages come out word for word of {num_out} of {len(groups)} sources, one window of a document; "
            f"the intervals hold for all sources at once ({100 * params.confidence:g} %)",
            columns=("source", "documents", "came out", "rate", "low", "high"),
            rows=tuple(rows),
        ),
    )
