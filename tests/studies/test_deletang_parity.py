import numpy as np
import pytest
import torch
from studies.deletang_parity import Found, Recurrent, batch_of, right, verdict

from byheart.audits.complexity_params import Params
from byheart.core.streams import stream
from byheart.stats.intervals import clopper_pearson
from byheart.study.lab.complexity_tasks import parity


def found(lstm: int, transformer: int, within: int = 95) -> list[Found]:
    one = clopper_pearson(within, 100)
    return [
        Found(who, seed, one, clopper_pearson(hits if seed else 50, 100))
        for who, hits in (("LSTM", lstm), ("transformer", transformer))
        for seed in range(3)
    ]


@pytest.mark.parametrize(
    ("lstm", "transformer", "holds"), [(100, 52, True), (100, 60, True), (100, 80, False), (90, 52, False)]
)
def test_the_best_lstm_must_solve_it_and_no_transformer_be_told_from_chance(
    lstm: int, transformer: int, *, holds: bool
) -> None:
    # 60 of 100 is above chance at 97.5 % for one seed, not for the best of three.
    verdicts, said = verdict(found(lstm, transformer))
    assert verdicts == ("holds" if holds else "does not hold")
    assert f"LSTM {lstm} %, transformer {transformer} %" in said
    assert "best of 3 seeds" in said


def test_a_lstm_that_carries_the_sum_by_hand_is_right_at_every_length() -> None:
    task = parity(Params(parity_bits=4, num_cases=40), rng=stream(0, "test"))

    class Sums(torch.nn.Module):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            odd = torch.cumsum(ids * (ids < 2), dim=1) % 2
            return torch.nn.functional.one_hot(odd, 4).float()

    assert right(Sums(), task.unseen, task).value == 1.0
    assert right(Sums(), task.trained, task).value == 1.0


def test_what_comes_later_does_not_move_a_prediction() -> None:
    network = Recurrent(4, 6).initialize(torch.Generator().manual_seed(0))
    ids = torch.from_numpy(np.random.default_rng(0).integers(4, size=(2, 7)))
    other = ids.clone()
    other[:, 5:] = (other[:, 5:] + 1) % 4
    with torch.no_grad():
        assert torch.equal(network(ids)[:, :5], network(other)[:, :5])
        assert not torch.equal(network(ids)[:, 5:], network(other)[:, 5:])


def test_only_the_answer_counts() -> None:
    task = parity(Params(parity_bits=4, num_cases=10), rng=stream(0, "test"))
    batch = batch_of(task.trained, task)
    assert batch.counted is not None
    assert batch.counted.sum(dim=1).tolist() == [1] * len(task.trained)
    assert set(batch.targets[batch.counted].tolist()) == {0, 1}


def test_a_transformer_that_learned_nothing_at_trained_lengths_decides_nothing() -> None:
    outcome, said = verdict(found(100, 50, within=54))
    assert outcome == "does not decide"
    assert "did not learn it at trained lengths (54 %)" in said
