import numpy as np
import pytest
import torch

from byheart.core.token_scores import TokenScores, token_scores
from byheart.errors import NumericalError
from byheart.models import reduction
from byheart.models.reduction import reduce_states
from byheart.models.reduction_kernel import LANES


def assert_equal(fast: TokenScores, slow: TokenScores) -> None:
    for (name, left), (_, right) in zip(fast.arrays(), slow.arrays(), strict=True):
        if name in ("token_ids", "rank", "argmax_id"):
            assert np.array_equal(left, right), name
        else:
            np.testing.assert_allclose(left.astype(float), right.astype(float), rtol=1e-5, atol=1e-6, err_msg=name)


def reduced(logits: torch.Tensor, ids: np.ndarray[tuple[int], np.dtype[np.int64]]) -> TokenScores:
    return reduce_states(logits, torch.from_numpy(ids), lambda states: states, logits.shape[1])


@pytest.mark.parametrize("num_logits", [2, 5, 40, 41, LANES, LANES + 1, 3000])
@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0, 1000.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_reduction_equals_the_definition_with_ties_and_any_block_size(
    num_logits: int, scale: float, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(num_logits)
    # Rounded, so that many logits are equal; zeros have both signs.
    logits = torch.from_numpy(np.round(scale * rng.standard_normal((50, num_logits)), 1)).to(dtype)
    ids = rng.integers(num_logits, size=50)
    monkeypatch.setattr(reduction, "BLOCK_ENTRIES", 7 * num_logits)
    expected = token_scores(ids.astype(np.int32), logits.double().log_softmax(dim=-1).numpy())
    blocks = reduced(logits, ids)
    assert_equal(blocks, expected)
    monkeypatch.setattr(reduction, "BLOCK_ENTRIES", 50 * num_logits)
    whole = reduced(logits, ids)
    assert all(
        left.tobytes() == right.tobytes() for (_, left), (_, right) in zip(blocks.arrays(), whole.arrays(), strict=True)
    )


def test_a_token_that_is_nearly_certain_keeps_its_small_remainder() -> None:
    logits = torch.full((1, 1001), -20.0)
    logits[0, 7] = 0.0
    found = reduced(logits, np.array([7]))
    rest = 1000 * np.exp(-20.0)
    assert found.log_probability_nats[0] == pytest.approx(-np.log1p(rest), rel=1e-6)
    assert found.log_top_k_mass_nats[0] == pytest.approx(np.log1p(39 * np.exp(-20.0)) - np.log1p(rest), rel=1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", [0, 300, 999])
def test_a_logit_that_is_not_finite_is_a_numerical_error(bad: float, place: int) -> None:
    logits = torch.zeros(3, 1000)
    logits[1, place] = bad
    with pytest.raises(NumericalError):
        reduced(logits, np.array([1, 2, 3]))


def test_the_number_of_threads_moves_no_bit() -> None:
    rng = np.random.default_rng(0)
    logits, ids = torch.from_numpy(rng.standard_normal((9, 700)).astype(np.float32)), rng.integers(700, size=9)
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        found.append(b"".join(array.tobytes() for _, array in reduced(logits, ids).arrays()))
    torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]
