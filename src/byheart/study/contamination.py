"""Which items of a benchmark stand in a corpus, whatever their wrapping, case, punctuation and Unicode form."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from byheart.core.progress import Progress, silent
from byheart.core.spans import Span
from byheart.corpus.normalisation import Words, normalise, words
from byheart.errors import ConfigError
from byheart.index.corpus_index import Index
from byheart.study.benchmark import Item

Verdict = Literal["leaked", "clean", "too short"]
DEFAULT_MIN_WORDS = 13
"""As in the contamination analysis of Brown et al. 2020."""
FEWEST_WORDS = 8
"""A shorter text is found by accident too often to say anything, even when all of it stands in the corpus."""
_BORDER = b"\x00"
"""Stands in no normalised text, so that no match runs from one text into the next."""
_SPACE = 0x20
_BATCH_BYTES = 1 << 24
_CONTEXT_BYTES = 80


@dataclass(frozen=True)
class Evidence:
    """Where a text of an item stands in the corpus."""

    field: str
    """Field of the item."""
    span: Span
    """Bytes of the field's text."""
    text: str
    """What stands there, untrusted."""
    num_words: int
    """Length of the span in words."""
    count: int
    """How often its words stand in the corpus."""
    document: str
    """Name of the first document that has them, untrusted."""
    place: Span
    """Bytes of that document."""
    passage: str
    """The document's own text there, untrusted."""
    around: tuple[str, str]
    """What stands before and after it, untrusted."""


@dataclass(frozen=True)
class Finding:
    """What is to be said of an item."""

    item: Item
    """The item."""
    verdict: Verdict
    """Whether it stands in the corpus."""
    longest_words: int
    """Words of the longest run of any of its texts that stands in one document."""
    judged_fields: frozenset[str]
    """Fields of it with a text that is long enough to say."""
    evidence: tuple[Evidence, ...]
    """One entry for each text that leaked."""


@dataclass(frozen=True)
class _Run:
    """The longest run of whole words of a text that stands in one document."""

    num_text_words: int
    first_word: int
    num_words: int

    def is_leak(self, min_words: int) -> bool:
        is_whole = self.num_words == self.num_text_words >= min(FEWEST_WORDS, min_words)
        return self.num_words >= min_words or is_whole


