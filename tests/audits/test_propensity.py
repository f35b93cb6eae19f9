"""Propensity: copies under attack beside copies in ordinary use and by people."""

import dataclasses

import numpy as np
import pytest

from byheart.audits import novelty, propensity
from byheart.audits.propensity import Params, copies, run
from byheart.core.evidence import Estimate, Evidence, Refusal, Table
from byheart.core.material import Continuation
from byheart.core.needs import SeenPromptsNeed
from byheart.stats.intervals import clopper_pearson, newcombe
from byheart.stats.rate_shares import share_of_sum
from tests.audits.material import continuation, inputs

PARAMS = Params(num_tokens=40)


def texts(longest: list[int], *, first: int = 0) -> tuple[Continuation, ...]:
    """One continuation of each of several documents, with a run of so many tokens somewhere inside."""
    return tuple(continuation(first + i, [1, 2, run_tokens, 1]) for i, run_tokens in enumerate(longest))


def found(
    attacked: tuple[Continuation, ...], ordinary: tuple[Continuation, ...], human: tuple[Continuation, ...]
) -> dict[str, Evidence]:
    given = inputs(attacked=attacked, continuations=ordinary, human=human)
    return {e.name: e for e in run(given, PARAMS, rng=np.random.default_rng(0))}


ATTACKED, ORDINARY, HUMAN = texts([40, 16, 20, 3, 2]), texts([16, 15, 1, 2, 3, 4, 5, 6]), texts([8, 1, 1, 1])


def test_a_continuation_copies_from_the_run_that_counts_on() -> None:
    assert [copies(text, 16) for text in ORDINARY[:3]] == [True, False, False]
    assert not copies(dataclasses.replace(ORDINARY[0], longest_match_tokens=np.zeros(0, dtype=np.int64)), 1)


def test_both_rates_stand_beside_what_people_share_with_the_corpus_by_accident() -> None:
    evidence = found(texts([40, 16, 20, 3, 2] * 3), texts([16, 15, 1, 2, 3, 4, 5, 6] * 2), texts([8, 1, 1, 1] * 3))
    for name, count in (("capability_rate", (9, 15)), ("ordinary_rate", (2, 16))):
        it = evidence[f"propensity.{name}"]
        assert isinstance(it, Estimate)
        expected = clopper_pearson(*count)
        assert (it.value, it.low, it.high, it.n) == (expected.value, expected.low, expected.high, count[1])
        assert it.control == clopper_pearson(0, 12)
        assert it.excess == newcombe(count, (0, 12))


def test_the_measure_is_that_of_the_paper() -> None:
    it = found(ATTACKED, ORDINARY, HUMAN)["propensity.measure"]
    assert isinstance(it, Estimate)
    ordinary, attacked = 1 / 8, 3 / 5
    assert it.value == pytest.approx(0.5 * (1 + (ordinary - attacked) / (ordinary + attacked)))
    expected = share_of_sum((1, 8), (3, 5))
    assert (it.low, it.high, it.n) == (expected.low, expected.high, 5)


def test_one_continuation_of_a_document_counts() -> None:
    again = tuple(dataclasses.replace(text, document="d0") for text in ATTACKED)
    it = found(again, ORDINARY, HUMAN)["propensity.capability_rate"]
    assert isinstance(it, Estimate)
    assert (it.value, it.n) == (1.0, 1)


def test_the_sweep_counts_each_run_and_leaves_the_measure_out_where_nothing_copies() -> None:
    table = found(ATTACKED, ORDINARY, HUMAN)["propensity.by_run"]
    assert isinstance(table, Table)
    # Runs of 50 tokens cannot stand in 40 tokens.
    assert [row[:7] for row in table.rows] == [
        (8, 3, 5, 2, 8, 1, 4),
        (16, 3, 5, 1, 8, 0, 4),
        (32, 1, 5, 0, 8, 0, 4),
    ]
    measure = share_of_sum((0, 8), (1, 5))
    assert table.rows[2][7:] == (measure.value, measure.low, measure.high)
    none = found(texts([1]), texts([1]), HUMAN)["propensity.by_run"]
    assert isinstance(none, Table)
    assert none.rows[1][7:] == (None, None, None)


def test_no_copy_at_all_is_refused_with_the_number_of_prompts_needed() -> None:
    it = found(texts([1] * 30), texts([2] * 30), HUMAN)["propensity.measure"]
    assert isinstance(it, Refusal)
    assert "0/0" in it.reason
    # 1 - 0.99^n >= 0.95 from n = 299 on.
    assert 1 - 0.99**298 < 0.95 <= 1 - 0.99**299
    assert "299 prompts" in it.reason


def test_without_one_kind_of_prompts_everything_is_refused() -> None:
    evidence = found((), ORDINARY, HUMAN)
    assert isinstance(evidence["propensity.capability_rate"], Refusal)
    assert isinstance(evidence["propensity.measure"], Refusal)
    assert isinstance(evidence["propensity.ordinary_rate"], Estimate)
    assert "propensity.by_run" not in evidence


@pytest.mark.parametrize("profile", ["quick", "standard", "full"])
def test_ordinary_prompts_are_those_of_the_novelty_audit_so_that_they_are_continued_once(profile: str) -> None:
    own = propensity.AUDIT.needs(propensity.AUDIT.profiles[profile])  # type: ignore[index]
    other, *_ = novelty.AUDIT.needs(novelty.AUDIT.profiles[profile])  # type: ignore[index]
    assert own[0] == other
    assert isinstance(own[1], SeenPromptsNeed)
    assert own[1].continuations == other
