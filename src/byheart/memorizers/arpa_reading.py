"""ARPA files that others wrote: untrusted, so every line is checked."""

import re
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from byheart.core.tokens import Floats, TokenIds
from byheart.core.visible import visible
from byheart.errors import FormatError, SourceError
from byheart.index.searching.search import Query
from byheart.memorizers.arpa import END, START
from byheart.memorizers.ngram_counts import empty_table, fill_links
from byheart.memorizers.ngram_table import NgramTable, log_probabilities

_LARGEST = 300.0
"""log10; beyond it a product of a probability and backoffs leaves the range of a float64."""
_LONGEST_LINE_BYTES = 1 << 20
_HIGHEST_ORDER = 255


class Arpa(NamedTuple):
    """What an ARPA file says."""

    names: list[str]
    """The word of each token id; untrusted text."""
    end_id: int
    """The token whose name is </s>."""
    table: NgramTable
    """Its n-grams."""

    def log_probabilities_nats(self, token_ids: TokenIds) -> Floats:
        """Of each token of a text given those before it, from the start of a document.

        Args:
            token_ids: 0..len(names)-1, shape [num_tokens].
        Returns:
            nats, shape [num_tokens].
        """
        symbols = self.table.symbols(token_ids, end_id=self.end_id)
        return log_probabilities(self.table, self.table.start, symbols)


class _Level(NamedTuple):
    """The n-grams of one order, sorted by (parent, symbol)."""

    keys: Query
    """parent * (vocabulary_size + 1) + symbol, ascending; the parent counted within its order."""
    probabilities: Floats
    backoffs: Floats


