"""The tables of the novelty audit: every predictor in one, both human baselines in the other."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from byheart.audits.novelty_shares import creativity_counts, ngram_counts
from byheart.audits.novelty_validity import MEMORIZERS, Judged, best_memorizer
from byheart.core.evidence import Cell, Interval, Table
from byheart.core.material import Continuation
from byheart.core.tokens import Floats
from byheart.stats.bootstrap import MIN_CLUSTERS
from byheart.stats.claims import excess_over_control
from byheart.stats.intervals import clopper_pearson
from byheart.stats.shares import paired_differences

NGRAMS = (4, 8, 16)
_BASELINE_NGRAMS = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 50, 64, 100)


def _ratio(counts: tuple[Floats, Floats], column: int) -> float | None:
    total = float(counts[1][:, column].sum())
    return float(counts[0][:, column].sum()) / total if total else None


def predictors_table(
    writers: Mapping[str, tuple[str, Sequence[Continuation]]], judged: Mapping[str, Judged], *, confidence: float
) -> Table:
    """A row for every writer.

    Args:
        writers: role and continuations by name, the subject first, the human authors among them.
        judged: what the parser says of them, by name; none where the corpus is no code.
        confidence: of the intervals.
    """
    rows: list[tuple[Cell, ...]] = []
    for name, (_, texts) in writers.items():
        texts = [text for text in texts if text.token_ids.size]
        if not texts:
            continue
        counts = ngram_counts(texts, max(NGRAMS))
        longest = float(np.mean([text.longest_match_tokens.max(initial=0) for text in texts]))
        row: list[Cell] = [name, len(texts), *(_ratio(counts, n - 1) for n in NGRAMS)]
        row += [longest, _ratio(creativity_counts(texts), 0)]
        if judged:
            row += _validity_cells(judged.get(name), confidence)
        rows.append(tuple(row))
    columns = ["writer", "continuations", *(f"new {n}-grams, share" for n in NGRAMS)]
    columns += ["longest copy, tokens, mean", "creativity index, share"]
    if judged:
        columns += ["of code", "that parse, share", "new, share", "new that parse, share", "low", "high"]
        columns += ["new and parse, share"]
    return Table(
        name="novelty.predictors",
        title=_finding(writers, judged, confidence) if judged else _ngram_finding(rows),
        columns=tuple(columns),
        rows=tuple(rows),
    )


def _validity_cells(it: Judged | None, confidence: float) -> list[Cell]:
    if it is None or not it.num_written:
        return [None] * 7
    right: list[Cell] = [None, None, None]
    if it.num_novel:
        found = clopper_pearson(*it.valid_given_novel, confidence=confidence)
        right = [found.value, found.low, found.high]
    n = it.num_written
    return [n, it.num_valid / n, it.num_novel / n, *right, it.num_valid_novel / n]


def _finding(
    writers: Mapping[str, tuple[str, Sequence[Continuation]]], judged: Mapping[str, Judged], confidence: float
) -> str:
    """What is new and parses, beside people and the memorizer that is the control of that estimate."""
    own = judged[next(iter(writers))]
    memorizers = {name: judged[name] for name, (role, _) in writers.items() if role in MEMORIZERS and name in judged}
    best = best_memorizer(memorizers, lambda it: it.valid_novel, confidence=confidence)

    def said(it: Judged) -> str:
        return f"{it.num_valid_novel} of {it.num_written}"

    human = judged["human authors"]
    text = f"Of its continuations of code {said(own)} are new and parse, of the human authors' {said(human)}"
    if best is None:
        return f"{text}; there is no memorizer beside it"
    name, other = best
    gain = excess_over_control(own.valid_novel, other.valid_novel, confidence=confidence)
    if gain is None:
        word = "too few to compare: "
    elif gain.low > 0:
        word = "only "
    else:
        word = "more: " if gain.high < 0 else "no different as far as can be told: "
    return f"{text}; of the best memorizer's {word}{said(other)} ({name})"


def _ngram_finding(rows: Sequence[tuple[Cell, ...]]) -> str:
    at = 2 + NGRAMS.index(8)
    shares = [(str(row[0]), value) for row in rows if isinstance(value := row[at], float)]
    if not shares:
        return "Nobody wrote as many as 8 tokens"
    by_share = sorted(shares[1:], key=lambda it: it[1])
    text = f"{100 * shares[0][1]:.0f} % of its 8-grams are new"
    if not by_share:
        return text
    (least, low), (most, high) = by_share[0], by_share[-1]
    return f"{text}; of the others', from {100 * low:.0f} % ({least}) to {100 * high:.0f} % ({most})"


def baselines_table(
    pairs: Sequence[tuple[Continuation, Continuation]], kept: frozenset[str], max_ngram: int, *, confidence: float
) -> Table:
    """What it writes for each n, beside human text as it is and beside human text that copies nothing long.

    Args:
        pairs: continuations by the subject and by the human author of the same prompts.
        kept: documents that copy nothing long from the corpus.
        max_ngram: N.
        confidence: of the intervals.
    """
    sides = [pairs, [pair for pair in pairs if pair[0].document in kept]]
    counted = [
        [ngram_counts([pair[i] for pair in side], max_ngram) for i in (0, 1)] if side else None for side in sides
    ]
    rows: list[tuple[Cell, ...]] = []
    for n in (n for n in _BASELINE_NGRAMS if n <= max_ngram):
        row: list[Cell] = [n]
        for found in counted:
            difference = difference_of(found, n, confidence=confidence) if found else None
            shares = [_ratio(it, n - 1) for it in found] if found else [None, None]
            bounds = (difference.value, difference.low, difference.high) if difference else (None, None, None)
            row += [*shares, *bounds]
        if row[1] is not None:
            rows.append(tuple(row))
    both = ("written, share", "human, share", "difference", "low", "high")
    return Table(
        name="novelty.human_baselines",
        title=_baselines_finding(rows, len(sides[1])),
        columns=("n", *both, *(f"deduplicated: {column}" for column in both)),
        rows=tuple(rows),
    )


def difference_of(found: Sequence[tuple[Floats, Floats]], n: int, *, confidence: float) -> Interval | None:
    """The share of new n-grams of the first less that of the second, over the same documents.

    Args:
        found: `ngram_counts` of the two.
        n: length of the n-grams.
        confidence: 1 - alpha.
    Returns:
        None where there is no such n-gram, or are too few documents.
    """
    (mine, sizes), (theirs, their_sizes) = ((novel[:, n - 1 : n], total[:, n - 1 : n]) for novel, total in found)
    if len(sizes) < MIN_CLUSTERS or not sizes.sum() or not their_sizes.sum():
        return None
    (it,) = paired_differences(mine, theirs, sizes, their_sizes, confidence=confidence)
    return it


def _baselines_finding(rows: Sequence[tuple[Cell, ...]], num_kept: int) -> str:
    text = f"Beside human text as it is: {_signs(rows, 4)}"
    if not num_kept:
        return f"{text}; no held-out document is free of long copies"
    return f"{text}; beside human text without long copies: {_signs(rows, 9)}"


def _signs(rows: Sequence[tuple[Cell, ...]], low: int) -> str:
    """For which n the interval lies below or above 0."""
    less = [int(row[0] or 0) for row in rows if isinstance(row[low + 1], float) and float(row[low + 1] or 0) < 0]
    more = [int(row[0] or 0) for row in rows if isinstance(row[low], float) and float(row[low] or 0) > 0]
    said = [f"{word} novel for n = {_ranges(ns, rows)}" for word, ns in (("less", less), ("more", more)) if ns]
    return " and ".join(said) or "no difference that this sample can tell"


def _ranges(ns: Sequence[int], rows: Sequence[tuple[Cell, ...]]) -> str:
    """Neighbours in the table as one range."""
    order = [int(row[0] or 0) for row in rows]
    follows = dict(pairwise(order))
    runs: list[list[int]] = []
    for n in ns:
        if runs and follows.get(runs[-1][-1]) == n:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
