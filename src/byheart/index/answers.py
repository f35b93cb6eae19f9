"""The forms in which the index answers."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from byheart.index.searching.next_symbols import Rows

Counts = npt.NDArray[np.int64]


class Occurrence(NamedTuple):
    """One place in the corpus."""

    document_index: int
    """0-based number of the document."""
    offset: int
    """0-based position in it, in the index's unit."""


class Matches(NamedTuple):
    """The longest run that starts at each position of a text and stands in one document of the corpus."""

    lengths: Counts
    """In the index's unit, shape [num_symbols of the text]."""
    counts: Counts
    """Occurrences of that run, 0 where the length is 0, shape [num_symbols of the text]."""


class Suffixes(NamedTuple):
    """The longest run that ends before each position of a text (and at its end) and stands in the corpus."""

    lengths: Counts
    """In the index's unit, 0 where not even the last symbol occurs, shape [num_symbols of the text + 1]."""
    counts: Counts
    """Occurrences of that run; the empty one stands at all offsets, shape [num_symbols of the text + 1]."""
    next_counts: Counts
    """How often the text's next symbol follows it, shape [num_symbols of the text]."""


class SuffixDistributions(NamedTuple):
    """What a text's longest known suffix says about each next symbol."""

    suffixes: Suffixes
    """The suffixes."""
    rows: "Rows"
    """What follows each of them, the end of a document as the separator; num_symbols of the text + 1 rows."""


class NextSymbols(NamedTuple):
    """What follows a context in the corpus."""

    symbols: Counts
    """Ascending; the end of a document is the index's separator, shape [num_different]."""
    counts: Counts
    """How often each follows, shape [num_different]."""


class Cooccurrences(NamedTuple):
    """Places of one run that have another run near them."""

    num_places: int
    """How many there are."""
    places: list[Occurrence]
    """The first of them, in corpus order."""
