"""The evidence of the capacity experiment, from networks whose capacity is known because it was made up."""

import dataclasses
import math

import numpy as np
import pytest

from byheart.audits.capacity import blind_evidence, evidence, is_lower_bound, lookup_evidence
from byheart.audits.capacity_params import Params
from byheart.audits.capacity_trainings import Training
from byheart.core.audit import METHOD_HEADINGS, method_parts
from byheart.core.codec import dumps, evidence_to_json
from byheart.core.evidence import Estimate, Refusal, Series, Table

PARAMS = Params(vocabulary_size=16, sequence_tokens=64, ladder=(2, 4, 8, 16), num_seeds=2, num_unseen=8)
EACH = 64 * 4


def training(rung: int, seed_index: int, *, capacity: float, is_whole: bool, params: Params = PARAMS) -> Training:
    """Shows every bit that fits into `capacity`, the same of each sequence."""
    possible = rung * (EACH - math.log2(rung))
    each = min(possible, capacity) / rung
    uniform = -EACH * math.log(2)
    return Training(
        num_sequences=rung,
        seed_index=seed_index,
        is_whole=is_whole,
        num_parameters=500,
        seen_nats=np.full(rung, uniform + each * math.log(2)),
        unseen_nats=np.full(params.num_unseen, uniform - 20.0),
        untrained_nats=np.full(rung, uniform - 0.1),
    )


def trainings(capacities: tuple[float, ...] = (1500, 1540), share: float = 1.0) -> list[Training]:
    return [
        training(rung, seed, capacity=capacity * (1.0 if is_whole else share), is_whole=is_whole)
        for seed, capacity in enumerate(capacities)
        for rung in PARAMS.ladder
        for is_whole in (True, False)
    ]


def estimates(found: tuple[object, ...]) -> dict[str, Estimate]:
    return {one.name: one for one in found if isinstance(one, Estimate)}


def test_a_known_capacity_comes_out_with_students_interval() -> None:
    found = estimates(evidence(trainings(), PARAMS))
    bits = found["capacity.plateau_bits"]
    assert bits.value == pytest.approx((1500 + 1540) / 2)
    assert bits.high is not None
    assert bits.high - bits.value == pytest.approx(math.tan(math.pi * 0.475) * 20)
    assert found["capacity.bits_per_parameter"].value == pytest.approx(1520 / 500)
    kink = found["capacity.kink_sequences"].value
    assert kink * (EACH - math.log2(kink)) == pytest.approx(1520, rel=1e-3)


def test_unseen_sequences_are_the_control() -> None:
    found = estimates(evidence(trainings(), PARAMS))
    bits = found["capacity.plateau_bits"]
    assert bits.control is not None
    assert bits.excess is not None
    unseen = found["capacity.unseen_bits_per_sequence"]
    assert unseen.value == 0
    assert unseen.n == 2 * 4 * 8
    assert bits.control.high == pytest.approx(16 * (unseen.high or 0))
    assert bits.excess.low == pytest.approx((bits.low or 0) - bits.control.high)


def test_what_more_steps_still_raise_is_called_a_lower_bound() -> None:
    settled = estimates(evidence(trainings(), PARAMS))["capacity.gain_of_doubled_steps"]
    assert settled.value == 0
    assert not is_lower_bound(settled)
    rising = estimates(evidence(trainings(share=0.9), PARAMS))["capacity.gain_of_doubled_steps"]
    assert rising.value == pytest.approx(1 / 0.9 - 1)
    assert is_lower_bound(rising)
    titles = [one.title for one in evidence(trainings(share=0.9), PARAMS) if isinstance(one, Series)]
    assert "at least" in titles[0]


def title(made: list[Training]) -> str:
    return next(one.title for one in evidence(made, PARAMS) if isinstance(one, Series))


def test_the_title_says_follow_and_stay_only_of_a_curve_that_does() -> None:
    assert title(trainings()).endswith("then stay there")
    rises = [dataclasses.replace(one, seen_nats=one.seen_nats + (one.num_sequences == 16) * 10) for one in trainings()]
    assert "they still rise, to" in title(rises)
    loose = [dataclasses.replace(one, seen_nats=one.seen_nats - 0.1 * EACH * math.log(2)) for one in trainings()]
    assert "not even the smallest data are held whole" in title(loose)
    assert "follow the data" not in title(loose)


def test_a_ladder_that_stays_on_the_slope_has_no_plateau() -> None:
    found = evidence(trainings(capacities=(10**6, 10**6)), PARAMS)
    reasons = {one.name: one.reason for one in found if isinstance(one, Refusal)}
    assert "go on to 64 at least" in reasons["capacity.bits_per_parameter"]
    # One rung beyond the kink is no plateau either.
    one = evidence(trainings(capacities=(3000, 3000)), PARAMS)
    assert any(isinstance(e, Refusal) and "only 1 of" in e.reason for e in one)


def test_one_seed_gives_refusals_and_a_table() -> None:
    single = Params(vocabulary_size=16, sequence_tokens=64, ladder=(2, 4, 8, 16), num_seeds=1, num_unseen=8)
    found = evidence([one for one in trainings() if one.seed_index == 0], single)
    assert {one.name for one in found if isinstance(one, Refusal)} >= {
        "capacity.bits_per_parameter",
        "capacity.plateau_bits",
        "capacity.largest_rung_bits",
        "capacity.gain_of_doubled_steps",
    }
    assert any(isinstance(one, Table) for one in found)


def test_exact_up_to_the_largest_rung_that_shows_the_entropy() -> None:
    found = estimates(evidence(trainings(), PARAMS))
    # 4 sequences show 256 - 2 of 256 bits each, 8 do not fit into 1500 bits.
    assert found["capacity.exact_sequences"].value == 4
    weak = evidence(trainings(capacities=(300, 300)), PARAMS)
    reasons = [one.reason for one in weak if isinstance(one, Refusal) and one.name == "capacity.exact_sequences"]
    assert len(reasons) == 1
    assert "98 %" in reasons[0]


def test_the_poles_stand_apart() -> None:
    lookup = estimates(lookup_evidence(PARAMS))["capacity.largest_rung_bits"]
    blind = estimates(blind_evidence(trainings(), PARAMS))["capacity.largest_rung_bits"]
    model = estimates(evidence(trainings(), PARAMS))["capacity.largest_rung_bits"]
    assert lookup.value == pytest.approx(16 * EACH - 16 * 4)
    assert blind.value == 0
    assert blind.value < model.value < lookup.value


def test_evidence_is_finite_and_the_same_again() -> None:
    first, second = ([dumps(evidence_to_json(one)) for one in evidence(trainings(), PARAMS)] for _ in range(2))
    assert first == second
    assert "NaN" not in "".join(first)


def test_its_method_has_all_six_headings() -> None:
    import byheart.audits.capacity as module

    assert set(method_parts(module.__doc__ or "")) == set(METHOD_HEADINGS)
