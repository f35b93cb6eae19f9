"""Which of the contexts before each token a lookup table holds, and what it says of the next token."""

import math
from typing import NamedTuple

import numpy as np

from byheart.core.tokens import Floats
from byheart.index.compiled import compiled
from byheart.index.searching.interleaved_search import WHOLE, find_runs
from byheart.index.searching.search import Query, narrow
from byheart.index.sorted_text import SortedText
from byheart.memorizers.base_distribution import Base
from byheart.memorizers.continuations import Memo, recall
from byheart.memorizers.dense_row import fill_probabilities
from byheart.memorizers.memorizer import NUM_STATISTICS
from byheart.memorizers.sparse_row import Row, add, fill, statistics

_BLOCK = 1 << 14
"""Positions whose searches are kept at once."""


class Store(NamedTuple):
    """Everything that the kernels read and their working memory."""

    corpus: SortedText
    memo: Memo
    base: Base
    row: Row
    context_lengths: Query
    """Symbols, descending, shape [num_lengths]."""
    pseudo_counts: Floats
    """Occurrences that the uniform distribution counts for, by context length, shape [longest + 1]."""


class Answers(NamedTuple):
    """The longest stored context before each of some consecutive positions. Shapes [num_positions]."""

    lengths: Query
    """In symbols, 0 where none is stored."""
    lows: Query
    """First place of its occurrences in the suffix array."""
    highs: Query
    """One past the last place."""


@compiled
def find_answers(store: Store, symbols: Query, first: int, last: int) -> Answers:
    """The answers before the positions [first, last); the last of them may be the end of the symbols."""
    num_waiting = last - first
    lengths, lows, highs = np.zeros((3, num_waiting), np.int64)
    waiting = np.arange(first, last)
    found = np.empty(num_waiting, np.int64), np.empty(num_waiting, np.int64), np.empty(num_waiting, np.int64)
    for length in store.context_lengths:
        kept = 0
        while kept < num_waiting and waiting[kept] < length:
            kept += 1
        asked = waiting[kept:num_waiting].copy()
        find_runs(store.corpus, symbols, asked - length, np.full(asked.size, length), WHOLE, found)
        for i in range(asked.size):
            if found[0][i]:
                place = asked[i] - first
                lengths[place], lows[place], highs[place] = length, found[1][i], found[2][i]
            else:
                waiting[kept] = asked[i]
                kept += 1
        num_waiting = kept
    return Answers(lengths, lows, highs)


@compiled
def uniform_weight(store: Store, answers: Answers, place: int) -> float:
    """Share of the uniform distribution in an answer, 1 for an abstention."""
    if answers.lengths[place] == 0:
        return 1.0
    amount = store.pseudo_counts[answers.lengths[place]]
    return amount / (answers.highs[place] - answers.lows[place] + amount)


@compiled
def gather(store: Store, answers: Answers, place: int, end_id: int) -> float:
    """Adds the stored continuations to the row; returns the uniform's weight."""
    length, low, high = answers.lengths[place], answers.lows[place], answers.highs[place]
    if length:
        node, memo = recall(store.corpus, store.memo, low, high, length, end_id), store.memo
        total = high - low + store.pseudo_counts[length]
        for child in range(node.offset, node.offset + node.size):
            add(store.row, memo.symbols[child] if memo.symbols[child] >= 0 else end_id, memo.counts[child] / total)
    return uniform_weight(store, answers, place)


@compiled
def write(store: Store, symbols: Query, end_id: int, out: Floats) -> None:
    """Writes the distribution after all the symbols."""
    answers = find_answers(store, symbols, symbols.size, symbols.size + 1)
    fill(store.base, store.row, gather(store, answers, 0, end_id), out)


@compiled
def write_rows(store: Store, symbols: Query, start: int, end_id: int, out: Floats) -> None:
    """Writes the distributions before the symbols from `start` on, as many as `out` has rows."""
    answers = find_answers(store, symbols, start, start + out.shape[0])
    for row in range(out.shape[0]):
        fill_probabilities(store.base, store.row, gather(store, answers, row, end_id), out[row])


@compiled
def score_text(store: Store, symbols: Query, tokens: Query, end_id: int) -> Floats:
    """Statistics of every token of a text."""
    out = np.zeros((tokens.size, NUM_STATISTICS))
    answers = find_answers(store, symbols, 0, symbols.size)
    for position in range(tokens.size):
        weight = gather(store, answers, position, end_id)
        statistics(store.base, store.row, weight, tokens[position], out[position])
    return out


@compiled
def count_continuations(
    store: Store, symbols: Query, tokens: Query, answers: Answers, first: int, end_id: int
) -> Query:
    """How often each token follows the stored context before it, for the tokens from `first` on that have answers."""
    counts = np.zeros(answers.lengths.size, dtype=np.int64)
    asked = np.flatnonzero(answers.lengths)
    lengths = answers.lengths[asked]
    found = np.empty(asked.size, np.int64), np.empty(asked.size, np.int64), np.empty(asked.size, np.int64)
    find_runs(store.corpus, symbols, first + asked - lengths, lengths + 1, WHOLE, found)
    separator = int(store.corpus.text[-1])
    for i in range(asked.size):
        place = asked[i]
        counts[place] = found[2][i] - found[1][i]
        if tokens[first + place] == end_id:
            low, high = narrow(store.corpus, answers.lows[place], answers.highs[place], lengths[i], separator)
            counts[place] += high - low
    return counts


@compiled
def log_probabilities(store: Store, symbols: Query, tokens: Query, end_id: int) -> Floats:
    """nats; of every token of a text, from its own count alone."""
    out = np.empty(tokens.size)
    for first in range(0, tokens.size, _BLOCK):
        answers = find_answers(store, symbols, first, min(first + _BLOCK, tokens.size))
        counts = count_continuations(store, symbols, tokens, answers, first, end_id)
        for place in range(counts.size):
            probability = uniform_weight(store, answers, place) * store.base.probabilities[tokens[first + place]]
            if counts[place]:
                total = answers.highs[place] - answers.lows[place] + store.pseudo_counts[answers.lengths[place]]
                probability += counts[place] / total
            out[first + place] = min(math.log(probability), 0.0)
    return out
