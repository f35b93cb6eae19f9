"""Which parts of a text stand in a corpus, where, and how long a match a text of its kind has by accident."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byheart.core.evidence import Interval, Refusal
from byheart.core.progress import Progress, silent
from byheart.core.spans import Span
from byheart.core.streams import stream
from byheart.corpus.documents import Corpus
from byheart.corpus.readers import read
from byheart.study.lookup import Lookup

FEWEST_WINDOWS = 20
"""Below this, a quantile of 95 % is no more than the largest value."""
MOST_WINDOWS = 200
"""More would sharpen the interval little and cost as much again."""
_UNKNOWN = -1


@dataclass(frozen=True)
class Copied:
    """A maximal run of a text that stands in the corpus."""

    span: Span
    """Bytes of the text."""
    symbols: int
    """Its length in the index's unit."""
    count: int
    """How often it stands in the corpus."""
    sources: tuple[tuple[str, int], ...]
    """Some of the places: document name (untrusted) and offset in the index's unit."""
    documents: tuple[int, ...] = ()
    """The numbers of their documents in the index."""


@dataclass(frozen=True)
class Chance:
    """The longest match and the covered share of windows of held-out text, each as long as the text."""

    longest_symbols: tuple[int, ...]
    """Of each window, ascending, in the index's unit."""
    covered_shares: tuple[float, ...]
    """Of each window, ascending."""
    num_in_corpus: int
    """Held-out documents that stand in the corpus as a whole and were left out."""

    @property
    def num_windows(self) -> int:
        """Windows, at most one of each document, so that they are independent."""
        return len(self.longest_symbols)

    def longest_quantile(self, share: float) -> int:
        """The smallest length that at least this share of the windows does not exceed."""
        return int(np.quantile(self.longest_symbols, share, method="inverted_cdf"))

    def covered_quantile(self, share: float) -> float:
        """The smallest covered share that at least this share of the windows does not exceed."""
        return float(np.quantile(self.covered_shares, share, method="inverted_cdf"))

    def at_least(self, symbols: int) -> Interval:
        """The share of held-out text that has a match at least as long, with its exact interval."""
        from byheart.stats.intervals import clopper_pearson

        return clopper_pearson(sum(length >= symbols for length in self.longest_symbols), self.num_windows)


@dataclass(frozen=True)
class Trace:
    """Where the parts of a text come from."""

    spans: tuple[Copied, ...]
    """Maximal copied runs, in order of their start."""
    longest_bytes: int
    """Length of the longest match of all, however short."""
    longest_symbols: int
    """The same in the index's unit."""
    num_bytes: int
    """Length of the text."""
    covered_share: float
    """Share of the text's bytes that lie inside a copied run, in [0, 1]."""
    chance: Chance | Refusal | None = None
    """How long a match a text of this kind has by accident; None where no held-out text was given."""

    def beyond_chance(self, copied: Copied) -> bool:
        """Whether a run is longer than every match of every held-out window."""
        return isinstance(self.chance, Chance) and copied.symbols > self.chance.longest_symbols[-1]


def read_held_out(sources: Sequence[str], *, lines: bool = False, on_progress: Progress = silent) -> Corpus:
    """Several sources of held-out text as one corpus.

    Raises:
        SourceError: one cannot be read.
    """
    corpora = [read(source, lines=lines, on_progress=on_progress) for source in sources]
    return Corpus(tuple(document for corpus in corpora for document in corpus))


