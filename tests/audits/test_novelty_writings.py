"""Rates of what predictors wrote, and whom they are compared with."""

import math

import pytest

from byheart.audits.novelty_lab_params import Params
from byheart.audits.novelty_sentence_tables import finding
from byheart.audits.novelty_sentences import evidence
from byheart.audits.novelty_writings import (
    Writing,
    best_memorizer,
    control_of,
    excess,
    interval,
    share,
    valid_given_novel,
    valid_novel,
)
from byheart.core.evidence import Estimate, Refusal
from byheart.stats.intervals import clopper_pearson


def wrote(subject: str, novel: int, valid: int, both: int, *, seed_index: int = 0, temperature: float = 1.0) -> Writing:
    return Writing(
        subject=subject,
        seed_index=seed_index,
        temperature=temperature,
        num_written=100,
        num_novel=novel,
        num_valid=valid,
        num_valid_novel=both,
    )


OWN = [wrote("net", 60, 90, 54, seed_index=seed) for seed in range(2)]
OTHERS = [
    *(wrote("copies", 40, 95, 39, seed_index=seed) for seed in range(2)),  # better, but writes less that is new
    *(wrote("chain", 80, 30, 16, seed_index=seed) for seed in range(2)),
    *(wrote("chain", 70, 40, 21, seed_index=seed, temperature=0.5) for seed in range(2)),
    *(wrote("noise", 100, 0, 0, seed_index=seed) for seed in range(2)),
]


def test_of_two_seeds_sentences_are_the_units_and_of_three_seeds_these_are() -> None:
    assert interval(OWN, valid_given_novel, confidence=0.95) == clopper_pearson(108, 120)
    three = [wrote("net", 60, 90, both, seed_index=seed) for seed, both in enumerate((40, 50, 60))]
    found = interval(three, valid_given_novel, confidence=0.95)
    assert found is not None
    assert (found.value, found.n) == (150 / 180, 3)
    exact = clopper_pearson(150, 180)
    assert found.low < exact.low < exact.high < found.high == 1.0
    equal = [wrote("net", 60, 90, 60, seed_index=seed) for seed in range(3)]
    alike = interval(equal, valid_given_novel, confidence=0.95)
    assert alike is not None
    assert alike.low == clopper_pearson(180, 180).low  # equal seeds do not make an interval without width
    assert interval([wrote("copies", 0, 100, 0)], valid_given_novel, confidence=0.95) is None


def test_the_best_memorizer_of_what_is_new_is_one_that_writes_as_much_that_is_new() -> None:
    found = control_of(OWN, OTHERS, valid_given_novel, confidence=0.95)
    assert found is not None
    assert found[:2] == ("chain", 0.5)
    assert share(found[2], valid_given_novel) == 42 / 140
    assert control_of(OWN, OTHERS[:2], valid_given_novel, confidence=0.95) is None


def test_a_memorizer_of_a_little_less_novelty_than_the_sample_can_tell_is_one_of_them() -> None:
    near = [wrote("near", 57, 60, 40, seed_index=seed) for seed in range(2)]
    found = control_of(OWN, [*OTHERS, *near], valid_given_novel, confidence=0.95)
    assert found is not None
    assert found[0] == "near"
    assert best_memorizer(near, valid_given_novel, least_novel=0.7, confidence=0.95) is None


def test_for_new_and_valid_at_once_all_memorizers_are_asked() -> None:
    found = control_of(OWN, OTHERS, valid_novel, confidence=0.95)
    assert found is not None
    assert found[:2] == ("copies", 1.0)  # 39 of 100, though it writes less that is new
    assert share(found[2], valid_novel) == 78 / 200


def test_the_title_says_more_or_less_only_where_the_interval_of_the_difference_does() -> None:
    def title(both: int) -> str:
        own = [wrote("net", 60, 80, 30, seed_index=seed) for seed in range(2)]
        return finding(own, [wrote("chain", 62, 60, both, seed_index=seed) for seed in range(2)], confidence=0.95)

    assert title(5).count("the best memorizer only") == 2
    assert title(29).count("no different as far as can be told") == 2
    assert title(60).count("the best memorizer more") == 2


def test_an_excess_over_seeds_is_paired_and_never_narrower_than_the_exact_one() -> None:
    own = [wrote("net", 60, 90, both, seed_index=seed) for seed, both in enumerate((50, 54, 58))]
    other = [wrote("chain", 60, 30, both, seed_index=seed) for seed, both in enumerate((10, 14, 18))]
    found = excess(own, other, valid_given_novel, confidence=0.95)
    assert found is not None
    assert math.isclose(found.value, 40 / 60)  # the same in each seed: no spread over seeds
    assert found.low < 40 / 60 - 0.05
    assert excess(own, [wrote("copies", 2, 90, 2)] * 3, valid_given_novel, confidence=0.95) is None


@pytest.mark.parametrize("others", [OTHERS, OTHERS[:2], []])
def test_the_control_of_the_network_is_that_memorizer_or_none(others: list[Writing]) -> None:
    found = {e.name: e for e in evidence(OWN, Params(), others=others) if isinstance(e, Estimate)}
    right = found["novelty.valid_given_novel_rate"]
    assert right.value == 108 / 120
    if len(others) > 2:
        assert right.control is not None
        assert right.control.value == 42 / 140
        assert "chain at temperature 0.5" in right.method
        assert right.excess is not None
        assert right.excess.low > 0
    else:
        assert right.control is None
        assert ("No memorizer writes as much that is new" in right.method) == bool(others)
    assert found["novelty.novel_rate"].control is None


def test_who_writes_nothing_new_is_refused() -> None:
    found = {e.name: e for e in evidence([wrote("copies", 0, 100, 0)], Params())}
    refusal = found["novelty.valid_given_novel_rate"]
    assert isinstance(refusal, Refusal)
    assert "None of its 100 sentences is new" in refusal.reason
