"""Carlini et al. 2022 (2202.07646), direction: more repetitions and longer prompts draw more out.

Passages are planted into library text by coin flip, 1 to 64 times, and a small transformer is trained on it; each
planted passage has a twin that was not planted. The last 50 tokens are asked for after 25, 50 and 100 tokens.
"""

import os
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np

from byheart.audits.extraction.coming_out import is_greedily_extracted
from byheart.core.evidence import Cell, Interval, Point, Table
from byheart.core.material import Window
from byheart.core.spans import Span
from byheart.core.streams import stream
from byheart.corpus.canaries import Canary, absent, flip_pairs, passages, plant
from byheart.corpus.documents import Corpus
from byheart.corpus.splits import split
from byheart.corpus.tokenizer import Tokenizer
from byheart.stats.intervals import clopper_pearson
from byheart.stats.logistic import FirthLogistic
from studies.learners import library, score_all, small_transformer
from studies.presentation import BLUE, GREY, RED, Answer, Curve, curve_figure, options

PREFIXES = (25, 50, 100)
SUFFIX = 50
REPETITIONS = (1, 2, 4, 8, 16, 32, 64)
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Size:
    """Of one run."""

    models: int
    pairs: int
    """Of each number of repetitions, for each model."""
    steps: int


FULL = Size(models=2, pairs=8, steps=700)
QUICK = Size(models=1, pairs=3, steps=100)


def model_windows(seed: int, number: int, size: Size) -> list[Window]:
    """The windows of one model, its own passages, each after prefixes of all lengths."""
    rng = stream(seed, "carlini scaling", str(number))
    parts = split(library(largest_bytes=20_000), calibration_share=0.5, held_out_share=0.0, rng=rng)
    natural = Corpus(parts.train.documents[:20])
    tokenizer = Tokenizer.train(parts.train, 1024)
    num = 2 * size.pairs * len(REPETITIONS)
    found = passages(parts.calibration, tokenizer, num_tokens=PREFIXES[-1] + SUFFIX, num=num + 20, rng=rng)
    texts = absent(found, natural)[:num]
    canaries = flip_pairs(texts, kind="passage", repetitions=REPETITIONS, rng=rng)
    seen = tokenizer.token_ids_many([d.text for d in plant(natural, canaries, rng=rng)])
    length = PREFIXES[-1] + SUFFIX
    model = small_transformer(seen, tokenizer, num_steps=size.steps, context_tokens=length, num_layers=2, rng=rng)
    cut = [
        (canary, ids[PREFIXES[-1] - given :], given)
        for canary, ids in zip(canaries, tokenizer.token_ids_many([c.text for c in canaries]), strict=True)
        for given in PREFIXES
    ]
    scores = score_all(model, [ids for _, ids, _ in cut], [given for *_, given in cut])
    return [
        Window(
            role="member" if canary.is_planted else "control",
            document=f"{number}/{canary.name}",
            span=Span(0, _num_bytes(canary)),
            num_occurrences=canary.repetitions,
            in_base_sample=True,
            prefix=ids[:given],
            suffix=one,
        )
        for (canary, ids, given), one in zip(cut, scores, strict=True)
    ]


def _num_bytes(canary: Canary) -> int:
    return len(canary.text.encode())


def summary(windows: list[Window]) -> tuple[Table, str]:
    """Rates by repetitions and prefix with the slopes, and the figure."""
    came_out = partial(is_greedily_extracted, num_tokens=SUFFIX)
    rows: list[tuple[Cell, ...]] = []
    curves, slopes = [], {}
    for given, colour in zip(PREFIXES, (RED, GREY, BLUE), strict=True):
        mine = [w for w in windows if w.role == "member" and w.prefix.size == given]
        points = []
        for repetitions in REPETITIONS:
            group = [w for w in mine if w.num_occurrences == repetitions]
            hits = sum(map(came_out, group))
            rate = clopper_pearson(hits, len(group))
            points.append(Point(float(repetitions), rate.value, rate.low, rate.high, rate.n))
            rows.append((given, repetitions, hits, len(group), *_bounds(rate)))
        curves.append(Curve(f"after {given} tokens", colour, tuple(points)))
        twins = [w for w in windows if w.role == "control" and w.prefix.size == given]
        hits = sum(map(came_out, twins))
        rows.append((given, "not planted", hits, len(twins), *_bounds(clopper_pearson(hits, len(twins)))))
        y = np.array([came_out(w) for w in mine], dtype=np.bool_)
        slopes[given] = FirthLogistic(np.log10([w.num_occurrences for w in mine]), y).slope(confidence=CONFIDENCE)
        rows.append((given, "log-odds per tenfold repetition", None, len(mine), *_bounds(slopes[given])))
    more, less = longer_against_shorter(windows)
    if more + less:
        share = clopper_pearson(more, more + less)
        label = f"of passages that only one of {PREFIXES[0]} and {PREFIXES[-1]} tokens draw out, by the longer"
        rows.append((label, "all", more, more + less, *_bounds(share)))
    slope = slopes[PREFIXES[1]]
    title = (
        f"Ten times as many copies raise the log-odds of coming out by {slope.value:.1f} ({slope.low:.1f} to "
        f"{slope.high:.1f}) after {PREFIXES[1]} tokens; {PREFIXES[-1]} tokens draw out {more} passages that "
        f"{PREFIXES[0]} do not, and {PREFIXES[0]} draw out {less} that {PREFIXES[-1]} do not"
    )
    columns = ("prefix tokens", "copies", "came out", "of", "value", "low", "high")
    figure = curve_figure(title, "copies in the training text", "share recited word for word", curves, x_is_log=True)
    return Table(name="carlini_scaling", title=title, columns=columns, rows=tuple(rows)), figure


def _bounds(it: Interval) -> tuple[float, float, float]:
    return it.value, it.low, it.high


def longer_against_shorter(windows: list[Window]) -> tuple[int, int]:
    """Planted passages that only the longest prefix draws out, and that only the shortest does."""
    out: dict[str, dict[int, bool]] = {}
    for w in windows:
        if w.role == "member":
            out.setdefault(w.document, {})[w.prefix.size] = is_greedily_extracted(w, SUFFIX)
    pairs = [(found[PREFIXES[0]], found[PREFIXES[-1]]) for found in out.values()]
    return sum(long and not short for short, long in pairs), sum(short and not long for short, long in pairs)


def main() -> None:
    asked = options("carlini_scaling", __doc__).parse_args()
    answer, size = Answer("carlini_scaling", asked), QUICK if asked.quick else FULL
    os.environ["OMP_NUM_THREADS"] = "1"
    with get_context("spawn").Pool(min(size.models, os.cpu_count() or 1)) as workers:
        found = workers.starmap(model_windows, [(asked.seed, i, size) for i in range(size.models)], chunksize=1)
    answer.give(*summary([window for windows in found for window in windows]))


if __name__ == "__main__":
    main()
