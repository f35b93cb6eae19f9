import dataclasses

import numpy as np
import pytest

from byheart.audits.complexity_answers import BLIND, LOOKUP, MODEL, TASKS, Answered, Experiment, Marks, first_step
from byheart.audits.complexity_experiment import DELAY, HEAD, PLAIN, WITHIN, evidence, name_of
from byheart.audits.complexity_params import Params
from byheart.core.evidence import Estimate, Evidence, Refusal, Series, Table
from byheart.stats.intervals import clopper_pearson

PARAMS = Params(num_seeds=2, num_steps=100, depths=(1, 2))
MEMORIZERS = ("memorizer:markov", "memorizer:knowledge")
CASES = 100


def flags(num_right: int, num: int = CASES) -> Marks:
    return np.arange(num) < num_right


def answered(
    subject: str, task: str, seed: int, right: int, layers: int = 0, *, within: int = 9, **parts: object
) -> Answered:
    return Answered(
        subject=subject, task=task, seed_index=seed, num_layers=layers, unseen=flags(right),
        fresh=flags(0, 0) if task == "addition" else flags(within, 10),
        trained=flags(10, 10), **parts,  # type: ignore[arg-type]
    )  # fmt: skip


def experiment(
    right: dict[str, int] | None = None,
    *,
    steps: tuple[int, int] = (10, 50),
    markov: int = 50,
    num_seeds: int = 2,
    within: dict[str, int] | None = None,
    untrained: int = 1,
) -> Experiment:
    """Networks that are right on so many of 100 cases of each task; markov on another number; the table on none.

    `within`: of 10 unseen cases of trained sizes, 9 unless said.
    """
    right = dict.fromkeys(TASKS, 100) | (right or {})
    found = []
    for seed in range(num_seeds):
        for task in TASKS:
            for layers in (1,) if task == "addition" else (1, 2):
                curve = tuple(
                    (s, float(s >= steps[0]), right[task] / CASES * float(s >= steps[1])) for s in (1, 10, 20, 50, 100)
                )
                shown = curve if task == "addition" else ()
                less = 0 if layers == 2 or task == "addition" else 40
                found.append(
                    answered(
                        MODEL,
                        task,
                        seed,
                        max(right[task] - less, 0),
                        layers,
                        curve=shown,
                        within=(within or {}).get(task, 9),
                    )
                )
                found.append(answered(BLIND, task, seed, untrained, layers))
            found.append(answered(LOOKUP, task, seed, 0))
            found.append(answered("memorizer:markov", task, seed, markov))
            found.append(answered("memorizer:knowledge", task, seed, 0))
        found.append(answered(MODEL, "addition", seed, 30, 1, decays=False, curve=((1, 0.0, 0.0), (100, 1.0, 0.3))))
    chances = dict(zip(TASKS, (1 / 59, 1 / 2, 1 / 2, 1 / 5, 0.0), strict=True))
    return Experiment(answered=tuple(found), chances=chances, sizes_bytes={MODEL: 4})


def of(it: Experiment, subject: str = MODEL) -> dict[str, Evidence]:
    return {one.name: one for one in evidence(it, subject, PARAMS)}


def test_the_headline_is_the_share_of_unseen_pairs_beside_the_best_memorizer() -> None:
    head = of(experiment({"addition": 90}))[HEAD]
    assert isinstance(head, Estimate)
    assert head.value == 180 / 200
    exact = clopper_pearson(180, 200)
    assert (head.low, head.high, head.n) == (exact.low, exact.high, 200)
    assert head.control is not None
    assert head.excess is not None
    assert head.control.value == 100 / 200
    assert head.excess.value == pytest.approx(180 / 200 - 100 / 200)
    assert "memorizer:markov" in head.method


def test_every_predictor_has_the_same_names_and_a_row() -> None:
    it = experiment()
    names = {name_of(task) for task in TASKS}
    for subject in (LOOKUP, BLIND, *MEMORIZERS):
        assert set(of(it, subject)) == names
    table = of(it)["complexity.predictors"]
    assert isinstance(table, Table)
    rows = {row[0]: row[1:6] for row in table.rows}
    assert rows[MODEL] == (1.0,) * 5
    assert rows[LOOKUP] == rows["memorizer:knowledge"] == (0.0,) * 5
    assert rows["memorizer:markov"] == (0.5,) * 5
    assert rows["chance"] == (1 / 59, 1 / 2, 1 / 2, 1 / 5, 0.0)


