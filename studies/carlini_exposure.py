"""Carlini et al. 2019 (1802.08232): of secrets that were never planted, one in 2^m has an exposure of m bits or more.

A small transformer is trained on library text with secrets planted 1, 4 and 16 times. Null: thousands of further
secrets of the same kinds that were never planted, each ranked among 31 others of its space. Then the planted ones:
their mean exposure rises with the number of copies.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from byheart.core.evidence import Cell, Point, Table
from byheart.core.predictor import Scores
from byheart.core.streams import stream
from byheart.core.tokens import Floats, TokenIds
from byheart.corpus.secrets import SecretPair, make_secrets
from byheart.corpus.tokenizer import Tokenizer
from byheart.stats.exposure import chance_bits, exposure_bits, mean_exposure, random_rank_among
from byheart.stats.null_levels import NullLevel, null_levels
from byheart.stats.permutation import larger_mean_p_values
from byheart.study.canary_scoring import common_tokens
from studies.learners import library, score_all, small_transformer
from studies.presentation import BLACK, BLUE, Answer, Curve, curve_figure, options

REPETITIONS = (1, 4, 16)
MAX_BITS = 5


@dataclass(frozen=True)
class Size:
    """Of one run."""

    null: int
    """Secrets that are never planted."""
    planted: int
    """Of all numbers of copies together."""
    documents: int
    """Of library text."""
    steps: int


FULL = Size(null=2000, planted=120, documents=40, steps=500)
QUICK = Size(null=200, planted=24, documents=20, steps=60)


def ranks(
    pairs: tuple[SecretPair, ...], model: Scores, tokenizer: Tokenizer, num_others: int, *, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Of the secret of each pair that would be planted: its rank among others of its space, equals in random order."""
    texts: list[TokenIds] = []
    given: list[int] = []
    starts: list[int] = []
    for pair in pairs:
        ids = tokenizer.token_ids_many([pair.planted_text, *pair.others(num_others, rng=rng)])
        starts.append(len(texts))
        texts += ids
        given += [common_tokens(ids)] * len(ids)
    nats = np.array([float(s.log_probability_nats.sum()) for s in score_all(model, texts, given)])
    groups = np.split(nats, starts[1:])
    return np.array([random_rank_among(float(group[0]), group[1:], rng=rng) for group in groups])


def measure(size: Size, seed: int) -> tuple[npt.NDArray[np.int64], dict[int, Floats]]:
    """Ranks of secrets that were never planted, and exposures of planted ones by their copies."""
    rng = stream(seed, "carlini exposure")
    texts = library(largest_bytes=20_000).documents
    natural = [texts[i] for i in rng.permutation(len(texts))[: size.documents]]
    secrets = make_secrets(size.planted, seed=seed, repetitions=REPETITIONS, digits=4, words=2, rng=rng).pairs
    unplanted = make_secrets(size.null, seed=seed, repetitions=(1,), digits=4, words=2, rng=rng).pairs
    tokenizer = Tokenizer.train(library(largest_bytes=20_000), 1024)
    copies = [pair.planted_text for pair in secrets for _ in range(pair.repetitions)]
    seen = tokenizer.token_ids_many([*(d.text for d in natural), *copies])
    model = small_transformer(seen, tokenizer, num_steps=size.steps, width=64, num_layers=2, rng=rng)
    null = ranks(unplanted, model, tokenizer, 2**MAX_BITS - 1, rng=rng)
    found = {}
    for number in REPETITIONS:
        group = tuple(pair for pair in secrets if pair.repetitions == number)
        of_group = ranks(group, model, tokenizer, 2**MAX_BITS - 1, rng=rng)
        found[number] = np.array([exposure_bits(int(rank), 2**MAX_BITS) for rank in of_group])
    return null, found


def summary(null: npt.NDArray[np.int64], found: dict[int, Floats], *, rng: np.random.Generator) -> tuple[Table, str]:
    """The null, exposure by exposure, and the planted secrets; and the figure of the null."""
    levels = null_levels(null, np.full(null.size, 2**MAX_BITS), false_alarms=0.05)
    rows: list[tuple[Cell, ...]] = [
        (f"never planted: exposure >= {it.bits}", null.size, it.found.value, it.found.low, it.found.high, it.nominal)
        for it in levels
    ]
    means = {number: mean_exposure(bits.tolist(), MAX_BITS, rng=rng) for number, bits in found.items()}
    for number, it in means.items():
        label = f"planted {number} times: mean exposure, bits"
        rows.append((label, found[number].size, it.value, it.low, it.high, chance_bits(2**MAX_BITS)))
    for less, more in pairwise(REPETITIONS):
        (p,) = larger_mean_p_values(found[more][:, None], found[less][:, None], rng=rng)
        rows.append((f"p, {more} copies against {less}", found[more].size + found[less].size, p, None, None, None))
    title = (
        f"Of {null.size} secrets that were never planted, as many reach each exposure as 2^-m says, at "
        f"{sum(it.holds for it in levels)} of {len(levels)} levels; planted ones reach on average "
        + ", ".join(f"{it.value:.1f} bits after {number}" for number, it in means.items())
        + " copies"
    )
    columns = ("what", "n", "value", "low", "high", "expected by chance")
    return Table(name="carlini_exposure", title=title, columns=columns, rows=tuple(rows)), _figure(title, levels)


def _figure(title: str, levels: tuple[NullLevel, ...]) -> str:
    points = tuple(Point(float(it.bits), it.found.value, it.found.low, it.found.high) for it in levels)
    expected = tuple(Point(float(it.bits), it.nominal) for it in levels)
    drawn = [Curve("never planted", BLUE, points), Curve("2^-m", BLACK, expected)]
    return curve_figure(title, "exposure of m bits or more", "secrets that reach it, of 1", drawn, y_is_log=True)


def main() -> None:
    asked = options("carlini_exposure", __doc__).parse_args()
    answer = Answer("carlini_exposure", asked)
    null, found = measure(QUICK if asked.quick else FULL, asked.seed)
    answer.give(*summary(null, found, rng=stream(asked.seed, "carlini exposure", "test")))


if __name__ == "__main__":
    main()
