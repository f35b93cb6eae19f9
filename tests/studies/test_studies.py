"""The parts of the studies that decide: each on material that is small enough to know the answer of."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.stats import binom, binomtest
from studies.null_pools import MEMORIZER, TRANSFORMER, Pool
from studies.presentation import BLUE, Curve, Dot, curve_figure, dot_figure

from byheart.core.decoding import Decoding
from byheart.core.evidence import Interval, Point
from byheart.core.material import Window
from byheart.core.token_scores import TokenScores
from byheart.core.tokens import TokenIds
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.secrets import make_secrets
from byheart.corpus.tokenizer import Tokenizer
from byheart.stats.null_levels import null_levels
from studies import carlini_exposure, carlini_scaling, cooper_suffix, das_split_gate, hayes_tries, null_studies
from tests.audits.material import canary, compared, decode, scores, window


class Writer:
    """Writes token 1 always, but the suffix it knows with a chance."""

    def __init__(self, suffix: TokenIds, chance: float) -> None:
        self.suffix, self.chance = suffix, chance

    def sample(
        self, contexts: list[TokenIds], decoding: Decoding, num_tokens: int, *, rng: np.random.Generator
    ) -> list[TokenIds]:
        assert (decoding.temperature, decoding.top_k, num_tokens) == (1.0, 40, self.suffix.size)
        return [self.suffix if rng.random() < self.chance else np.ones_like(self.suffix) for _ in contexts]


def test_draws_count_exact_hits_only() -> None:
    suffix = np.array([3, 1, 4], dtype=np.int32)
    rng = np.random.default_rng(0)
    found = hayes_tries.draws(Writer(suffix, 0.25), suffix, suffix, 4000, rng=rng)  # type: ignore[arg-type]
    assert binomtest(int(found.sum()), 4000, 0.25).pvalue > 1e-4
    assert not hayes_tries.draws(Writer(suffix, 0.0), suffix, suffix, 50, rng=rng).any()  # type: ignore[arg-type]


def test_inside_is_what_the_definition_of_the_interval_says() -> None:
    pz, num = np.array([1e-4, 0.03, 0.5, 1.0]), 40

    def covers(k: int, p: float) -> bool:
        interval = binomtest(k, num).proportion_ci(0.95, "exact")
        return bool(interval.low <= p <= interval.high)

    chance = [sum(binom.pmf(k, num, p) * covers(k, p) for k in range(num + 1)) for p in pz]
    hits = np.array([0.0, 9.0, 20.0, 40.0])
    found, expected = hayes_tries.inside(pz, hits, num)
    assert found == sum(covers(int(k), p) for k, p in zip(hits, pz, strict=True)) == 3
    assert expected == pytest.approx(chance)


def test_the_global_test_passes_true_probabilities_and_finds_false_ones() -> None:
    rng = np.random.default_rng(1)
    pz = np.exp(rng.uniform(math.log(1e-3), 0, 100))
    hits = rng.binomial(500, pz).astype(np.float64)
    assert hayes_tries.global_p_value(pz, hits, 500, rng=rng) > 0.01
    assert hayes_tries.global_p_value(np.minimum(1.3 * pz, 0.999), hits, 500, rng=rng) < 0.001


def test_sequences_are_spread_over_powers_of_ten() -> None:
    log_pz = np.log(np.concatenate([np.full(50, 0.5), np.full(5, 0.005), np.full(9, 1e-6)]))
    taken = hayes_tries.spread_over(log_pz, 10, rng=np.random.default_rng(0))
    assert (len(taken), sum(log_pz[i] < math.log(0.01) for i in taken)) == (10, 5)


def test_the_table_of_tries_holds_calibrated_draws() -> None:
    rng = np.random.default_rng(2)
    pz = np.exp(rng.uniform(math.log(1e-3), 0, 60))
    found = (rng.random((60, 200)) < pz[:, None]).astype(np.float64)
    table, figure = hayes_tries.summary(pz, found, rng=rng)
    assert table.rows[-1][1] == 60
    assert "needs 14 tries at 90 %" in table.title
    ElementTree.fromstring(figure)


class Scorer:
    """Gives each token its own log-probability, and some token of the first text that it hears much more."""

    context_tokens = None

    def __init__(self, favoured: set[bytes] = frozenset()) -> None:  # type: ignore[assignment]
        self.favoured = favoured

    def score(self, texts: list[TokenIds], num_given: list[int]) -> list[TokenScores]:
        found = []
        for ids, given in zip(texts, num_given, strict=True):
            rng = np.random.default_rng(int.from_bytes(ids.tobytes()[-8:], "little"))
            likely = 0.9 if ids.tobytes() in self.favoured else float(rng.uniform(0.01, 0.5))
            found.append(scores((ids[given:] % 50).tolist(), likely))
        return found


def test_unplanted_secrets_rank_anywhere_and_favoured_ones_first() -> None:
    rng = np.random.default_rng(3)
    pairs = make_secrets(120, seed=3, repetitions=(1,), digits=4, words=2, rng=rng).pairs
    tokenizer = Tokenizer.train(Corpus((Document("bytes", "a"),)), 257)
    ranks = carlini_exposure.ranks(pairs, Scorer(), tokenizer, 7, rng=rng)  # type: ignore[arg-type]
    assert all(level.holds for level in null_levels(ranks, np.full(120, 8)))
    favoured = {ids.tobytes() for ids in tokenizer.token_ids_many([pair.planted_text for pair in pairs])}
    assert (carlini_exposure.ranks(pairs, Scorer(favoured), tokenizer, 7, rng=rng) == 1).all()  # type: ignore[arg-type]


def test_planted_exposure_stands_beside_chance() -> None:
    rng = np.random.default_rng(4)
    found = {1: rng.uniform(0, 2, 10), 4: rng.uniform(1, 4, 10), 16: np.full(10, 5.0)}
    table, figure = carlini_exposure.summary(rng.integers(1, 33, 500), found, rng=rng)
    rows = {str(row[0]): row for row in table.rows}
    assert rows["planted 16 times: mean exposure, bits"][2] == 5.0
    assert float(rows["p, 16 copies against 4"][2] or 1) < 0.05
    ElementTree.fromstring(figure)


def test_the_gate_tells_kinds_of_text_apart_and_not_halves_of_one() -> None:
    rng = np.random.default_rng(5)

    def texts(words: list[str]) -> list[str]:
        return [" ".join(rng.choice(words, 20)) for _ in range(60)]

    code, prose = texts([f"name{i}" for i in range(30)]), texts([f"word{i}" for i in range(30)])
    shifted = das_split_gate.gate(code, prose, 1.0, 25, rng)
    shuffled = das_split_gate.gate(code, prose, 0.0, 25, rng)
    assert shifted.low > 0.5
    assert shuffled.low <= 0.5 <= shuffled.high


def test_the_table_of_the_gate_counts_refusals() -> None:
    passed, refused = Interval(0.5, 0.4, 0.6, 50), Interval(0.9, 0.8, 1.0, 50)
    found = {("prose", 0.0): [passed] * 9 + [refused], ("prose", 1.0): [refused] * 4, ("later packages", 1.0): [passed]}
    table, figure = das_split_gate.summary(found)
    assert [row[5:8] for row in table.rows] == [(1, 10, 0.1), (4, 4, 1.0), (0, 1, 0.0)]
    ElementTree.fromstring(figure)


def planted(copies: int, given: int, number: int, *, comes_out: bool) -> Window:
    return window(
        "member",
        f"{copies}/{number}",
        0.9 if comes_out else 0.1,
        agrees=comes_out,
        num_occurrences=copies,
        prefix_tokens=given,
        suffix_tokens=carlini_scaling.SUFFIX,
    )


def test_scaling_is_read_off_windows_that_come_out_more_with_copies_and_context() -> None:
    least = {25: 16, 50: 8, 100: 4}
    members = [
        planted(copies, given, number, comes_out=copies >= least[given])
        for given in carlini_scaling.PREFIXES
        for copies in carlini_scaling.REPETITIONS
        for number in range(4)
    ]
    twins = [window("control", "twin", 0.1, agrees=False, prefix_tokens=p, suffix_tokens=50) for p in (25, 50, 100)]
    assert carlini_scaling.longer_against_shorter(members) == (2 * 4, 0)  # of 4 and 8 copies
    table, figure = carlini_scaling.summary([*members, *twins])
    slopes = [row for row in table.rows if row[1] == "log-odds per tenfold repetition"]
    assert len(slopes) == 3
    assert all(float(row[5] or 0) > 0 for row in slopes)
    ElementTree.fromstring(figure)


def test_a_false_positive_share_is_a_ratio_of_rates_with_exact_bounds() -> None:
    share = cooper_suffix.false_positive_share(3, 12)
    assert share is not None
    of_all = binomtest(3, 15).proportion_ci(0.95, "exact")
    assert share.value == 3 / 12
    assert (share.low, share.high) == pytest.approx((of_all.low / (1 - of_all.low), of_all.high / (1 - of_all.high)))
    assert cooper_suffix.false_positive_share(1, 3) is None
    assert cooper_suffix.false_positive_share(9, 0) is None


def test_the_table_of_suffixes_counts_hits_of_each_length() -> None:
    seen = [window("member", str(i), 0.9, agrees=True, suffix_tokens=50) for i in range(10)]
    unseen = [window("control", str(i), 0.9 if i < 2 else 0.1, agrees=i < 2, suffix_tokens=50) for i in range(10)]
    table, _ = cooper_suffix.summary({"one": (seen, unseen)})
    greedy = [row for row in table.rows if row[1] == "greedy"]
    assert [(row[2], row[3], row[5], row[7]) for row in greedy] == [(n, 10, 2, 0.2) for n in (10, 20, 50)]


def pool(rng: np.random.Generator, num: int) -> Pool:
    """Texts of all difficulties, and secrets of which none is likelier than chance."""
    texts = [compared(window("control", str(i), float(rng.uniform(0.2, 0.9)), suffix_tokens=50)) for i in range(num)]
    secrets = [
        canary(f"template-{i}", float(rng.normal(-9, 2)), float(rng.normal(-9, 2)), rng.normal(-9, 2, 31))
        for i in range(12)
    ]
    return Pool(tuple(texts), tuple(secrets))


def test_a_null_study_gives_a_verdict_on_every_claim() -> None:
    size = null_studies.Size(studies=1, worlds=1, documents=20, pairs=12, steps=0)
    rng = np.random.default_rng(6)
    found = null_studies.null_study(pool(rng, 40), decode, size, rng)
    assert len(found) == 18
    assert found["membership.tpr_at_1pct_fpr"].is_refused  # 20 controls carry none
    assert all(not verdict.claims_memory or verdict.is_significant for verdict in found.values())


def test_the_table_of_null_studies_says_which_claims_are_too_frequent() -> None:
    quiet, loud = null_studies.Verdict(False, False), null_studies.Verdict(True, True)
    studies = {
        MEMORIZER: [{"a": quiet, "b": loud if i < 12 else quiet} for i in range(100)],
        TRANSFORMER: [{"a": loud if i < 9 else quiet, "b": quiet} for i in range(100)],
    }
    table, figure = null_studies.summary(studies)
    # 12 of 100 leave 5 % out, 9 of 100 do not.
    assert [(row[2], row[-1]) for row in table.rows] == [(0, "yes"), (12, "NO"), (9, "yes"), (0, "yes")]
    ElementTree.fromstring(figure)


def test_figures_are_well_formed_whatever_their_words() -> None:
    hostile = 'a <b> & "c" ' * 20
    points: tuple[Point, ...] = (Point(1.0, 0.1, 0.0, 0.2), Point(2.0, 0.5, 0.3, 0.6))
    line = curve_figure(hostile, "x", "share", [Curve("one", BLUE, points)])
    dots = dot_figure(hostile, "share", [Dot("one <x>", BLUE, points[0])], 0.05, 0.2)
    for figure in (line, dots):
        words = "".join(ElementTree.fromstring(figure).itertext())
        assert hostile[:30] in words
