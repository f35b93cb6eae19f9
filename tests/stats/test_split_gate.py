from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom

from byheart.core.evidence import Interval
from byheart.core.tokens import Floats
from byheart.errors import InputError
from byheart.stats import split_gate
from byheart.stats.split_gate import NUM_SHUFFLES, describe, smallest_found, split_auc

WORDS = [f"w{i}" for i in range(300)]
COMMON = 1 / np.arange(1, 301)


def texts(rng: np.random.Generator, num: int, weights: Floats = COMMON, length: int = 30) -> list[str]:
    share = weights / weights.sum()
    return [" ".join(rng.choice(WORDS, length, p=share)) for _ in range(num)]


def lively(rng: np.random.Generator, num: int) -> list[str]:
    """Texts of which some write more in capitals, some with more marks than others, on either side alike."""
    capitals, marks = rng.beta(1, 3, num), rng.beta(1, 5, num)

    def word(it: str, i: int) -> str:
        return (it.upper() if rng.random() < capitals[i] else it) + ("," if rng.random() < marks[i] else "")

    return [" ".join(word(it, i) for it in text.split()) for i, text in enumerate(texts(rng, num))]


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


@pytest.mark.parametrize("changed", [str.upper, str.title, lambda it: it.replace(" ", ","), lambda it: it[:-1] + "!"])
def test_case_blanks_and_marks_are_found_where_words_and_length_are_the_same(changed: Callable[[str], str]) -> None:
    rng = np.random.default_rng(9)
    assert split_auc([changed(it) for it in texts(rng, 15)], texts(rng, 15), rng=rng).low > 0.5


def test_length_is_found() -> None:
    rng = np.random.default_rng(2)
    assert split_auc(texts(rng, 30, length=40), texts(rng, 30, length=25), rng=rng).low > 0.5


def test_a_shuffled_split_passes_at_the_stated_level() -> None:
    rng = np.random.default_rng(3)
    found = [split_auc(lively(rng, 20), lively(rng, 20), rng=rng) for _ in range(60)]
    refused = sum(not it.low <= 0.5 <= it.high for it in found)
    assert refused <= binom.ppf(0.999, 60, 0.05)  # 9
    assert abs(np.mean([it.value for it in found]) - 0.5) < 4 * 0.12 / np.sqrt(60)


def test_equal_texts_on_both_sides_are_chance() -> None:
    found = split_auc(["the same words"] * 12, ["the same words"] * 12, rng=np.random.default_rng(4))
    assert found.value == 0.5
    assert found.low < 0.5 < found.high


def test_texts_without_words_are_no_fault() -> None:
    sides = ["...", "", " ", "!"] * 3, ["!", "", "...", " "] * 3
    found = [split_auc(*sides, rng=np.random.default_rng(seed)) for seed in range(10)]
    assert sum(not it.low <= 0.5 <= it.high for it in found) <= binom.ppf(0.999, 10, 0.05)  # 3


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
    assert described.shape[3].tolist() == [np.log1p(3), np.log1p(2), 1 / 3, 0 / 3, 1 / 3, 0 / 3]


def test_what_is_told_apart_by_kinds_of_characters() -> None:
    # Of 10 characters 1 is a digit, 2 are capitals, 2 blanks and 3 marks.
    assert describe(["Ab É7\n-_!c"]).shape[0, 2:].tolist() == [1 / 10, 2 / 10, 2 / 10, 3 / 10]
    assert describe([""]).shape[0].tolist() == [0.0] * 6


def test_the_interval_has_room_for_what_shuffled_labels_do(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Interval, Floats]] = []
    widened = split_gate._widened

    def spy(plain: Interval, shuffled: Floats, confidence: float) -> Interval:
        given.append((plain, shuffled))
        return widened(plain, shuffled, confidence)

    monkeypatch.setattr(split_gate, "_widened", spy)
    rng = np.random.default_rng(10)
    found = [split_auc(texts(rng, 20), texts(rng, 20), rng=rng) for _ in range(8)]
    for it, (plain, shuffled) in zip(found, given, strict=True):
        assert shuffled.size == NUM_SHUFFLES == 199
        fifth, fifth_last = np.sort(shuffled)[[4, -5]]  # 5 % of 200, half of it on either side
        assert it.low == pytest.approx(min(plain.low, expit(logit(plain.value) - logit(fifth_last))))
        assert it.high == pytest.approx(max(plain.high, expit(logit(plain.value) - logit(fifth))))
    assert sum(it.low < plain.low for it, (plain, _) in zip(found, given, strict=True)) > 4


def test_the_smallest_area_that_is_found_follows_from_the_width() -> None:
    # As far above 1/2 as the interval reaches below the area, and 0.84 / 1.96 of it more for four of five.
    reach = logit(0.55) - logit(0.42)
    assert smallest_found(Interval(0.55, 0.42, 0.7)) == pytest.approx(expit(reach * (1 + 0.8416212 / 1.9599640)))


@pytest.mark.slow
def test_the_smallest_area_that_is_found_is_found_in_four_of_five() -> None:
    rng = np.random.default_rng(11)
    shifted = np.where((np.arange(300) >= 20) & (np.arange(300) < 80), 1.95 * COMMON, COMMON)
    found = [split_auc(texts(rng, 50, shifted), texts(rng, 50), rng=rng) for _ in range(100)]
    assert abs(np.median([smallest_found(it) for it in found]) - np.mean([it.value for it in found])) < 0.03
    # Of 100 that are told with 80 %, fewer than 68 or more than 91 would be in 1 of 250 tries.
    assert 68 <= sum(it.low > 0.5 for it in found) <= 91