class Contamination:
    """A benchmark against a corpus.

    Definition:
        a text leaked when a run of at least min_words of its words stands, word for word, in one document, or when the
        text has from 8 to min_words - 1 words and all of them do; an item leaked when one of its texts did; it is too
        short to say when none leaked and none has 8 words; else it is clean. Words are those of `normalise`.
    Args:
        normalised: index of the normalised documents of the corpus.
        original: index of the bytes of the same documents in the same order.
        min_words: shortest run that counts, >= 1.
    Raises:
        ConfigError: min_words is less than 1.
    Source: Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C (runs of 13 words).
    Differs: runs are maximal and of whole words; short texts count as a whole; nothing is dropped for being frequent:
        the rate beside a control says what accident does.
    """

    def __init__(self, normalised: Index, original: Index, *, min_words: int = DEFAULT_MIN_WORDS) -> None:
        if min_words < 1:
            raise ConfigError("--min-words must be at least 1.", why=f"Got {min_words}.")
        self._normalised = normalised
        self._original = original
        self._min_words = min_words
        self._fewest_words = min(FEWEST_WORDS, min_words)
        self._document_words = lru_cache(maxsize=1)(self._words_of_document)

    def findings(self, items: Sequence[Item], *, on_progress: Progress = silent) -> list[Finding]:
        """What is to be said of each item, in order.

        Args:
            items: of a benchmark.
            on_progress: hears of the stages "match" and "evidence".
        Cost: one longest match for every byte of the items, and for each leaked text the normalising of the document
            that has it.
        """
        texts = [(field, text) for item in items for field, text in item.texts]
        runs = self._longest_runs([text for _, text in texts], on_progress)
        leaked = [at for at, run in enumerate(runs) if run.is_leak(self._min_words)]
        evidence = self._evidence([(*texts[at], runs[at]) for at in leaked], on_progress)
        by_text = dict(zip(leaked, evidence, strict=True))
        found, at = [], 0
        for item in items:
            own = range(at, at + len(item.texts))
            at = own.stop
            judged = frozenset(texts[i][0] for i in own if runs[i].num_text_words >= self._fewest_words)
            leaks = tuple(by_text[i] for i in own if i in by_text)
            verdict: Verdict = "leaked" if leaks else "clean" if judged else "too short"
            found.append(Finding(item, verdict, max((runs[i].num_words for i in own), default=0), judged, leaks))
        return found

    def _longest_runs(self, texts: Sequence[str], on_progress: Progress) -> list[_Run]:
        runs: list[_Run] = []
        for batch in _batches(texts):
            runs += self._longest_runs_of_batch(batch)
            on_progress("match", len(runs), len(texts))
        return runs

    def _longest_runs_of_batch(self, batch: Sequence[bytes]) -> list[_Run]:
        joined = np.frombuffer(b"".join(text + _BORDER for text in batch), dtype=np.uint8)
        lengths = self._normalised.longest_matches(joined).lengths
        is_space = joined == _SPACE
        spaces_before = np.concatenate([[0], np.cumsum(is_space)])
        starts = np.flatnonzero(is_space)
        num_words = np.maximum(spaces_before[starts + lengths[starts]] - spaces_before[starts] - 1, 0)
        ends = np.cumsum([len(text) + 1 for text in batch])
        borders = spaces_before[np.concatenate([[0], ends])]
        runs = []
        for first, last in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
            if first == last:
                runs.append(_Run(0, 0, 0))
                continue
            best = first + int(num_words[first:last].argmax())
            runs.append(_Run(last - first - 1, best - first, int(num_words[best])))
        return runs

    def _evidence(self, leaks: Sequence[tuple[str, str, _Run]], on_progress: Progress) -> list[Evidence]:
        """What is to be shown of each leaked text, in the order given."""
        own = [words(text) for _, text, _ in leaks]
        patterns = [
            b" %b " % b" ".join(one.normalised.split()[run.first_word : run.first_word + run.num_words])
            for one, (_, _, run) in zip(own, leaks, strict=True)
        ]
        counts = self._normalised.counts(patterns)
        places = [self._normalised.occurrences(pattern, 1)[0] for pattern in patterns]
        found: dict[int, Evidence] = {}
        # Document by document, so that each is taken apart into its words once.
        for done, at in enumerate(sorted(range(len(leaks)), key=lambda at: places[at].document_index), start=1):
            field, text, run = leaks[at]
            span = Span(int(own[at].starts[run.first_word]), int(own[at].stops[run.first_word + run.num_words - 1]))
            document = places[at].document_index
            place = self._original_place(document, places[at].offset, run.num_words)
            data = self._original.document(document).tobytes()
            around = data[max(0, place.start - _CONTEXT_BYTES) : place.start], data[place.stop :][:_CONTEXT_BYTES]
            found[at] = Evidence(
                field,
                span,
                text.encode()[span.start : span.stop].decode(),
                run.num_words,
                int(counts[at]),
                self._original.document_names[document],
                place,
                data[place.start : place.stop].decode("utf-8", "replace"),
                (around[0].decode("utf-8", "replace"), around[1].decode("utf-8", "replace")),
            )
            on_progress("evidence", done, len(leaks))
        return [found[at] for at in range(len(leaks))]

    def _original_place(self, document_index: int, offset: int, num_words: int) -> Span:
        """Where the words at an offset of a normalised document stand in the original."""
        found = self._document_words(document_index)
        first = found.normalised.count(b" ", 0, offset)
        return Span(int(found.starts[first]), int(found.stops[first + num_words - 1]))

    def _words_of_document(self, document_index: int) -> Words:
        return words(self._original.document(document_index).tobytes().decode("utf-8", "surrogateescape"))


def _batches(texts: Sequence[str]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for text in texts:
        batch.append(normalise(text))
        size += len(batch[-1])
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def leaked_by_field(found: Sequence[Finding]) -> dict[str, tuple[int, int]]:
    """For each field, the items that leaked by it and the items that have enough of it to say."""
    has = Counter(field for finding in found for field in finding.judged_fields)
    leaked = Counter(field for finding in found for field in {one.field for one in finding.evidence})
    return {field: (leaked[field], number) for field, number in sorted(has.items())}


def leaked_of_judged(found: Sequence[Finding]) -> tuple[int, int]:
    """Items that leaked, and items that are long enough to say."""
    verdicts = Counter(finding.verdict for finding in found)
    return verdicts["leaked"], verdicts["leaked"] + verdicts["clean"]
