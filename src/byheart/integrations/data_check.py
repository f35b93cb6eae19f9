"""Does new training text hold canaries or items of a benchmark? Small and quick to start: a pre-commit hook asks it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from byheart.core.visible import visible_in_line
from byheart.corpus.normalisation import normalise, words
from byheart.corpus.secrets import read_secrets
from byheart.errors import ConfigError, SourceError
from byheart.integrations.training_texts import texts_of
from byheart.study.benchmark import read_items

DEFAULT_MIN_WORDS = 13
FEWEST_WORDS = 8
"""As `byheart contaminated` has them; its own module needs an index, which takes half a second to load."""
_LIST_MARK = b'"byheart canaries"'
_FEWEST_CHARACTERS = 8
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Pattern:
    """Words that no training text should hold, in a row."""

    kind: str
    """"canary" or "benchmark item"."""
    name: str
    """Whose, untrusted."""
    place: str
    """File and field or line that it comes from, untrusted."""


@dataclass(frozen=True)
class Found:
    """A pattern in a training text."""

    file: str
    """As it was named, untrusted."""
    line: int
    """1-based line of the file, or row of a table."""
    pattern: Pattern
    """What stands there."""
    num_words: int
    """Words in a row."""
    text: str
    """What stands there, untrusted; empty of canaries, which are secrets."""

    def __str__(self) -> str:
        start = f"{visible_in_line(self.file)}:{self.line}: {self.pattern.kind} {visible_in_line(self.pattern.name)!r}"
        shown = f": {visible_in_line(self.text)!r}" if self.text else ""
        return f"{start} of {visible_in_line(self.pattern.place)}, {self.num_words} words in a row{shown}"


@dataclass
class Patterns:
    """All that is looked for, by their number of words.

    A text holds a pattern when its words stand in it in a row, whatever their case, punctuation, wrapping and Unicode
    form. Of a text of a benchmark the patterns are all runs of `min_words` words, and a shorter text as a whole from
    8 words on; of a canary what both twins begin with, which stands in no text by accident.
    """

    min_words: int = DEFAULT_MIN_WORDS
    """Shortest run of a benchmark's text that counts."""
    by_num_words: dict[int, dict[bytes, Pattern]] = field(default_factory=dict)
    """Normalised words, joined by single spaces."""

    def __post_init__(self) -> None:
        if self.min_words < 1:
            raise ConfigError("--min-words must be at least 1.", why=f"Got {self.min_words}.")

    def add_canaries(self, path: str) -> None:
        """The canaries of a list that byheart made, or of a text file with one on each line.

        Raises:
            SourceError: there is no such file, or it holds none.
            FormatError: a list of ours that was changed.
            ConfigError: a line is too short to be a canary.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise SourceError(
                f"No canaries can be read from {visible_in_line(path)}.", why=error.strerror or ""
            ) from error
        if _LIST_MARK in content.partition(b"\n")[0]:
            for pair in read_secrets(Path(path)).pairs:
                self._add(pair.beginning, Pattern("canary", pair.name, path))
            return
        lines = [line.strip() for line in content.decode("utf-8", "surrogateescape").splitlines()]
        short = [number for number, line in enumerate(lines, start=1) if 0 < len(line) < _FEWEST_CHARACTERS]
        if short or not any(normalise(line) for line in lines):
            raise ConfigError(
                f"{visible_in_line(path)} is no list of canaries.",
                why=f"Line {short[0]} has fewer than {_FEWEST_CHARACTERS} characters." if short else "It has no words.",
                next_step="Give a list that `byheart canary make` wrote, or a text file with a canary on each line.",
            )
        for number, line in enumerate(lines, start=1):
            self._add(line, Pattern("canary", f"line {number}", path))

    def add_benchmark(self, path: str, fields: Sequence[str] = ()) -> None:
        """The items of a benchmark.

        Args:
            path: JSON lines, also the samples of lm-evaluation-harness.
            fields: to look at; every string except ids when empty.
        Raises:
            SourceError: it cannot be read.
        """
        for item in read_items(path, fields):
            for name, text in item.texts:
                own = normalise(text).split()
                pattern = Pattern("benchmark item", item.name, f"{path}, field {name}")
                if len(own) >= self.min_words:
                    for start in range(len(own) - self.min_words + 1):
                        self._put(own[start : start + self.min_words], pattern)
                elif len(own) >= FEWEST_WORDS:
                    self._put(own, pattern)

    def _add(self, text: str, pattern: Pattern) -> None:
        own = normalise(text).split()
        if own:
            self._put(own, pattern)

    def _put(self, own: list[bytes], pattern: Pattern) -> None:
        self.by_num_words.setdefault(len(own), {}).setdefault(b" ".join(own), pattern)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.by_num_words

    def found_in(self, file: str, text: str, first_line: int | None) -> Iterator[Found]:
        """What one document holds, each pattern's owner once.

        Args:
            file: as it is named.
            text: of the document.
            first_line: where all of it stands; None where its own line breaks are the file's.
        Cost: a look-up for each word and each number of words that a pattern has.
        """
        runs = self._runs(normalise(text))
        if not runs:
            return
        places = words(text)
        data = text.encode("utf-8", "surrogateescape")
        for pattern, (start, stop) in runs.items():
            begin, end = int(places.starts[start]), int(places.stops[stop - 1])
            line = first_line if first_line is not None else 1 + data.count(b"\n", 0, begin)
            shown = data[begin:end].decode("utf-8", "replace")
            if len(shown) > _SHOWN_CHARACTERS:
                shown = f"{shown[:_SHOWN_CHARACTERS]}..."
            yield Found(file, line, pattern, stop - start, "" if pattern.kind == "canary" else shown)

    def _runs(self, normalised: bytes) -> dict[Pattern, tuple[int, int]]:
        """Of each pattern's owner the first run of words, start and stop, in order of their starts."""
        spaces = np.flatnonzero(np.frombuffer(normalised, dtype=np.uint8) == 0x20).tolist()
        starts, stops = [at + 1 for at in spaces[:-1]], spaces[1:]
        found: dict[Pattern, tuple[int, int]] = {}
        for num_words, known in self.by_num_words.items():
            for first in range(len(starts) - num_words + 1):
                pattern = known.get(normalised[starts[first] : stops[first + num_words - 1]])
                if pattern is None:
                    continue
                start, stop = found.get(pattern, (first, first))
                if first <= stop:
                    found[pattern] = (start, first + num_words)
        return dict(sorted(found.items(), key=lambda pair: pair[1]))


def check_files(files: Iterable[str], patterns: Patterns) -> Iterator[Found]:
    """What the files hold, in their order.

    What a file's texts are, training_texts.py says; a file that holds none that it can read is refused.

    Args:
        files: as a hook names them.
        patterns: what is looked for.
    Raises:
        SourceError: a file cannot be read to its end, or is no text.
    """
    for file in files:
        for text, line in texts_of(file):
            yield from patterns.found_in(file, text, line)
