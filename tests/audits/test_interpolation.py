"""A2: steps and smooth ways told apart, damage told by its sums, and refusals where there is nothing to tell."""

import numpy as np
import pytest

from byheart.audits.interpolation import AUDIT, run
from byheart.audits.interpolation_params import Params
from byheart.core.evidence import Estimate, Evidence, Refusal, Series, Table
from byheart.core.interpolation_material import SHUFFLED, UNTRAINED, Path
from byheart.core.material import Inputs
from tests.audits.material import damaged, inputs, path

PARAMS = Params(num_damaged=(1, 2), headline_damaged=2, expanded_steps=(0.25, 0.5, 1.0))
SMOOTH, STEP = [0.2] * 4, [0.0, 0.6, 0.0, 0.0]
DNF = "memorizer:boolean"


def evidence(given: Inputs, params: Params = PARAMS) -> tuple[Evidence, ...]:
    return run(given, params, rng=np.random.default_rng(0))


def estimates(given: Inputs) -> dict[str, Estimate]:
    return {e.name: e for e in evidence(given) if isinstance(e, Estimate)}


def paths(own: list[float] = SMOOTH, num: int = 8) -> dict[str, tuple[Path, ...]]:
    return {
        "model": tuple(path(i, own) for i in range(num)),
        DNF: tuple(path(i, STEP) for i in range(num)),
        UNTRAINED: tuple(path(i, SMOOTH, argmax_ids=[7, 7, 7, 7, 1]) for i in range(5)),
        SHUFFLED: tuple(path(i, SMOOTH, argmax_ids=[7] * 5) for i in range(5)),
    }


def sides(members: list[list[bool]], controls: list[list[bool]]) -> dict[str, tuple[object, ...]]:
    both = [("member", members, 3.0), ("control", controls, 1.0)]
    return {
        "model": tuple(
            damaged(role, i, kept, [lost, lost + i / 10]) for role, side, lost in both for i, kept in enumerate(side)
        )
    }


def test_the_largest_jump_stands_beside_the_output_of_the_dnf_and_its_share_beside_the_whole_way() -> None:
    found = estimates(inputs(paths=paths()))
    jump, share = found["interpolation.largest_jump"], found["interpolation.jump_share"]
    assert jump.value == pytest.approx(0.2)
    assert jump.control is not None
    assert jump.control.value == 1.0
    assert jump.excess is not None
    assert jump.excess.value == pytest.approx(0.2 - 1.0)
    assert share.value == pytest.approx(0.2 / (4 * 0.2))
    assert share.control is not None
    assert share.control.value == pytest.approx(0.6 / 0.6)
    assert found["interpolation.end_to_end"].value == pytest.approx(4 * 0.2)
    assert found["interpolation.path_length_ratio"].value == pytest.approx(1.0)
    assert found["interpolation.argmax_changes"].value == pytest.approx(1.0)


def test_what_steps_is_not_said_to_move() -> None:
    given = inputs(paths=paths(STEP))
    share = estimates(given)["interpolation.jump_share"]
    assert share.excess is not None
    assert share.excess.high >= 0
    table = next(e for e in evidence(given) if isinstance(e, Table))
    assert "model is one of them" in table.title


def test_right_answers_on_the_way_are_counted_beside_both_controls_on_their_pairs() -> None:
    found = estimates(inputs(paths=paths()))
    untrained, shuffled = found["interpolation.right_share"], found["interpolation.right_share_shuffled"]
    assert untrained.value == shuffled.value == 1.0
    assert untrained.control is not None
    assert shuffled.control is not None
    assert (untrained.control.value, shuffled.control.value) == (1 / 5, 0)
    assert untrained.n == 5
    # Right nowhere on 5 couples proves little of others.
    assert shuffled.control.high == pytest.approx(1 - 0.025 ** (1 / 5))
    storing = found["interpolation.right_share_memorizer"]
    assert storing.control is not None
    assert storing.control.value == 1.0  # its two ends are right, and it says nothing else
    assert storing.excess is not None
    assert storing.excess.low < 0 < storing.excess.high
    assert storing.n == 8


