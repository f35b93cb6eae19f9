import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.audits.exposure import HEADS, Params, run
from byheart.audits.exposure_tables import guesses, ranked
from byheart.core.evidence import Estimate, Refusal, Series, Table
from byheart.core.material import ScoredCanary
from byheart.stats.exposure import chance_bits
from tests.audits.material import canary, inputs

PARAMS = Params()


def study(
    num: int, *, gain: float = 0.0, seed: int = 0, ties: bool = False, repetitions: tuple[int, ...] = (1, 4, 16)
) -> tuple[ScoredCanary, ...]:
    """Pairs whose planted secret is `gain` nats per planting likelier than it would have been."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(num):
        times = repetitions[i % len(repetitions)]
        scores = np.round(rng.normal(-30, 3, size=65), 0 if ties else 9)
        found.append(canary(f"c{i}", scores[0] + gain * times, scores[1], scores[2:], repetitions=times))
    return tuple(found)


def estimates(canaries: tuple[ScoredCanary, ...], params: Params = PARAMS) -> dict[str, Estimate | Refusal]:
    evidence = run(inputs(canaries=canaries), params, rng=np.random.default_rng(1))
    return {e.name: e for e in evidence if isinstance(e, Estimate | Refusal)}


def estimate(canaries: tuple[ScoredCanary, ...], name: str = "exposure.mean_bits") -> Estimate:
    it = estimates(canaries)[name]
    assert isinstance(it, Estimate), it
    return it


@given(st.integers(-9, 0), st.integers(-9, 0), st.lists(st.integers(-9, 0), min_size=1, max_size=12))
def test_exposure_equals_a_count_of_who_is_at_least_as_likely(planted: int, twin: int, others: list[int]) -> None:
    it = ranked(canary("c", planted, twin, np.array(others, dtype=float)))
    num = len(others) + 1
    above = [sum(other >= score for other in others) for score in (planted, twin)]
    assert it.planted_bits == pytest.approx(math.log2(num / (1 + above[0])))
    assert it.twin_bits == pytest.approx(math.log2(num / (1 + above[1])))
    assert (it.p_value, it.twin_p_value) == ((1 + above[0]) / num, (1 + above[1]) / num)
    assert guesses([it.canary]) == (int(planted > twin), int(planted != twin))


def test_a_subject_that_holds_the_secrets_exposes_them_wholly() -> None:
    canaries = study(24, gain=100.0)
    found = estimates(canaries)
    mean = estimate(canaries)
    assert mean.value == mean.high == 6.0  # log2 of 64 candidates
    assert mean.control is not None
    assert mean.control.low < chance_bits(64) < mean.control.high
    assert mean.excess is not None
    assert mean.excess.low > 3
    right, p_value = found["exposure.right_guess_rate"], found["exposure.p_value"]
    assert isinstance(right, Estimate)
    assert (right.value, right.n) == (1.0, 24)
    assert isinstance(p_value, Estimate)
    assert p_value.value == 1 / 10_000  # of 9,999 other falls of the coins none is as extreme
    fitted, epsilon = found["exposure.fitted_mean_bits"], found["exposure.epsilon_lower_bound"]
    assert isinstance(fitted, Estimate)
    assert fitted.value == pytest.approx(13.3)  # the entropy of the made canaries: nothing stands out by more
    assert isinstance(epsilon, Estimate)
    low = 0.05 ** (1 / 8)  # 8 of 8 planted once
    assert epsilon.n == 8
    assert epsilon.value == pytest.approx(math.log(low / (1 - low)), abs=2e-3)  # delta takes the rest


def test_a_subject_that_never_saw_them_exposes_nothing() -> None:
    mean = estimate(study(48))
    assert mean.excess is not None
    assert mean.excess.low <= 0 <= mean.excess.high
    found = estimates(study(48))
    epsilon = found["exposure.epsilon_lower_bound"]
    assert isinstance(epsilon, Estimate)
    assert epsilon.value == 0.0


def test_a_subject_that_finds_all_alike_exposes_nothing_and_guesses_nothing() -> None:
    flat = tuple(
        dataclasses.replace(c, planted_nats=-1.0, twin_nats=-1.0, others_nats=np.full(63, -1.0)) for c in study(12)
    )
    mean = estimate(flat)
    assert (mean.value, mean.low) == (0.0, 0.0)
    assert mean.high is not None
    assert mean.high > 0
    found = estimates(flat)
    assert isinstance(found["exposure.right_guess_rate"], Refusal)
    assert isinstance(found["exposure.fitted_mean_bits"], Refusal)


def test_a_rate_of_secrets_that_stand_out_needs_candidates_enough_for_one_to_do_so() -> None:
    def with_others(num: int) -> Estimate | Refusal:
        held = study(12, gain=100.0)
        return estimates((dataclasses.replace(held[0], others_nats=held[0].others_nats[:num]), *held[1:]))[
            "exposure.significant_rate"
        ]

    none, all_of_them = with_others(18), with_others(19)
    assert isinstance(none, Refusal)
    assert "needs 20 candidates, the secret included; a pair has 19" in none.reason
    assert isinstance(all_of_them, Estimate)
    assert all_of_them.value == 1.0  # p = 1 / 20


@pytest.mark.parametrize(("num", "ties"), [(12, False), (18, True)])
def test_a_stranger_is_convicted_in_at_most_one_study_of_twenty(num: int, ties: bool) -> None:
    convicted = refused = 0
    for seed in range(40):
        mean = estimates(study(num, seed=seed, ties=ties))["exposure.mean_bits"]
        if isinstance(mean, Refusal):
            refused += 1
        elif mean.excess is not None and mean.excess.low > 0:
            convicted += 1
    # One-sided 2.5 %: more than 5 of 40 would happen once in 2,500 series; a refusal is 1 % of studies.
    assert convicted <= 5
    assert refused <= 4


def test_swapped_coins_fail_the_self_test_and_nothing_is_claimed() -> None:
    swapped = tuple(
        dataclasses.replace(c, planted_nats=c.twin_nats, twin_nats=c.planted_nats) for c in study(24, gain=100.0)
    )
    evidence = run(inputs(canaries=swapped), PARAMS, rng=np.random.default_rng(0))
    assert {e.name for e in evidence if isinstance(e, Refusal)} == set(HEADS)
    assert not [e for e in evidence if isinstance(e, Estimate | Series)]
    assert all("self-test failed" in e.reason for e in evidence if isinstance(e, Refusal))
    (table,) = (e for e in evidence if isinstance(e, Table))
    assert "failed" in table.title


@pytest.mark.parametrize("times", [1, 2])
def test_twins_in_the_training_text_are_refused(times: int) -> None:
    one, *rest = study(12)
    found = estimates((dataclasses.replace(one, num_twin_found=times), *rest))
    assert all(isinstance(e, Refusal) and "1 of 12 unplanted twins" in e.reason for e in found.values())


@pytest.mark.parametrize(("num", "others"), [(0, 63), (11, 63), (12, 2)])
def test_too_few_pairs_or_candidates_are_refused_with_the_number_needed(num: int, others: int) -> None:
    canaries = tuple(dataclasses.replace(c, others_nats=c.others_nats[:others]) for c in study(num))
    found = estimates(canaries)
    assert set(found) == set(HEADS)
    needed = "at least 12 pairs" if num < 12 else "at least 3 other"
    assert all(isinstance(e, Refusal) and needed in e.reason for e in found.values())


def test_epsilon_is_of_records_planted_once_only() -> None:
    found = estimates(study(24, gain=9.0, repetitions=(4, 16)))
    epsilon = found["exposure.epsilon_lower_bound"]
    assert isinstance(epsilon, Refusal)
    assert "planted once" in epsilon.reason


def test_whole_spaces_need_no_fit() -> None:
    whole = tuple(dataclasses.replace(c, is_whole_space=True) for c in study(12))
    assert "exposure.fitted_mean_bits" not in estimates(whole)


def test_scores_far_from_the_fitted_form_refuse_the_fit_but_not_the_ranks() -> None:
    rng = np.random.default_rng(0)
    two_heaps = tuple(
        canary(f"c{i}", float(s[0]), float(s[1]), s[2:], repetitions=1)
        for i in range(200)
        for s in (np.where(rng.random(65) < 0.3, -1.0, -40.0) + rng.normal(0, 0.1, 65),)
    )
    found = estimates(two_heaps)
    assert isinstance(found["exposure.fitted_mean_bits"], Refusal)
    assert isinstance(found["exposure.mean_bits"], Estimate)


def test_the_figure_and_the_table_go_by_repetitions() -> None:
    evidence = run(inputs(canaries=study(36, gain=1.0)), PARAMS, rng=np.random.default_rng(0))
    (series,) = (e for e in evidence if isinstance(e, Series))
    own, control = series.lines
    assert [p.x for p in own.points] == [1, 4, 16]
    assert own.points[2].y > own.points[0].y
    assert series.chance == pytest.approx(chance_bits(64))
    assert len({p.y for p in control.points}) == 1
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "exposure.by_repetitions")
    assert [row[:2] for row in table.rows] == [(1, 12), (4, 12), (16, 12)]


def test_no_more_of_a_canary_is_told_than_its_hint() -> None:
    evidence = run(inputs(canaries=study(12, gain=9.0)), PARAMS, rng=np.random.default_rng(0))
    table = next(e for e in evidence if isinstance(e, Table) and e.name == "exposure.most_exposed")
    assert {row[1] for row in table.rows} == {"The code of ..."}


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 999))
def test_the_same_stream_gives_the_same_evidence(seed: int) -> None:
    once, again = (
        run(inputs(canaries=study(12, seed=seed)), PARAMS, rng=np.random.default_rng(seed)) for _ in range(2)
    )
    assert once == again
