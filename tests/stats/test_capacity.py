"""What noise a predictor holds: counted by hand, and against slow definitions."""

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.errors import InputError
from byheart.stats.capacity import (
    entropy_bits,
    fit_plateau,
    kink_sequences,
    memorized_bits,
    unseen_bits,
)
from byheart.stats.intervals import mean_of_few


def lookup_bits(sequences: npt.NDArray[np.integer], *, vocabulary_size: int) -> float:
    """What a table of all sequences shows when it is not told which one comes: by Gibbs' inequality none shows more."""
    _, counts = np.unique(sequences, axis=0, return_counts=True)
    entropy = entropy_bits(len(sequences), num_tokens=sequences.shape[1], vocabulary_size=vocabulary_size)
    return entropy + float((counts * np.log2(counts / len(sequences))).sum())


def test_bits_are_what_is_saved_over_the_uniform_distribution() -> None:
    nats = np.log([1.0, 1 / 4, 1 / 8**2, 1 / 1000])
    bits = memorized_bits(nats, num_tokens=2, vocabulary_size=8)
    assert bits == pytest.approx([2 * 3, 2 * 3 - 2, 0, 0])


def test_a_log_probability_above_zero_is_refused() -> None:
    with pytest.raises(InputError):
        memorized_bits(np.array([0.5]), num_tokens=2, vocabulary_size=8)
    with pytest.raises(InputError):
        memorized_bits(np.array([-np.inf]), num_tokens=2, vocabulary_size=8)


def test_the_entropy_is_that_of_dice() -> None:
    assert entropy_bits(3, num_tokens=5, vocabulary_size=4) == 3 * 5 * 2


def table_bits(sequences: list[tuple[int, ...]], vocabulary_size: int) -> float:
    """Token by token, as a table of counts predicts: the slow definition."""
    total = 0.0
    for sequence in sequences:
        for i, token in enumerate(sequence):
            alike = [other for other in sequences if other[:i] == sequence[:i]]
            total += math.log2(sum(other[i] == token for other in alike) / len(alike)) + math.log2(vocabulary_size)
    return total


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 4), min_size=1, max_size=9))
def test_a_table_shows_the_entropy_less_what_it_is_not_told(sequences: list[tuple[int, ...]]) -> None:
    found = lookup_bits(np.array(sequences), vocabulary_size=3)
    assert found == pytest.approx(table_bits(sequences, 3))
    if len(set(sequences)) == len(sequences):
        n = len(sequences)
        assert found == pytest.approx(n * 4 * math.log2(3) - n * math.log2(n))


@given(
    st.lists(st.tuples(*[st.integers(0, 1)] * 5), min_size=1, max_size=6, unique=True),
    st.lists(st.floats(0.0, 1.0), min_size=32, max_size=32),
)
def test_no_predictor_shows_more_than_a_table(sequences: list[tuple[int, ...]], weights: list[float]) -> None:
    # Any distribution over all 2^5 sequences, also one that favours those that were seen.
    mass = np.array(weights) + 1e-9
    probability = dict(zip(itertools.product((0, 1), repeat=5), mass / mass.sum(), strict=True))
    nats = np.log([probability[one] for one in sequences])
    shown = memorized_bits(nats, num_tokens=5, vocabulary_size=2).sum()
    assert shown <= lookup_bits(np.array(sequences), vocabulary_size=2) + 1e-9


@given(
    st.lists(st.floats(1.0, 1e4), min_size=2, max_size=8, unique=True),
    st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8),
)
def test_the_plateau_is_the_nearest_of_a_fine_grid(steps: list[float], shares: list[float]) -> None:
    possible = np.sort(np.array(steps))
    shown = possible * shares[: possible.size]

    def miss(height: float) -> float:
        return float(((shown - np.minimum(possible, height)) ** 2).sum())

    if (np.diff(possible) > 0).all():
        height = fit_plateau(possible, shown).bits
        best = min(miss(one) for one in np.linspace(0, possible[-1], 2001))
        assert miss(height) <= best + 1e-6 * (1 + best)


def test_a_clean_kink_is_found_exactly() -> None:
    possible = np.array([100.0, 200, 400, 800, 1600])
    fit = fit_plateau(possible, np.minimum(possible, 330.0))
    assert fit.bits == pytest.approx(330)
    assert fit.num_beyond == 3
    assert fit_plateau(possible, possible).num_beyond == 0


@pytest.mark.parametrize("num_sequences", [1, 2, 7.5, 60])
def test_the_kink_is_where_a_table_shows_the_plateau(num_sequences: float) -> None:
    bits = num_sequences * (64 * 6 - math.log2(num_sequences))
    assert kink_sequences(bits, num_tokens=64, vocabulary_size=64) == pytest.approx(num_sequences)


def test_unseen_sequences_have_the_exact_bound_of_their_share() -> None:
    found = unseen_bits(np.zeros(100))
    share = 1 - 0.025 ** (1 / 100)
    assert found.value == found.low == 0
    assert found.high == pytest.approx(share * math.log2(1 / share) + share * math.log2(math.e))
    # Where all of them gain, the bound is that of every predictor: the integral of 2^-m.
    assert unseen_bits(np.full(50, 0.1)).high == pytest.approx(math.log2(math.e))
    with pytest.raises(InputError):
        unseen_bits(np.empty(0))


def test_the_bound_of_unseen_sequences_covers_the_true_mean() -> None:
    # A predictor that puts all it has on one half of 2^6 sequences gains 1 bit on that half: the mean is 1/2.
    rng = np.random.default_rng(5)
    missed = sum(unseen_bits((rng.integers(2, size=40) == 0).astype(float)).high < 0.5 for _ in range(200))
    assert missed <= 0.05 * 200


def test_the_mean_of_few_is_students() -> None:
    found = mean_of_few([1.0, 3.0])
    # The quantile of one degree of freedom is tan(pi (0.975 - 1/2)).
    half = math.tan(math.pi * 0.475) * math.sqrt(2) / math.sqrt(2)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2 - half, 2 + half))
    with pytest.raises(InputError, match="at least 2"):
        mean_of_few([1.0])
