"""Liu et al. 2024, "Infini-gram" (2401.17377): the longer the suffix that a corpus holds, the surer what follows it.

There: on unseen human text the next token is that of the longest suffix for 47 % of tokens, for more than 75 % where
the effective n is 16 or more. Effective n: the tokens of the longest suffix of the context that the corpus holds, and
one more. A token is foreseen where more than half of the suffix's occurrences go on with it.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from byheart.core.evidence import Cell, Interval, Point, Table
from byheart.core.streams import stream
from byheart.corpus.splits import split
from byheart.corpus.tokenizer import Tokenizer
from byheart.index.corpus_index import Index
from byheart.stats.shares import token_shares
from studies.learners import library
from studies.presentation import BLUE, GREY, Answer, Curve, curve_figure, options

BINS = (1, 2, 3, 4, 5, 6, 8, 12, 16, 32, 64)
"""Smallest effective n of each bin."""
LONG, THERE = 16, 0.75
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Size:
    """Of one run."""

    vocabulary: int
    largest_bytes: int
    """Of a document."""


FULL = Size(vocabulary=8192, largest_bytes=400_000)
QUICK = Size(vocabulary=1024, largest_bytes=8_000)


@dataclass(frozen=True)
class Foreseen:
    """Every token of some held-out documents."""

    documents: npt.NDArray[np.int64]
    """Number of its document, shape [num_tokens]."""
    effective_n: npt.NDArray[np.int64]
    """shape [num_tokens]."""
    is_right: npt.NDArray[np.bool_]
    """More than half of the suffix's occurrences go on with it, shape [num_tokens]."""


def foreseen(index: Index, documents: list[npt.NDArray[np.int32]]) -> Foreseen:
    """What the longest suffix says of every token of held-out documents, each from its start."""
    numbers, lengths, right = [], [], []
    for number, document in enumerate(documents):
        found = index.longest_suffixes(index.known_symbols(document))
        numbers.append(np.full(document.size, number))
        lengths.append(found.lengths[:-1] + 1)
        right.append(2 * found.next_counts > found.counts[:-1])
    return Foreseen(np.concatenate(numbers), np.concatenate(lengths), np.concatenate(right))


def accuracy(found: Foreseen, low: int, high: float) -> Interval | None:
    """Share of the tokens with an effective n in [low, high) that are foreseen; over documents that have one."""
    chosen = (found.effective_n >= low) & (found.effective_n < high)
    num_documents = int(found.documents.max()) + 1
    sizes = np.bincount(found.documents[chosen], minlength=num_documents).astype(np.float64)
    hits = np.bincount(found.documents[chosen & found.is_right], minlength=num_documents).astype(np.float64)
    has_one = sizes > 0
    if has_one.sum() < 5:
        return None
    return token_shares(hits[has_one, None], sizes[has_one], confidence=CONFIDENCE)[0]


def verdict(bins: list[Interval | None], whole: Interval | None) -> str:
    """Whether accuracy rises from bin to bin, and is above the published share for a long suffix."""
    values = [it.value for it in bins if it is not None]
    falls = sum(later < sooner for sooner, later in pairwise(values))
    rises = "rises from bin to bin" if falls == 0 else f"rises but for {falls} of {len(values) - 1} steps"
    if whole is None:
        return f"undecided: too few documents have an effective n of {LONG} or more; it {rises}"
    above = "holds" if whole.low > THERE else "does not hold" if whole.high < THERE else "undecided"
    return (
        f"{above}: {100 * whole.value:.1f} % ({100 * whole.low:.1f} to {100 * whole.high:.1f}) of tokens with an "
        f"effective n of {LONG} or more are foreseen, more than {100 * THERE:.0f} % there; it {rises}"
    )


def summary(found: Foreseen) -> tuple[Table, str]:
    """Accuracy by effective n, and the figure."""
    borders = [*BINS, np.inf]
    bins = [accuracy(found, low, high) for low, high in zip(BINS, borders[1:], strict=True)]
    whole = accuracy(found, LONG, np.inf)
    rows: list[tuple[Cell, ...]] = []
    points = []
    for low, high, it in zip(BINS, borders[1:], bins, strict=True):
        label = str(low) if high == low + 1 else f"{low} or more" if np.isinf(high) else f"{low}-{int(high) - 1}"
        num = int(((found.effective_n >= low) & (found.effective_n < high)).sum())
        bounds = (None, None, None) if it is None else (it.value, it.low, it.high)
        rows.append((label, num, num / found.effective_n.size, None if it is None else it.n, *bounds))
        if it is not None:
            points.append(Point(float(low), it.value, it.low, it.high, it.n))
    for label, it in (("all", accuracy(found, 1, np.inf)), (f"{LONG} or more, all of them", whole)):
        num = int((found.effective_n >= (1 if label == "all" else LONG)).sum())
        bounds = (None, None, None) if it is None else (it.value, it.low, it.high)
        rows.append((label, num, num / found.effective_n.size, None if it is None else it.n, *bounds))
    title = f"The longest suffix foresees more, the longer it is: {verdict(bins, whole)}"
    columns = ("effective n", "tokens", "of all, share", "documents", "foreseen, share", "low", "high")
    there = (Point(points[0].x, THERE), Point(points[-1].x, THERE)) if points else ()
    drawn = [
        Curve("longest suffix", BLUE, tuple(points)),
        Curve(f"{100 * THERE:.0f} %, from {LONG} on there", GREY, there),
    ]
    figure = curve_figure(title, "effective n, tokens", "share of tokens foreseen", drawn, x_is_log=True)
    return Table(name="liu_effective_n", title=title, columns=columns, rows=tuple(rows)), figure


def main() -> None:
    asked = options("liu_effective_n", __doc__).parse_args()
    answer, size = Answer("liu_effective_n", asked), QUICK if asked.quick else FULL
    rng = stream(asked.seed, "liu effective n")
    parts = split(library(largest_bytes=size.largest_bytes), calibration_share=0.0, held_out_share=0.1, rng=rng)
    tokenizer = Tokenizer.train(parts.train, size.vocabulary)
    seen, unseen = (tokenizer.token_ids_many([d.text for d in part]) for part in (parts.train, parts.held_out))
    index = Index.build(
        list(seen), [d.name for d in parts.train], unit="tokens", alphabet_size=tokenizer.vocabulary_size
    )
    answer.give(*summary(foreseen(index, list(unseen))))


if __name__ == "__main__":
    main()