def maximal_runs(lengths: npt.NDArray[np.int64], min_symbols: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Starts and stops of the runs that end later than every run that starts before them.

    Args:
        lengths: of the longest match at each position, shape [num_symbols].
        min_symbols: shorter runs are not given, but their ends count.
    """
    stops = np.arange(lengths.size) + lengths
    before = np.concatenate([[-1], np.maximum.accumulate(stops)[:-1]])[: stops.size]
    starts = np.flatnonzero((stops > before) & (lengths >= min_symbols))
    return starts, stops[starts]


def _covered_bytes(starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> int:
    """Bytes inside at least one run; ends holds the last byte's successor of each symbol."""
    borders = np.concatenate([[0], ends])
    before = np.concatenate([[0], stops])[: stops.size]
    return int((borders[stops] - borders[np.maximum(starts, before)]).sum())


def trace(
    lookup: Lookup,
    text: str,
    *,
    min_symbols: int,
    max_sources: int = 3,
    held_out: Corpus | None = None,
    on_progress: Progress = silent,
) -> Trace:
    """The maximal runs of a text that stand in the corpus, beside what held-out text of the same length has.

    Definition:
        a run starts at i when the match end i + L_i exceeds every earlier one, L_i the longest match starting at i;
        it is kept when L_i >= min_symbols
    Args:
        lookup: the index and its tokenizer.
        text: any text.
        min_symbols: shortest run worth showing, in the index's unit.
        max_sources: places to name for each run.
        held_out: documents of the same kind that are not in the corpus.
        on_progress: hears of the stages "trace" and "chance level".
    Source: Liu et al. 2025, "OLMoTrace" (2504.07096), maximal matching spans.
    Differs: no filter by unigram probability; every maximal span of the length is shown, beside the chance level.
    """
    symbols, ends = lookup.symbols(text)
    if not symbols.size:
        return Trace((), 0, 0, 0, 0.0)
    matches = lookup.index.longest_matches(symbols)
    starts, stops = maximal_runs(matches.lengths, min_symbols)
    borders = np.concatenate([[0], ends])
    spans = []
    for done, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True), start=1):
        places = lookup.index.occurrences(symbols[start:stop], max_sources)
        sources = tuple((lookup.index.document_names[p.document_index], p.offset) for p in places)
        span = Span(int(borders[start]), int(borders[stop]))
        numbers = tuple(p.document_index for p in places)
        spans.append(Copied(span, stop - start, int(matches.counts[start]), sources, numbers))
        on_progress("trace", done, starts.size)
    sizes = borders[np.arange(symbols.size) + matches.lengths] - borders[:-1]
    chance = None if held_out is None else chance_level(lookup, held_out, symbols.size, min_symbols, on_progress)
    return Trace(
        tuple(spans),
        int(sizes.max()),
        int(matches.lengths.max()),
        int(ends[-1]),
        _covered_bytes(starts, stops, ends) / int(ends[-1]),
        chance,
    )


def chance_level(
    lookup: Lookup, held_out: Corpus, num_symbols: int, min_symbols: int, on_progress: Progress = silent
) -> Chance | Refusal:
    """What windows of held-out text share with the corpus.

    Definition:
        one window of num_symbols at a random place of each of at most MOST_WINDOWS held-out documents, drawn in random
        order from those that are long enough, different from one another, and not in the corpus as a whole
    Args:
        lookup: the index and its tokenizer.
        held_out: documents that are not in the corpus; those that are, are left out.
        num_symbols: length of each window, in the index's unit.
        min_symbols: shortest run that counts as covered.
        on_progress: hears of the stage "chance level".
    Returns:
        a refusal where there are fewer than FEWEST_WINDOWS windows.
    Source: definition; one window of a document, as in decisions/0005.
    Differs: nothing.
    """
    rng = stream(0, "trace", "held-out windows")
    distinct = held_out.deduplicated().documents
    windows: list[npt.NDArray[np.int64]] = []
    window_ends = []
    num_in_corpus = 0
    for done, at in enumerate(rng.permutation(len(distinct)).tolist(), start=1):
        if len(windows) == MOST_WINDOWS:
            break
        symbols, ends = lookup.symbols(distinct[at].text)
        if symbols.size < num_symbols:
            continue
        if lookup.index.count(symbols):
            num_in_corpus += 1
            continue
        start = int(rng.integers(symbols.size - num_symbols + 1))
        windows.append(symbols[start : start + num_symbols].astype(np.int64))
        window_ends.append(ends[start : start + num_symbols] - (ends[start - 1] if start else 0))
        on_progress("chance level", done, len(distinct))
    if len(windows) < FEWEST_WINDOWS:
        return Refusal(
            name="trace.chance",
            reason=f"A chance level needs {FEWEST_WINDOWS} held-out windows as long as the text, and there are "
            f"{len(windows)}: of {len(distinct):,} different held-out documents {len(windows) + num_in_corpus:,} have "
            f"its {num_symbols:,} {lookup.index.unit}, and {num_in_corpus:,} of these stand in the corpus. Give more "
            "or longer held-out documents, or trace a shorter text.",
        )
    lengths = _longest_in_each(lookup, windows)
    covered = []
    for one, ends in zip(lengths, window_ends, strict=True):
        starts, stops = maximal_runs(one, min_symbols)
        covered.append(_covered_bytes(starts, stops, ends) / int(ends[-1]))
    longest = sorted(int(one.max()) for one in lengths)
    return Chance(tuple(longest), tuple(sorted(covered)), num_in_corpus)


def _longest_in_each(lookup: Lookup, windows: Sequence[npt.NDArray[np.int64]]) -> list[npt.NDArray[np.int64]]:
    """Lengths of the longest matches at each position of each window, all asked at once.

    A symbol that no document has stands between windows, so that no match runs from one into the next.
    """
    joined = np.concatenate([part for window in windows for part in (window, [_UNKNOWN])])
    lengths = lookup.index.longest_matches(joined).lengths
    return list(lengths.reshape(len(windows), -1)[:, :-1])
