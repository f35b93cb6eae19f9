import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.batches import plan_batches
from byheart.core.tokens import TokenIds


def texts(lengths: list[int]) -> list[TokenIds]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 9, size=length).astype(np.int32) for length in lengths]


MIXES = {
    "one of each length": list(range(1, 400)),
    "doubling": [2**i for i in range(13)] * 3,
    "one long among short": [*[7] * 100, 2048],
    "just over a twentieth apart": [100, 105, 106, 111, 117, 123, 130] * 9,
    "single tokens": [1] * 5000,
    "longer than a batch": [5000, 4999, 2049, 2048, 2047],
    "documents": np.random.default_rng(1).lognormal(5, 1.5, 500).astype(int).clip(1, 4000).tolist(),
}


@pytest.mark.parametrize("name", MIXES)
def test_less_than_a_twentieth_is_padding_whatever_the_lengths(name: str) -> None:
    made = texts(MIXES[name])
    for batch in plan_batches(made):
        lengths = [made[index].size for index in batch]
        padded = len(lengths) * max(lengths)
        assert padded - sum(lengths) < 0.05 * padded
        assert padded <= 2048 or len(batch) == 1


def test_lengths_that_fit_share_a_batch() -> None:
    # 20 * 100 = 2000 tokens fit, 21 * 100 do not; a text of 96 wastes 4 of 100.
    assert [len(batch) for batch in plan_batches(texts([100] * 41))] == [20, 20, 1]
    assert [len(batch) for batch in plan_batches(texts([100, 96]))] == [2]
    assert [len(batch) for batch in plan_batches(texts([100, 90]))] == [1, 1]  # (10 + 0) / 200 = 0.05 is too much
    assert plan_batches([]) == []


@given(lengths=st.lists(st.integers(1, 300), max_size=60), seed=st.integers(0, 9))
def test_every_text_is_in_one_batch_whatever_their_order(lengths: list[int], seed: int) -> None:
    made = texts(lengths)
    planned = plan_batches(made, batch_tokens=500)
    assert sorted(index for batch in planned for index in batch) == list(range(len(made)))
    order = np.random.default_rng(seed).permutation(len(made))
    again = plan_batches([made[index] for index in order], batch_tokens=500)
    content = [[made[index].tobytes() for index in batch] for batch in planned]
    assert [[made[order[index]].tobytes() for index in batch] for batch in again] == content


def test_texts_that_begin_alike_lie_side_by_side() -> None:
    made = [np.array([first, other], dtype=np.int32) for other in range(3) for first in (300, 5, 70000)]
    (batch,) = plan_batches(made)
    assert [int(made[index][0]) for index in batch] == [5, 5, 5, 300, 300, 300, 70000, 70000, 70000]