def read_arpa(path: Path) -> Arpa:
    """Reads an ARPA file.

    Args:
        path: the file.
    Raises:
        SourceError: it cannot be read.
        FormatError: it is not an ARPA file, or damaged: the line is named.
    Cost: 5-10 microseconds an n-gram; memory as the table and twice its highest order.
    Source: the format as SRILM's manual page ngram-format(5) has it.
    Differs: an n-gram without its first words as an n-gram of their own is refused, as in KenLM; one without its last
        words is taken. Probabilities above 1 are refused; probabilities and backoffs below 10^(-300 / order) count as
        that, so that every product of them has a logarithm.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, path.stat().st_size).read()
    except OSError as error:
        raise SourceError(
            f"The ARPA file {visible(str(path))} cannot be read.",
            why=visible(str(error)),
            next_step="Check the path.",
        ) from error


class _Reader:
    """A file and the number of the line that was read last."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self._size_bytes = size_bytes
        self._number = 0

    def _fault(self, why: str) -> FormatError:
        return FormatError(
            "This is not an ARPA file, or it is damaged.",
            why=f"Line {self._number}: {why}",
            next_step="Write the file again, for example with lmplz or write_arpa.",
        )

    def _line(self) -> bytes:
        """The next line that is not blank."""
        while True:
            line = self._file.readline(_LONGEST_LINE_BYTES)
            self._number += 1
            if not line:
                raise self._fault("the file ends too early.")
            if len(line) == _LONGEST_LINE_BYTES:
                raise self._fault("the line is too long.")
            if stripped := line.strip():
                return stripped

    def _expect(self, wanted: bytes) -> None:
        if (line := self._line()) != wanted:
            raise self._fault(f"expected {wanted.decode()}, got {visible(line[:80].decode(errors='replace'))!r}.")

    def _sizes(self) -> list[int]:
        """Number of n-grams of each order; the line after them is read."""
        self._expect(b"\\data\\")
        sizes: list[int] = []
        while match := re.fullmatch(rb"ngram\s+(\d{1,3})\s*=\s*(\d{1,12})", line := self._line()):
            order, size = int(match[1]), int(match[2])
            if order != len(sizes) + 1 or order > _HIGHEST_ORDER:
                raise self._fault("orders must be 1, 2, 3, ...")
            if size * (2 * order + 2) > self._size_bytes:
                raise self._fault(f"the file is too small for {size:,} n-grams.")
            sizes.append(size)
        if not sizes or line != b"\\1-grams:":
            raise self._fault("expected \\1-grams: after the numbers of n-grams.")
        return sizes

    def _power(self, raw: bytes, largest: float, num_orders: int) -> float:
        """10 to the number that is written."""
        try:
            value = float(raw)
        except ValueError:
            value = np.nan
        if not value <= largest:
            raise self._fault(f"{visible(raw[:40].decode(errors='replace'))!r} is no number up to {largest:g}.")
        return float(10.0 ** max(value, -_LARGEST / num_orders))

    def _fields(self, order: int, num_orders: int) -> tuple[float, list[bytes], float]:
        """Probability, words and backoff of a line."""
        fields = self._line().split()
        if not order + 1 <= len(fields) <= order + 1 + (order < num_orders):
            raise self._fault(f"expected a probability, the words of a {order}-gram and at most a backoff.")
        backoff = 1.0
        if len(fields) > order + 1:
            backoff = self._power(fields[-1], _LARGEST / num_orders, num_orders)
        return self._power(fields[0], 0.0, num_orders), fields[1 : order + 1], backoff

    def read(self) -> Arpa:
        """Everything."""
        sizes = self._sizes()
        words: dict[bytes, int] = {}
        values: list[tuple[float, float]] = []
        start_backoff = None
        for _ in range(sizes[0]):
            probability, (word,), backoff = self._fields(1, len(sizes))
            if word == START.encode() and start_backoff is None:
                start_backoff = backoff
            elif word in words or word == START.encode():
                raise self._fault("the word stands there twice.")
            else:
                words[word] = len(words)
                values.append((probability, backoff))
        end_id = words.get(END.encode())
        if end_id is None or start_backoff is None:
            raise self._fault("<s> or </s> is not among the words.")
        size = len(words)
        values.append((values[end_id][0], start_backoff))
        table_of_values = np.array(values)
        levels = [_Level(np.arange(size + 1), table_of_values[:, 0], table_of_values[:, 1])]
        for order, size_of_order in enumerate(sizes[1:], start=2):
            self._expect(f"\\{order}-grams:".encode())
            levels.append(self._level(order, size_of_order, len(sizes), words, levels))
        self._expect(b"\\end\\")
        try:
            names = [word.decode() for word in words]
        except UnicodeDecodeError as error:
            raise self._fault("a word is not UTF-8.") from error
        return Arpa(names, end_id, _table(levels))

    def _level(self, order: int, size: int, num_orders: int, words: dict[bytes, int], levels: list[_Level]) -> _Level:
        """The n-grams of an order above 1."""
        border = len(words)
        middles = {word: token for word, token in words.items() if word != END.encode()}
        firsts, lasts = {**middles, START.encode(): border}, {**middles, END.encode(): border}
        symbols, values = np.empty((size, order), np.int64), np.empty((size, 2))
        for row in range(size):
            values[row, 0], (first, *between, last), values[row, 1] = self._fields(order, num_orders)
            try:
                symbols[row] = firsts[first], *(middles[word] for word in between), lasts[last]
            except KeyError as error:
                why = "a word is not among the 1-grams, or <s> or </s> stands where it cannot."
                raise self._fault(why) from error
        parents = symbols[:, 0]
        for place, level in enumerate(levels[1:], start=1):
            wanted = parents * (border + 1) + symbols[:, place]
            parents = np.searchsorted(level.keys, wanted)
            found = parents < level.keys.size
            found[found] = level.keys[parents[found]] == wanted[found]
            if not found.all():
                raise self._fault(f"a {order}-gram begins with words that are no {place + 1}-gram.")
        keys = parents * (border + 1) + symbols[:, -1]
        places = np.argsort(keys, kind="stable")
        keys, values = keys[places], values[places]
        if (np.diff(keys) == 0).any():
            raise self._fault(f"a {order}-gram stands there twice.")
        return _Level(keys, values[:, 0], values[:, 1])


def _table(levels: list[_Level]) -> NgramTable:
    """The table of n-grams that are sorted order by order."""
    starts = np.cumsum([0, *(level.keys.size for level in levels)])
    table = empty_table(starts)
    for level, start, stop in zip(levels, starts[:-1], starts[1:], strict=True):
        table.probabilities[start:stop] = level.probabilities
        table.tokens[start:stop] = level.keys % levels[0].keys.size
        if stop <= table.backoffs.size:
            table.backoffs[start:stop] = level.backoffs
    parents = [level.keys // levels[0].keys.size + start for level, start in zip(levels[1:], starts[:-2], strict=True)]
    sizes = np.bincount(np.concatenate([np.empty(0, np.int64), *parents]), minlength=table.backoffs.size)
    table.first_children[:] = starts[1] + np.concatenate([[0], np.cumsum(sizes)])
    fill_links(table)
    return table
