"""The experiment's evidence from made answers: every number is the sum that gives it."""

from collections.abc import Sequence

import numpy as np
import pytest

from byheart.audits.interpolation_lab import evidence
from byheart.audits.interpolation_lab_params import Params
from byheart.audits.interpolation_lab_trainings import Asked
from byheart.core.evidence import Estimate, Evidence, Series, Table
from byheart.core.interpolation_material import SHUFFLED
from byheart.core.tokens import Floats
from byheart.stats.intervals import clopper_pearson
from byheart.stats.seed_rates import difference_over_seeds, rate_over_seeds

PARAMS = Params(num_paths=20, num_windows=20, num_damaged=(1, 2), headline_damaged=2, num_points=5)
MODEL, BLIND, DNF = "transformer", "blind:untrained", "memorizer:boolean"


def asked(*, right: int, jump: float, kept: tuple[int, int], fired: float = 0.0, told: int = 0) -> Asked:
    """The first so many of 20 paths of each distance right; the first so many of 20 contexts kept on each side.

    Of the middles asked as tokens, and of contexts never seen, at least `told` are right.
    """
    distance = np.repeat(np.array(PARAMS.distances), 20)
    is_right = np.tile(np.arange(20) < right, 3)
    seen, unseen = (np.repeat((np.arange(20) < num)[:, None], 2, axis=1) for num in kept)
    ones: Floats = np.ones(60)
    return Asked(
        distance=distance,
        largest_jump=jump * ones,
        end_to_end=ones,
        num_changes=ones,
        middle_is_right=is_right,
        token_middle_is_right=np.tile(np.arange(20) < max(right, told), 3),
        ends_are_right=np.tile(np.arange(20) != 0, 3),
        fired_jump=fired * ones,
        right_between=ones,
        from_start=np.linspace(0, 1, 5),
        seen_is_right=np.arange(20) < 20,
        unseen_is_right=np.arange(20) < max(right, told),
        seen_is_kept=seen,
        unseen_is_kept=unseen,
        seen_lost_nats=2 * np.log(2) * (np.arange(40).reshape(20, 2) % 3),
        unseen_lost_nats=np.log(2) * (np.arange(40).reshape(20, 2) % 3),
    )


def everyone(num_seeds: int = 2, model_right: int = 18) -> dict[str, Sequence[Asked]]:
    return {
        MODEL: [asked(right=model_right, jump=0.1 + 0.02 * i, kept=(4, 12)) for i in range(num_seeds)],
        BLIND: [asked(right=0, jump=0.001, kept=(20, 20)) for _ in range(num_seeds)],
        SHUFFLED: [asked(right=1, jump=0.05, kept=(8, 8)) for _ in range(num_seeds)],
        DNF: [asked(right=0, jump=1.0, kept=(8, 8), fired=1.0, told=6) for _ in range(num_seeds)],
    }


def found(name: str = MODEL, **sizes: int) -> tuple[Evidence, ...]:
    return evidence(name, everyone(**sizes), PARAMS, is_model=name == MODEL)


def estimates(name: str = MODEL, **sizes: int) -> dict[str, Estimate]:
    return {e.name: e for e in found(name, **sizes) if isinstance(e, Estimate)}


def test_a_path_counts_where_both_ends_and_the_middle_are_right() -> None:
    it = estimates()["interpolation.midpoint_accuracy"]
    assert (it.value, it.n) == ((18 - 1) / 20, 2 * 20)  # the first path is wrong at an end
    assert it.control is not None
    assert it.control.value == (6 - 1) / 20  # the DNF, asked the case halfway as tokens; as the nearer end it has none
    assert it.excess is not None
    assert it.excess == difference_over_seeds([17, 17], [5, 5], [20, 20], both=[5, 5])
    assert f"{DNF}, on the same paths, asked the case halfway as tokens" in it.method


def test_contexts_never_seen_stand_beside_the_best_memorizer() -> None:
    it = estimates()["interpolation.held_out_accuracy"]
    assert it.control == rate_over_seeds([6, 6], [20, 20])
    assert it.excess is not None
    assert it.excess.value == pytest.approx((18 - 6) / 20)


