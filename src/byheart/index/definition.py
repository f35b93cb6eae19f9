"""What every answer of the index means, in plain Python over lists: slow and obviously right.

A corpus is a list of documents, a document a list of symbols. Nothing here knows of suffix arrays or separators inside
a text; the separator appears only as the name of the end of a document among next symbols.
"""

from collections import Counter
from collections.abc import Sequence

Symbols = Sequence[int]


def occurrences(documents: Sequence[Symbols], pattern: Symbols) -> list[tuple[int, int]]:
    """Every place where the pattern stands, overlapping ones included.

    Definition:
        all (document_index, offset) with document[offset : offset + len(pattern)] == pattern, in corpus order; the
        empty pattern stands at every offset 0..len(document)
    Source: definition.
    Differs: nothing.
    """
    wanted = list(pattern)
    return [
        (document_index, offset)
        for document_index, document in enumerate(documents)
        for offset in range(len(document) - len(wanted) + 1)
        if list(document[offset : offset + len(wanted)]) == wanted
    ]


def count(documents: Sequence[Symbols], pattern: Symbols) -> int:
    """Number of places where the pattern stands."""
    return len(occurrences(documents, pattern))


def longest_matches(documents: Sequence[Symbols], text: Symbols) -> tuple[list[int], list[int]]:
    """For each position of the text, the longest run starting there that stands in one document.

    Definition:
        lengths[i] = max {l : count(text[i : i + l]) > 0}; counts[i] = count(text[i : i + lengths[i]]), 0 where the
        length is 0
    Source: Chang and Lawler 1994, matching statistics.
    Differs: counts are given beside the lengths.
    """
    lengths, counts = [], []
    for start in range(len(text)):
        length = 0
        while start + length < len(text) and count(documents, text[start : start + length + 1]):
            length += 1
        lengths.append(length)
        counts.append(count(documents, text[start : start + length]) if length else 0)
    return lengths, counts


def next_symbol_counts(
    documents: Sequence[Symbols], context: Symbols, *, separator: int
) -> tuple[list[int], list[int]]:
    """What follows the context in the corpus, and how often.

    Definition:
        over all occurrences of the context, the symbol after it, or `separator` where the document ends
    Returns:
        symbols ascending, and their counts.
    Source: definition.
    Differs: nothing.
    """
    found: Counter[int] = Counter()
    for document_index, offset in occurrences(documents, context):
        document, after = documents[document_index], offset + len(context)
        found[document[after] if after < len(document) else separator] += 1
    symbols = sorted(found)
    return symbols, [found[symbol] for symbol in symbols]


def longest_suffixes(documents: Sequence[Symbols], text: Symbols) -> tuple[list[int], list[int], list[int]]:
    """Before each position of the text, and at its end, the longest run ending there that stands in one document.

    Definition:
        lengths[e] = max {l : count(text[e - l : e]) > 0} for e = 0..len(text), which is 0 at least where there is a
        document; counts[e] = count(text[e - lengths[e] : e]); next_counts[e] = count(text[e - lengths[e] : e + 1])
    Source: Liu et al. 2024, "Infini-gram" (arXiv 2401.17377), the longest suffix that occurs.
    Differs: nothing.
    """
    lengths, counts, next_counts = [], [], []
    for end in range(len(text) + 1):
        length = 0
        while length < end and count(documents, text[end - length - 1 : end]):
            length += 1
        lengths.append(length)
        counts.append(count(documents, text[end - length : end]))
        if end < len(text):
            next_counts.append(count(documents, text[end - length : end + 1]))
    return lengths, counts, next_counts


def cooccurrences(
    documents: Sequence[Symbols], first: Symbols, second: Symbols, *, within: int
) -> list[tuple[int, int]]:
    """The places of one run that have another run near them.

    Definition:
        all occurrences (d, p) of `first` for which `second` has an occurrence (d, q) with |p - q| <= within
    Source: definition.
    Differs: nothing.
    """
    others = occurrences(documents, second)
    return [(d, p) for d, p in occurrences(documents, first) if any(d == e and abs(p - q) <= within for e, q in others)]


def suffix_array(text: Symbols) -> list[int]:
    """The starts of all suffixes, by the order of the suffixes; a prefix comes before what it begins."""
    return sorted(range(len(text)), key=lambda start: list(text[start:]))


def repeated_spans(
    documents: Sequence[Symbols], *, min_symbols: int, other: Sequence[Symbols] | None = None
) -> list[tuple[int, int, int]]:
    """The maximal runs of documents that stand elsewhere too.

    Definition:
        at each offset of a document the longest run that has another place in the corpus (with `other`: any place in
        `other`); it is given when it has min_symbols and ends after every run that starts before it in the document
    Returns:
        (document_index, offset, length), in corpus order.
    Source: definition.
    Differs: nothing.
    """
    found = []
    for document_index, document in enumerate(documents):
        last_end = -1
        for offset in range(len(document)):
            length = 0
            while offset + length < len(document):
                run = document[offset : offset + length + 1]
                if not (count(other, run) if other is not None else count(documents, run) - 1):
                    break
                length += 1
            if length >= min_symbols and offset + length > last_end:
                found.append((document_index, offset, length))
            last_end = max(last_end, offset + length)
    return found
