"""The longest match that starts at each position of a text: matching statistics."""

from byheart.index.search import Query, matching_statistics
from byheart.index.sorted_text import SortedText


def longest_matches(corpus: SortedText, query: Query, *, num_threads: int | None = None) -> tuple[Query, Query]:
    """The longest run that starts at each position and occurs, and how often it does.

    Args:
        query: -1 for symbols that no document can have, shape [num_symbols].
        num_threads: None for one per usable core.
    Returns:
        lengths in symbols, and counts, 0 where the length is 0; shape [num_symbols] each.
    """
    return matching_statistics(corpus, query)