def test_from_three_repetitions_on_rates_vary_with_the_repetitions() -> None:
    given = everyone(3)
    given[MODEL] = [asked(right=right, jump=0.1, kept=(kept, 12)) for right, kept in ((20, 2), (18, 10), (4, 18))]
    said = {e.name: e for e in evidence(MODEL, given, PARAMS, is_model=True)}
    it = said["interpolation.midpoint_accuracy"]
    assert isinstance(it, Estimate)
    whole = rate_over_seeds([19, 17, 3], [20] * 3)
    assert (it.low, it.high) == (whole.low, whole.high)
    assert whole.low < clopper_pearson(19 + 17 + 3, 60).low - 0.1
    assert it.excess == difference_over_seeds([19, 17, 3], [5] * 3, [20] * 3, both=[5, 5, 3])
    assert "Student's t over the 3 repetitions" in it.method
    changed = said["interpolation.changed_answer_rate"]
    assert isinstance(changed, Estimate)
    assert changed.low == rate_over_seeds([18, 10, 2], [20] * 3).low
    lost = said["interpolation.member_brittleness_bits"]
    assert isinstance(lost, Estimate)
    assert lost.n == 3
    curves = {e.name: e for e in said.values() if isinstance(e, Series)}
    assert curves["interpolation.between"].lines[0].points[0].low == whole.low
    assert curves["interpolation.damage"].lines[0].points[1].low == rate_over_seeds([2, 10, 18], [20] * 3).low
    assert all("widened to Student's t" in curves[f"interpolation.{name}"].note for name in ("between", "damage"))


def test_jumps_are_over_cases_of_two_seeds_and_over_seeds_of_three() -> None:
    few, enough = (estimates(num_seeds=n)["interpolation.largest_jump"] for n in (2, 3))
    assert few.n == 2 * 20
    assert "these networks only" in few.method
    assert enough.n == 3
    assert enough.value == pytest.approx((0.1 + 0.12 + 0.14) / 3)
    assert enough.excess is not None
    assert enough.excess.value == pytest.approx(enough.value - 1.0)


def test_damage_of_trained_on_contexts_stands_beside_that_of_others() -> None:
    rate, lost = (estimates()[f"interpolation.{n}"] for n in ("changed_answer_rate", "member_brittleness_bits"))
    assert rate.value == (20 - 4) / 20
    assert rate.control is not None
    assert rate.control.value == (20 - 12) / 20
    assert lost.control is not None
    assert lost.value == pytest.approx(2 * lost.control.value)


def test_the_title_says_what_came_out_also_where_it_is_no_better() -> None:
    tables = {sizes: next(e for e in found(model_right=sizes) if isinstance(e, Table)) for sizes in (18, 1)}
    assert "transformer is right on 85 % of the paths" in tables[18].title
    assert "asked the case halfway as tokens, on 25 % (boolean)" in tables[18].title
    assert tables[18].title.endswith("of contexts never seen on 90 % and 30 % (boolean)")
    assert "no more often than a memorizer" in tables[1].title
    assert [row[0] for row in tables[18].rows] == [MODEL, BLIND, SHUFFLED, DNF]
    column = tables[18].columns.index("jump of the fired answer (0 or 1)")
    assert [row[column] for row in tables[18].rows] == [None, None, None, 1.0]


def test_everyone_has_the_same_estimates_and_the_untrained_network_no_control() -> None:
    names = [list(estimates(name)) for name in (MODEL, BLIND, DNF)]
    assert names[0] == names[1] == names[2]
    assert estimates(BLIND)["interpolation.midpoint_accuracy"].control is None
    assert estimates(DNF)["interpolation.largest_jump"].control is None


def test_the_curve_over_distances_has_a_point_for_each_and_the_chance_level() -> None:
    series = next(e for e in found() if isinstance(e, Series) and e.name == "interpolation.between")
    assert [point.x for point in series.lines[0].points] == list(PARAMS.distances)
    assert series.chance == pytest.approx((1 / PARAMS.num_values) ** 3)
