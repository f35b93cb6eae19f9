"""All n-grams of a corpus as one table that gives probabilities as KenLM does: the longest found n-gram, and backoffs.

An n-gram is a node. Nodes of one order stand together, in the order of their symbols, so that the children of a context
(the n-grams that lengthen it by a symbol) are a range, found by bisection; a link leads from an n-gram to the same
without its first symbol. Symbols are token ids, and `vocabulary_size` for the border of a document: the start <s> as
the first symbol of an n-gram, the end </s> as its last.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from byheart.core.tokens import Floats, TokenIds
from byheart.index.compiled import compiled
from byheart.index.searching.search import Query

ROOT = -1
"""The empty context."""


class NgramTable(NamedTuple):
    """Nodes 0..vocabulary_size are the orders of one symbol: node s is symbol s. The others follow, order by order."""

    tokens: npt.NDArray[np.int32]
    """Last symbol of each n-gram, shape [num_nodes]."""
    links: npt.NDArray[np.int32]
    """The n-gram without its first symbol, ROOT for single symbols, shape [num_nodes]."""
    first_children: npt.NDArray[np.int32]
    """Children of node g are first_children[g] .. first_children[g + 1] - 1, shape [num_contexts + 1]."""
    probabilities: Floats
    """P(last symbol given those before), shape [num_nodes]; of node `vocabulary_size` that of </s>."""
    backoffs: Floats
    """What a shorter context's probability is multiplied by, 1 where nothing follows, shape [num_contexts]."""
    order_starts: Query
    """First node of each order and the number of nodes, shape [order + 1]."""

    @property
    def order(self) -> int:
        """Symbols of the longest n-grams."""
        return self.order_starts.size - 1

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids; also the symbol of a document's border."""
        return int(self.order_starts[1]) - 1

    @property
    def start(self) -> int:
        """The context at the start of a document."""
        return self.vocabulary_size if self.order > 1 else ROOT

    def symbols(self, token_ids: TokenIds, *, end_id: int) -> Query:
        """Token ids as symbols: the end token is the border of documents."""
        symbols = token_ids.astype(np.int64)
        symbols[symbols == end_id] = self.vocabulary_size
        return symbols

    @property
    def size_bytes(self) -> int:
        """Bytes of its arrays: 16 for each n-gram of the highest order, 28 for each shorter one."""
        return sum(array.nbytes for array in self)


@compiled
def find_child(table: NgramTable, node: int, symbol: int) -> int:
    """The n-gram that lengthens a context by the symbol, or -1."""
    tokens = table.tokens
    low, stop = int(table.first_children[node]), int(table.first_children[node + 1])
    high = stop
    while low < high:
        middle = (low + high) >> 1
        if tokens[middle] < symbol:
            low = middle + 1
        else:
            high = middle
    if low < stop and tokens[low] == symbol:
        return low
    return -1


@compiled
def step(table: NgramTable, context: int, symbol: int) -> tuple[float, int]:
    """Probability of the symbol after a context, and the context after the symbol: the longest suffix found."""
    weight, node = 1.0, context
    num_contexts = table.backoffs.size
    while node >= 0:
        child = find_child(table, node, symbol)
        if child >= 0:
            following = child if child < num_contexts else int(table.links[child])
            return weight * table.probabilities[child], following
        weight *= table.backoffs[node]
        node = int(table.links[node])
    following = symbol if symbol < num_contexts else ROOT
    return weight * table.probabilities[symbol], following


@compiled
def read_symbols(table: NgramTable, context: int, symbols: Query) -> int:
    """The context after some symbols."""
    for symbol in symbols:
        context = step(table, context, symbol)[1]
    return context


@compiled
def log_probabilities(table: NgramTable, context: int, symbols: Query) -> Floats:
    """nats; log-probability of each symbol given the context and the symbols before, shape [num_symbols]."""
    out = np.empty(symbols.size)
    for i in range(symbols.size):
        probability, context = step(table, context, symbols[i])
        out[i] = np.log(probability)
    return out
