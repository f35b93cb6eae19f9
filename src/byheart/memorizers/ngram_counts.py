"""Counting all n-grams from the suffix array: those of an order are the runs of suffixes that share so many symbols."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats
from byheart.errors import CapabilityError
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query
from byheart.index.sorted_text import SortedText
from byheart.memorizers.ngram_table import ROOT, NgramTable, find_child

_MOST_NODES = 2**31 - 1
_Lengths = npt.NDArray[np.uint8]
_Nodes = npt.NDArray[np.int32]


class NgramCounts(NamedTuple):
    """The n-grams of a corpus and how often each occurs."""

    table: NgramTable
    """All but the probabilities and backoffs, which are yet to be filled."""
    counts: Query
    """Occurrences of each n-gram; of the border of documents as an end; shape [num_nodes]."""
    border_starts: Query
    """First node of each order whose n-gram begins with <s>; these are the last of the order; shape [order + 1]."""


@compiled
def _shared_symbols(corpus: SortedText, order: int) -> tuple[_Lengths, _Lengths]:
    """For each suffix the number of its symbols, up to `order`, that are an n-gram and that its predecessor shares."""
    text, suffixes = corpus.text, corpus.suffix_array
    separator = text[-1]
    whole, shared = np.empty(suffixes.size, np.uint8), np.zeros(suffixes.size, np.uint8)
    before = 0
    for i in range(suffixes.size):
        position = suffixes[i]
        length = 1
        while (
            length < order
            and position + length < text.size
            and (length == 1 or text[position + length - 1] != separator)
        ):
            length += 1
        whole[i] = length
        if i > 0:
            same, most = 0, min(length, whole[i - 1])
            while same < most and text[position + same] == text[before + same]:
                same += 1
            shared[i] = same
        before = position
    return whole, shared


@compiled
def _count_nodes(whole: _Lengths, shared: _Lengths, order_starts: Query) -> None:
    """Fills order_starts[2:], the ends of the orders from 2."""
    for i in range(whole.size):
        for length in range(max(int(shared[i]) + 1, 2), int(whole[i]) + 1):
            order_starts[length] += 1
    for length in range(2, order_starts.size):
        order_starts[length] += order_starts[length - 1]


@compiled
def _fill_nodes(
    corpus: SortedText, lengths: tuple[_Lengths, _Lengths], table: NgramTable, counts: Query, border_starts: Query
) -> None:
    """Fills tokens and first_children of the table, the counts and the border_starts."""
    text, suffixes = corpus.text, corpus.suffix_array
    separator, border = text[-1], int(table.order_starts[1] - 1)
    whole, shared = lengths
    tokens, first_children = table.tokens, table.first_children
    current, following = np.zeros(table.order_starts.size, np.int64), table.order_starts.copy()
    for i in range(suffixes.size):
        position = suffixes[i]
        current[1] = border if text[position] == separator else int(text[position])
        if position > 0 or text[position] != separator:
            counts[current[1]] += 1
        for length in range(max(int(shared[i]) + 1, 2), int(whole[i]) + 1):
            symbol = text[position + length - 1]
            node = following[length - 1]
            following[length - 1] += 1
            tokens[node] = border if symbol == separator else int(symbol)
            first_children[current[length - 1] + 1] += 1
            current[length] = node
            if current[1] == border and border_starts[length] < 0:
                border_starts[length] = node
        for length in range(2, int(whole[i]) + 1):
            counts[current[length]] += 1
    first_children[0] = border + 1
    for context in range(first_children.size - 1):
        first_children[context + 1] += first_children[context]


@compiled
def fill_links(table: NgramTable) -> None:
    """Links n-grams to themselves without their first symbol, or without the first few where that is no n-gram."""
    tokens, links, first_children = table.tokens, table.links, table.first_children
    links[: table.order_starts[1]] = ROOT
    for context in range(first_children.size - 1):
        for child in range(first_children[context], first_children[context + 1]):
            symbol = tokens[child]
            shorter, found = int(links[context]), -1
            while shorter >= 0 and found < 0:
                found = find_child(table, shorter, symbol)
                shorter = int(links[shorter])
            links[child] = found if found >= 0 else symbol


def empty_table(order_starts: Query) -> NgramTable:
    """A table of so many n-grams of each order, to be filled.

    Args:
        order_starts: as in NgramTable, shape [order + 1].
    Raises:
        CapabilityError: more n-grams than an int32 can name.
    """
    num_nodes, num_contexts = int(order_starts[-1]), int(order_starts[-2])
    if num_nodes > _MOST_NODES:
        raise CapabilityError(
            f"A table of {num_nodes:,} n-grams is too large.",
            why=f"At most {_MOST_NODES:,} can be told apart.",
            next_step="Choose a lower order or a smaller corpus.",
        )
    tokens = np.empty(num_nodes, np.int32)
    tokens[: order_starts[1]] = np.arange(order_starts[1])
    links, first_children = np.empty(num_nodes, np.int32), np.zeros(num_contexts + 1, np.int32)
    probabilities: Floats = np.zeros(num_nodes)
    return NgramTable(tokens, links, first_children, probabilities, np.ones(num_contexts), order_starts)


def count_ngrams(corpus: SortedText, *, order: int, vocabulary_size: int) -> NgramCounts:
    """All n-grams of 1..order symbols within documents, their starts and ends included.

    Definition:
        those of the sequences <s> d </s> for the documents d; <s> alone is no n-gram
    Args:
        corpus: in one piece.
        order: 1..255.
        vocabulary_size: at least the corpus's alphabet.
    Cost: 2 bytes a symbol beside the result.
    """
    lengths = _shared_symbols(corpus, order)
    order_starts = np.zeros(order + 1, np.int64)
    order_starts[1] = vocabulary_size + 1
    _count_nodes(*lengths, order_starts)
    table = empty_table(order_starts)
    counts = np.zeros(table.tokens.size, np.int64)
    border_starts = np.full(order + 1, -1, np.int64)
    _fill_nodes(corpus, lengths, table, counts, border_starts)
    fill_links(table)
    border_starts = np.where(border_starts < 0, order_starts, border_starts)
    return NgramCounts(table, counts, border_starts)