def test_pairs_of_one_couple_of_documents_are_one_observation() -> None:
    own = tuple(path(i // 10, SMOOTH) for i in range(40))
    jump = estimates(inputs(paths={"model": own}))["interpolation.largest_jump"]
    assert jump.n == 4
    assert jump.low is None
    assert "5 couples" in (jump.no_interval or "")


def test_the_table_has_everyone_and_says_who_steps() -> None:
    table = next(e for e in evidence(inputs(paths=paths())) if isinstance(e, Table))
    rows = {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["model", UNTRAINED, SHUFFLED, DNF]
    one_step = "goes in one step, share of pairs"
    assert (rows["model"][one_step], rows[DNF][one_step]) == (0.0, 1.0)
    assert rows[DNF]["jump of the fired answer (0 or 1)"] == 1.0
    assert rows["model"]["jump of the fired answer (0 or 1)"] is None
    assert table.title.startswith("1 of 4 predictors go")
    assert table.title.endswith("model does on none")


def test_an_expansion_is_judged_by_the_change_that_it_is_to_foresee() -> None:
    # f(t) = -t + t^2 at t = 0, 1/4, ..., 1
    values = [-t + t * t for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    own = tuple(path(i, SMOOTH, derivatives=(0.0, -1.0, 2.0), start_nats=values) for i in range(6))
    given = inputs(paths={"model": own})
    found = estimates(given)
    assert found["interpolation.first_order_error"].value == pytest.approx(0.25**2 / (0.25 - 0.25**2))
    assert found["interpolation.second_order_error"].value == pytest.approx(0.0, abs=1e-12)
    series = next(e for e in evidence(given) if isinstance(e, Series) and e.name == "interpolation.expansion")
    assert "the first order nowhere" in series.title


def test_without_embeddings_nothing_is_expanded() -> None:
    assert not any(e.name.endswith("order_error") for e in evidence(inputs(paths=paths())))


def test_answers_at_both_ends_that_are_the_same_are_a_refusal_of_the_share() -> None:
    still = tuple(path(i, [0.0] * 4) for i in range(6))
    found = {e.name: e for e in evidence(inputs(paths={"model": still}))}
    assert isinstance(found["interpolation.jump_share"], Refusal)
    assert isinstance(found["interpolation.largest_jump"], Estimate)


def test_damage_counts_changed_answers_and_bits_of_both_sides() -> None:
    members, controls = [[True, False]] * 9 + [[True, True]] * 3, [[True, True]] * 11 + [[False, False]]
    found = estimates(inputs(damaged=sides(members, controls)))
    rate = found["interpolation.changed_answer_rate"]
    assert rate.value == 9 / 12
    assert rate.control is not None
    assert rate.control.value == 1 / 12
    assert rate.excess is not None
    assert rate.excess.low > 0
    lost = found["interpolation.member_brittleness_bits"]
    spread = sum(i / 10 for i in range(12)) / 12 / 2
    assert lost.value == pytest.approx(3.0 + spread)
    assert lost.excess is not None
    assert lost.excess.value == pytest.approx(3.0 - 1.0)


def test_few_windows_are_a_refusal_with_the_number_that_is_needed() -> None:
    found = {e.name: e for e in evidence(inputs(damaged=sides([[True, True]] * 3, [[True, True]] * 3)))}
    refusal = found["interpolation.member_brittleness_bits"]
    assert isinstance(refusal, Refusal)
    assert "10 windows" in refusal.reason
    rate = found["interpolation.changed_answer_rate"]
    assert isinstance(rate, Estimate)
    assert rate.excess is None


def test_what_is_missing_is_refused_with_its_reason() -> None:
    given = inputs(lacking={PARAMS.paths: "It shows no embeddings."})
    found = {e.name: e for e in evidence(given)}
    refusal = found["interpolation.largest_jump"]
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "It shows no embeddings."
    assert isinstance(found["interpolation.changed_answer_rate"], Refusal)


def test_the_headline_damage_is_asked_and_the_steps_are_on_the_grid() -> None:
    for params in AUDIT.profiles.values():
        assert params.headline_damaged in params.num_damaged
        assert max(params.num_damaged) <= params.context_tokens
        for step in params.expanded_steps:
            assert step * (params.num_points - 1) == int(step * (params.num_points - 1))
