"""Hayes et al. 2024 (2410.19482): a suffix comes out of n draws as often as 1 - (1 - p_z)^n says.

A transformer is trained on library text and on passages of it that are repeated 1 to 64 times. Of short suffixes from
that text, sequences are chosen whose p_z is spread over four powers of ten; after each prefix the model writes many
times (temperature 1, top-k 40), and the share of exact hits is held against p_z, which comes from the scores alone.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import binom

from byheart.core.decoding import Decoding
from byheart.core.evidence import Cell, Point, Table
from byheart.core.predictor import Samples
from byheart.core.streams import stream
from byheart.core.token_scores import TOP_K
from byheart.core.tokens import Floats, TokenIds
from byheart.corpus.documents import Corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.errors import InputError
from byheart.stats.intervals import clopper_pearson
from byheart.stats.tries import tries_needed
from studies.learners import library, score_all, small_transformer
from studies.presentation import BLACK, BLUE, Answer, Curve, curve_figure, options

GIVEN, WRITTEN = 20, 6
LEAST_PZ = 1e-4
BINS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
TRIES = (1, 2, 5, 10, 20, 50, 100)
NUM_SIMULATED = 4000


@dataclass(frozen=True)
class Size:
    """Of one run."""

    sequences: int
    samples: int
    steps: int
    """Of training."""


FULL = Size(sequences=250, samples=1000, steps=500)
QUICK = Size(sequences=40, samples=200, steps=300)


def trained_on(tokenizer: Tokenizer, documents: Corpus) -> list[TokenIds]:
    """Beginnings of documents; of every seven, one each is there 1, 2, 4, ... 64 times."""
    begun = [ids[:400] for ids in tokenizer.token_ids_many([d.text for d in documents])]
    return [ids for at, ids in enumerate(begun) for _ in range(2 ** (at % 7))]


def spread_over(log_pz_nats: Floats, num: int, *, rng: np.random.Generator) -> list[int]:
    """Which sequences to take: as many of each power of ten as there are, the rest from the others."""
    order = rng.permutation(np.flatnonzero(log_pz_nats >= np.log(LEAST_PZ)))
    power = np.floor(log_pz_nats[order] / np.log(10))
    turn = np.array([int((power[:at] == power[at]).sum()) for at in range(order.size)])
    return sorted(order[np.argsort(turn, kind="stable")][:num].tolist())


def draws(model: Samples, prefix: TokenIds, suffix: TokenIds, num: int, *, rng: np.random.Generator) -> Floats:
    """Of so many continuations, 1 for each that is the suffix."""
    written = model.sample([prefix] * num, Decoding(temperature=1.0, top_k=TOP_K), suffix.size, rng=rng)
    return np.array([float(np.array_equal(ids, suffix)) for ids in written])


def inside(pz: Floats, hits: Floats, num: int) -> tuple[int, Floats]:
    """How many p_z lie in the Clopper-Pearson interval of their hits, and how probable each was to."""
    intervals = [clopper_pearson(k, num) for k in range(num + 1)]
    low, high = np.array([i.low for i in intervals]), np.array([i.high for i in intervals])
    covers = (low[None, :] <= pz[:, None]) & (pz[:, None] <= high[None, :])
    chance = (binom.pmf(np.arange(num + 1)[None, :], num, pz[:, None]) * covers).sum(axis=1)
    return int(covers[np.arange(pz.size), hits.astype(int)].sum()), chance


def global_p_value(pz: Floats, hits: Floats, num: int, *, rng: np.random.Generator) -> float:
    """Share of simulated runs that stray as far: sum of (k - n p)^2 / (n p (1 - p)), k drawn from Binomial(n, p_z)."""

    def distance(k: Floats) -> Floats:
        return np.asarray(((k - num * pz) ** 2 / np.maximum(num * pz * (1 - pz), 1e-9)).sum(axis=-1))

    simulated = distance(rng.binomial(num, pz, size=(NUM_SIMULATED, pz.size)).astype(np.float64))
    return float((1 + (simulated >= distance(hits)).sum()) / (1 + NUM_SIMULATED))


def measure(size: Size, seed: int) -> tuple[Floats, Floats]:
    """p_z of each sequence, and its draws, shape [sequences, samples]."""
    rng = stream(seed, "hayes")
    texts = library(largest_bytes=20_000).documents
    chosen = Corpus(tuple(texts[i] for i in rng.permutation(len(texts))[:84]))
    tokenizer = Tokenizer.train(chosen, 1024)
    seen = trained_on(tokenizer, chosen)
    model = small_transformer(seen, tokenizer, num_steps=size.steps, width=64, num_layers=2, rng=rng)
    length = GIVEN + WRITTEN
    cut = {ids[at : at + length].tobytes(): ids[at : at + length] for ids in seen for at in range(0, 375, length)}
    windows = [ids for ids in cut.values() if ids.size == length]
    scores = score_all(model, windows, [GIVEN] * len(windows))
    log_pz = np.array([s.top_k_log_probability_nats.sum() for s in scores])
    taken = spread_over(log_pz, size.sequences, rng=rng)
    if not taken:
        raise InputError(f"No suffix reaches p_z = {LEAST_PZ:g}.", next_step="Train for more steps.")
    found = [draws(model, windows[i][:GIVEN], windows[i][GIVEN:], size.samples, rng=rng) for i in taken]
    return np.exp(log_pz[taken]), np.stack(found)


def summary(pz: Floats, found: Floats, *, rng: np.random.Generator) -> tuple[Table, str]:
    """The calibration, by power of ten and in all, and the figure of tries."""
    num, hits = found.shape[1], found.sum(axis=1)
    rows: list[tuple[Cell, ...]] = []
    drawn = []
    groups = [(low, high, (pz >= low) & ((pz < high) | (high == 1.0))) for low, high in pairwise(BINS)]
    for low, high, group in [*groups, (LEAST_PZ, 1.0, np.ones(pz.size, dtype=np.bool_))]:
        if not group.any():
            continue
        covered, chance = inside(pz[group], hits[group], num)
        share = clopper_pearson(covered, int(group.sum()))
        p = global_p_value(pz[group], hits[group], num, rng=rng)
        label = f"{low:g} to {high:g}"
        rows.append((label, share.n, covered, share.value, share.low, share.high, float(chance.mean()), p))
        drawn.append((label, group))
    curves = []
    for label, group in drawn[:-1]:
        points, expected = [], []
        for n in (n for n in TRIES if n <= num):
            blocks = found[group][:, : num // n * n].reshape(int(group.sum()), -1, n).any(axis=2)
            rate = clopper_pearson(int(blocks.sum()), blocks.size)
            points.append(Point(float(n), rate.value, rate.low, rate.high, rate.n))
            expected.append(Point(float(n), float((1 - (1 - pz[group]) ** n).mean())))
        curves.append(Curve(f"written, p_z {label}", BLUE, tuple(points)))
        curves.append(Curve(f"1-(1-p_z)^n, {label}", BLACK, tuple(expected)))
    total = rows[-1]
    title = (
        f"Of {total[1]} sequences, {total[2]} have their p_z inside the 95 % interval of {num} draws, where exact "
        f"intervals hold {100 * float(total[6] or 0):.1f} %; global p = {total[7]:.2f}; p_z = 0.162 needs "
        f"{int(np.ceil(tries_needed(float(np.log(0.162)), 0.9)))} tries at 90 %"
    )
    columns = ("p_z", "sequences", "inside", "share", "low", "high", "share expected", "global p")
    figure = curve_figure(title, "draws n", "share of blocks of n draws with a hit", curves, x_is_log=True)
    return Table(name="hayes_tries", title=title, columns=columns, rows=tuple(rows)), figure


def main() -> None:
    asked = options("hayes_tries", __doc__).parse_args()
    answer = Answer("hayes_tries", asked)
    pz, found = measure(QUICK if asked.quick else FULL, asked.seed)
    answer.give(*summary(pz, found, rng=stream(asked.seed, "hayes", "test")))


if __name__ == "__main__":
    main()