def test_the_deepest_networks_give_the_headline_and_the_figure_has_every_depth() -> None:
    found = of(experiment({"composition": 80}))
    deepest = found[f"{HEAD}_composition"]
    assert isinstance(deepest, Estimate)
    assert deepest.value == 160 / 200
    series = found["complexity.by_depth"]
    assert isinstance(series, Series)
    lines = {line.label: [(p.x, p.y) for p in line.points] for line in series.lines}
    assert lines["composition"] == [(1.0, 0.4), (2.0, 0.8)]
    assert "+40 points" in series.title


def test_the_delay_lies_between_the_first_looks_that_reach_their_levels() -> None:
    delay = of(experiment())[DELAY]
    assert isinstance(delay, Estimate)
    assert delay.value == 50 - 10
    assert first_step(((1, 0.0, 0.0), (7, 1.0, 0.9)), column=1, least=1.0) == 7
    assert first_step(((1, 0.0, 0.0), (7, 1.0, 0.9)), column=2, least=0.95) is None
    grokking = of(experiment())["complexity.grokking"]
    assert isinstance(grokking, Series)
    assert "after 10 steps, 95 % of the unseen ones after 50 steps" in grokking.title
    assert {line.label for line in grokking.lines} == {
        f"{what}, seed {seed}" for what in ("trained", "unseen") for seed in (1, 2)
    }


def test_a_delay_that_never_ended_is_refused_with_what_was_reached() -> None:
    delay = of(experiment({"addition": 60}))[DELAY]
    assert isinstance(delay, Refusal)
    assert "2 of 2" in delay.reason
    assert "60 %" in delay.reason


def test_networks_without_decay_stand_beside() -> None:
    found = of(experiment())
    plain = found[PLAIN]
    assert isinstance(plain, Estimate)
    assert plain.value == 60 / 200
    curve = found["complexity.without_decay"]
    assert isinstance(curve, Series)
    assert "never in 2 of 2 seeds" in curve.title
    assert "30 %" in curve.title


def test_the_finding_names_where_it_fails() -> None:
    table = of(experiment({"parity": 50, "arithmetic": 21}))["complexity.predictors"]
    assert isinstance(table, Table)
    failed = table.title.partition("not shown to be beyond chance and every memorizer: ")[2]
    assert "parity" in failed
    assert "arithmetic" in failed
    assert "Dyck" not in failed
    whole = of(experiment())["complexity.predictors"]
    assert isinstance(whole, Table)
    assert "all 5 tasks" in whole.title


def test_more_right_than_chance_is_not_beyond_while_a_memorizer_is_as_good() -> None:
    table = of(experiment({"dyck": 80}, markov=80))["complexity.predictors"]
    assert isinstance(table, Table)
    assert "Dyck" in table.title.partition("not shown to be beyond")[2]


def test_from_three_seeds_on_their_spread_is_in_the_interval() -> None:
    two = of(experiment({"addition": 90}))[HEAD]
    it = experiment({"addition": 90}, num_seeds=3)
    moved = tuple(
        dataclasses.replace(one, unseen=flags(60 + 20 * one.seed_index))
        if (one.subject, one.task) == (MODEL, "addition")
        else one
        for one in it.answered
    )
    three = of(dataclasses.replace(it, answered=moved))[HEAD]
    assert isinstance(two, Estimate)
    assert isinstance(three, Estimate)
    assert three.value == pytest.approx((60 + 80 + 100) / 300)
    assert three.low is not None
    assert three.low < 0.8 - 2 * 0.11  # t of three seeds 4.30, s / sqrt(3) = 0.2 / 1.73
    assert "Student" in three.method
    assert "these very seeds" in two.method


def test_the_excess_is_paired_by_case() -> None:
    head = of(experiment({"parity": 60}, markov=55))[f"{HEAD}_parity"]
    assert isinstance(head, Estimate)
    assert head.excess is not None
    # All that markov answers the network answers: the 10 more of 200 are no accident, as they would be if unpaired.
    assert head.excess.low > 0


def test_unseen_cases_of_trained_sizes_stand_beside() -> None:
    found = of(experiment(within={"parity": 5}))
    assert f"{WITHIN}_addition" not in found
    parity = found[f"{WITHIN}_parity"]
    assert isinstance(parity, Estimate)
    assert (parity.value, parity.n) == (10 / 20, 20)


def test_both_steps_of_every_seed_are_in_the_method_of_the_delay() -> None:
    delay = of(experiment())[DELAY]
    assert isinstance(delay, Estimate)
    assert delay.method.endswith("seed by seed: 10 and 50, 10 and 50 steps.")
