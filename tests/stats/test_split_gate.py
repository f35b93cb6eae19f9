import numpy as np
import pytest
from scipy.stats import binom

from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats.split_gate import describe, split_auc

WORDS = [f"w{i}" for i in range(300)]
COMMON = 1 / np.arange(1, 301)


def texts(rng: np.random.Generator, num: int, weights: Floats = COMMON, length: int = 30) -> list[str]:
    share = weights / weights.sum()
    return [" ".join(rng.choice(WORDS, length, p=share)) for _ in range(num)]


def test_words_that_shift_are_found() -> None:
    rng = np.random.default_rng(0)
    shifted = np.where((np.arange(300) >= 20) & (np.arange(300) < 80), 4 * COMMON, COMMON)
    found = split_auc(texts(rng, 50, shifted), texts(rng, 50), rng=rng)
    assert found.value > 0.75
    assert found.low > 0.5


def test_digits_are_found_where_the_words_are_new_every_time() -> None:
    rng = np.random.default_rng(1)
    old = [f"printed in {rng.integers(1000, 9999)} and {rng.integers(1000, 9999)}" for _ in range(30)]
    new = [f"printed in a{rng.integers(10)}b and c{rng.integers(10)}d" for _ in range(30)]
    assert split_auc(old, new, rng=rng).low > 0.5


def test_length_is_found() -> None:
    rng = np.random.default_rng(2)
    assert split_auc(texts(rng, 30, length=40), texts(rng, 30, length=25), rng=rng).low > 0.5


def test_a_shuffled_split_passes_at_the_stated_level() -> None:
    rng = np.random.default_rng(3)
    found = [split_auc(texts(rng, 20), texts(rng, 20), rng=rng) for _ in range(60)]
    refused = sum(not it.low <= 0.5 <= it.high for it in found)
    assert refused <= binom.ppf(0.999, 60, 0.05)  # 9
    assert abs(np.mean([it.value for it in found]) - 0.5) < 4 * 0.12 / np.sqrt(60)


def test_equal_texts_on_both_sides_are_chance() -> None:
    found = split_auc(["the same words"] * 12, ["the same words"] * 12, rng=np.random.default_rng(4))
    assert found.value == 0.5
    assert found.low < 0.5 < found.high


def test_texts_without_words_are_no_fault() -> None:
    found = split_auc(["...", "", " "] * 4, ["", "!", "?"] * 4, rng=np.random.default_rng(5))
    assert found.low <= 0.5 <= found.high


def test_the_same_stream_gives_the_same_interval() -> None:
    sides = texts(np.random.default_rng(6), 15), texts(np.random.default_rng(7), 15)
    once, again = (split_auc(*sides, rng=np.random.default_rng(8)) for _ in range(2))
    assert once == again


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(InputError, match="at least 10"):
        split_auc(["a"] * 9, ["b"] * 20, rng=np.random.default_rng(0))


def test_tf_idf_knows_only_the_words_of_the_training_texts() -> None:
    described = describe(["a a b", "a c", "a b d", "z 7"])
    rows = described.rows(np.array([0, 3]), np.array([0, 1, 2])).toarray()
    # a stands in 3 of 3, b in 2, c and d in 1 (left out), z in none.
    a, b = 2 * (np.log(4 / 4) + 1), np.log(4 / 3) + 1
    assert rows[0, :2] == pytest.approx(np.array([a, b]) / np.hypot(a, b))
    assert rows[1, :2].tolist() == [0.0, 0.0]
    assert described.shape[3].tolist() == [np.log1p(3), np.log1p(2), 1 / 3]
