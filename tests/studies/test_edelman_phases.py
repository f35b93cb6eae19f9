"""What decides the study of phases, on trainings whose answer is known."""

from collections.abc import Sequence

import numpy as np
import pytest

from byheart.audits.context_trials import BAYES, FREQUENCIES, STATIC, UNIFORM, Trial
from studies import edelman_phases


def trial(end: float, nearest: Sequence[str] = (UNIFORM, FREQUENCIES, BAYES)) -> Trial:
    """Looks at steps 0, 10, 20, ..., each nearest to one reference; the last is `end` nats from Bayes."""
    looks = tuple(10 * at for at in range(len(nearest)))
    distances = {
        name: np.array([end if name == at else 0.5 for at in nearest]) for name in (UNIFORM, FREQUENCIES, BAYES)
    }
    distances[BAYES][-1] = end
    return Trial(
        num_parameters=1,
        sizes_bytes={},
        looks=looks,
        from_references=distances,
        from_truth=np.full(len(nearest), 0.1),
        along={BAYES: np.array([0.3, 0.2, 0.04, 0.02]), STATIC: np.full(4, 0.3)},
        ruled_nats={},
        shuffled_nats={},
        seen_nats={},
    )


def test_it_holds_where_every_seed_has_the_phases_and_ends_near() -> None:
    said = edelman_phases.verdict([trial(0.01), trial(0.029)])
    assert said.startswith("Holds: the phases come in order in 2 of 2 seeds; 2 of 2 end within 0.03 nats")
    assert said.endswith("0.0290")


@pytest.mark.parametrize(
    "other", [trial(0.031), trial(0.01, (UNIFORM, BAYES)), trial(0.01, (UNIFORM, FREQUENCIES, UNIFORM, BAYES))]
)
def test_one_seed_that_does_not_takes_it_back(other: Trial) -> None:
    assert edelman_phases.verdict([trial(0.01), other]).startswith("Does not hold")


def test_the_table_has_a_row_for_each_seed_with_its_times() -> None:
    found = edelman_phases.table([trial(0.01), trial(0.02, (UNIFORM, BAYES))], [1.0, 2.0])
    assert found.rows[0] == (1, f"{UNIFORM} > {FREQUENCIES} > {BAYES}", 10, 20, 0.01, 0.1, 1.0)
    assert found.rows[1][2:4] == (None, 10)
    assert found.title == edelman_phases.verdict([trial(0.01), trial(0.02, (UNIFORM, BAYES))])


def test_the_figure_says_the_verdict_and_references_are_of_the_second_half() -> None:
    trials = [trial(0.01)]
    assert "Holds" in edelman_phases.figure(trials)
    assert f"{BAYES} 0.0300" in edelman_phases.references(trials)  # (0.04 + 0.02) / 2
