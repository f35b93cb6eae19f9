import numpy as np
import pytest

from byheart.errors import InputError
from byheart.stats.unpaired import unpaired_difference


def test_it_is_the_difference_of_the_ratios() -> None:
    first = (np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 2, 2, 2, 2]))
    second = (np.array([1.0, 1, 1, 1, 1, 1]), np.array([4.0] * 6))
    found = unpaired_difference(first, second, rng=np.random.default_rng(0))
    assert found.value == pytest.approx(15 / 10 - 6 / 24)
    assert found.low < found.value < found.high
    assert found.n == 5 + 6


def test_it_covers_no_difference_at_its_rate() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        sides = [(rng.normal(10, 3, size=12), np.full(12, 10.0)) for _ in range(2)]
        it = unpaired_difference(*sides, rng=rng, num_resamples=400)
        covered += it.low <= 0 <= it.high
    assert 0.92 <= covered / 300 <= 0.995


def test_few_documents_carry_none() -> None:
    side = (np.ones(5), np.ones(5))
    with pytest.raises(InputError):
        unpaired_difference(side, (np.ones(4), np.ones(4)), rng=np.random.default_rng(0))
