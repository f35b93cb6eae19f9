"""What stands around a place of an indexed document, read out of the index itself."""

from dataclasses import dataclass

import numpy as np

from byheart.core.spans import Span
from byheart.errors import InputError
from byheart.study.lookup import Lookup

AROUND = {"bytes": 3000, "tokens": 800}
"""Symbols shown on either side of a passage."""
LONGEST = {"bytes": 6000, "tokens": 1600}
"""Symbols of a passage that are shown."""


@dataclass(frozen=True, kw_only=True)
class DocumentWindow:
    """A passage in its document; all text untrusted."""

    document_index: int
    """Number of the document in the index."""
    name: str
    """Of the document."""
    unit: str
    """Of the numbers: "bytes" or "tokens"."""
    num_symbols: int
    """Length of the document."""
    shown: Span
    """What is shown of it."""
    passage: Span
    """What is marked."""
    before: str
    """What stands before the passage."""
    marked: str
    """The passage."""
    after: str
    """What stands after it."""


def document_window(lookup: Lookup, document_index: int, passage: Span) -> DocumentWindow:
    """A passage of a document with what stands around it.

    Args:
        lookup: the index; documents are named by their number in it and by nothing else.
        document_index: 0-based.
        passage: in the index's unit; cut where it is longer than LONGEST or the document ends.
    Raises:
        InputError: there is no such document, or the passage lies outside of it.
    """
    index = lookup.index
    symbols = index.document(document_index)
    if not 0 <= passage.start <= passage.stop <= symbols.size:
        raise InputError(
            f"Document {document_index} has {symbols.size:,} {index.unit}.",
            why=f"Asked for {passage.start:,} to {passage.stop:,}.",
            next_step="Follow a link of the explorer, or correct the address.",
        )
    stop = min(passage.stop, passage.start + LONGEST[index.unit])
    start, low, high = passage.start, max(0, passage.start - AROUND[index.unit]), stop + AROUND[index.unit]
    high = min(high, int(symbols.size))
    if index.unit == "bytes":
        start, stop = _whole(symbols, start), _whole(symbols, stop)
        low, high = _whole(symbols, low), _whole(symbols, high)
    return DocumentWindow(
        document_index=document_index,
        name=index.document_names[document_index],
        unit=index.unit,
        num_symbols=int(symbols.size),
        shown=Span(low, high),
        passage=Span(start, stop),
        before=lookup.text(symbols[low:start]),
        marked=lookup.text(symbols[start:stop]),
        after=lookup.text(symbols[stop:high]),
    )


def _whole(symbols: np.ndarray, at: int) -> int:
    """The first byte of the character that a byte belongs to."""
    while 0 < at < symbols.size and (int(symbols[at]) & 0xC0) == 0x80:
        at -= 1
    return at


def place_of_bytes(lookup: Lookup, name: str, span: Span) -> tuple[int, Span] | None:
    """Where a run of bytes of a named document stands in an index.

    Args:
        lookup: the index.
        name: of the document, as in the results.
        span: bytes of the document.
    Returns:
        the number of the document and the run in the index's unit; None where no document has that name and length,
        or where its tokens do not say where its bytes are.
    Cost: over the names of all documents.
    """
    index = lookup.index
    for number, known in enumerate(index.document_names):
        if known != name:
            continue
        symbols = index.document(number)
        if lookup.tokenizer is None:
            if span.stop <= symbols.size:
                return number, span
            continue
        encoding = lookup.tokenizer.encode(lookup.text(symbols))
        if np.array_equal(encoding.token_ids, symbols) and span.stop <= int(encoding.byte_ends[-1]):
            starts = np.concatenate([[0], encoding.byte_ends])
            first = int(np.searchsorted(starts, span.start, side="right")) - 1
            stop = int(np.searchsorted(encoding.byte_ends, span.stop, side="left")) + 1
            return number, Span(first, min(stop, int(symbols.size)))
    return None
