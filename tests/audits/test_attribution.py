"""Windows of four tokens whose explanations can be told by head.

The window's text is 0 7 | 14 21 28 35, and the subject says each token or, where it does not agree, its successor.
"""

import math

import numpy as np
import pytest

from byheart.audits import attribution, extraction
from byheart.audits.attribution import Params, run
from byheart.core.evidence import Estimate, Evidence, Exhibit, Refusal, Table
from byheart.core.material import Ladder, Window
from tests.audits.material import inputs, ladder, window

PARAMS = Params()
TEXT = [14, 21, 28, 35]


def found(*windows: Window) -> tuple[Evidence, ...]:
    return run(inputs(windows=windows), PARAMS, rng=np.random.default_rng(0))


def estimates(*windows: Window) -> dict[str, Estimate]:
    return {e.name: e for e in found(*windows) if isinstance(e, Estimate)}


def held_out(ladder: Ladder, num: int = 6, probability: float = 0.5, *, agrees: bool = True) -> list[Window]:
    return [window("control", f"c{i}", probability, agrees=agrees, ladder=ladder) for i in range(num)]


RUNGS = ladder(4, knowledge=[-1, -1, -1, 35], infinigram=[14, 0, 0, 35], markov=[14, 21, 0, 0], boolean=[0, 0, 0, 0])


def test_each_token_counts_for_the_first_rung_that_says_it() -> None:
    shares = {name.removeprefix("attribution."): it.value for name, it in estimates(*held_out(RUNGS)).items()}
    assert shares["infinigram_share"] == 1 / 4  # 14, though markov says it too
    assert shares["markov_share"] == 1 / 4  # 21
    assert shares["beyond_share"] == shares["beyond_right_share"] == 1 / 4  # 28
    assert shares["knowledge_share"] == 1 / 4  # 35, though the infinigram says it too
    assert shares["boolean_share"] == shares["copy_share"] == 0


def test_the_shares_of_all_explanations_add_up_to_one() -> None:
    named = estimates(*held_out(RUNGS))
    parts = ("knowledge", "infinigram", "markov", "boolean", "copy", "beyond")
    assert sum(named[f"attribution.{part}_share"].value for part in parts) == pytest.approx(1)


def test_what_the_subject_says_is_explained_and_not_what_stands_there() -> None:
    wrong = ladder(4, infinigram=[15, 22, 29, 0])
    named = estimates(*held_out(wrong, agrees=False, probability=0.1))
    assert named["attribution.infinigram_share"].value == 3 / 4
    assert named["attribution.beyond_share"].value == 1 / 4
    assert named["attribution.beyond_right_share"].value == 0


def test_a_repeated_run_of_the_prompt_explains_as_a_copy() -> None:
    # ids are multiples of 7 modulo 50: after 50 tokens the text repeats itself and the prompt foretells it.
    beside = ladder(4, infinigram=[-1] * 4)
    windows = [window("control", f"c{i}", 0.5, prefix_tokens=60, ladder=beside) for i in range(6)]
    assert estimates(*windows)["attribution.copy_share"].value == 1.0


def test_every_share_stands_beside_that_of_the_unrelated_predictor() -> None:
    beside = ladder(4, infinigram=[14, 0, 0, 0])  # the unrelated predictor says 0 everywhere
    named = estimates(*held_out(beside))
    own = named["attribution.infinigram_share"]
    assert own.control is not None
    assert own.excess is not None
    assert (own.value, own.control.value, own.excess.value) == (1 / 4, 3 / 4, 1 / 4 - 3 / 4)
    right = named["attribution.beyond_right_share"]
    assert right.control is not None
    assert (right.value, right.control.value) == (3 / 4, 0.0)


def test_the_unrelated_predictor_itself_has_no_floor() -> None:
    named = estimates(*held_out(ladder(4, unrelated=False, infinigram=[14, 0, 0, 0])))
    assert all(it.control is None and it.excess is None for it in named.values())


def test_bits_are_those_saved_over_the_mixture_by_explanation() -> None:
    # The subject gives each token 1/2, the mixture 1/4: one bit.
    named = estimates(*held_out(RUNGS))
    assert named["attribution.bits_over_mixture_per_token"].value == pytest.approx(math.log2(1 / 2) - math.log2(1 / 4))
    assert named["attribution.beyond_bits_per_token"].value == pytest.approx(1.0)


def test_without_a_mixture_or_a_memorizer_the_numbers_that_need_them_are_refused() -> None:
    evidence = found(*held_out(ladder(4, mixture=False, knowledge=[-1] * 4, infinigram=[14, 0, 0, 0])))
    refused = {e.name: e.reason for e in evidence if isinstance(e, Refusal)}
    assert "no mixture" in refused["attribution.bits_over_mixture_per_token"]
    assert "boolean memorizer was not built" in refused["attribution.boolean_share"]
    (method,) = (e.method for e in evidence if isinstance(e, Estimate) and e.name == "attribution.beyond_share")
    assert "(knowledge, infinigram, copy)" in method


def test_the_two_sides_stand_apart_and_the_strata_count_for_neither() -> None:
    stored = ladder(4, knowledge=TEXT)
    members = [window("member", f"m{i}", 0.5, ladder=stored) for i in range(6)]
    filling = [window("member", f"f{i}", 0.5, in_base_sample=False, ladder=RUNGS) for i in range(6)]
    named = estimates(*held_out(RUNGS), *members, *filling)
    assert named["attribution.member_knowledge_share"].value == 1.0
    assert named["attribution.knowledge_share"].value == 1 / 4
    assert named["attribution.member_knowledge_share"].n == 6


@pytest.mark.parametrize("num", [0, 4])
def test_too_few_documents_are_refused_with_the_number_needed(num: int) -> None:
    evidence = found(*held_out(RUNGS, num))
    assert [type(e) for e in evidence] == [Refusal, Refusal]
    (refusal, _) = evidence
    assert isinstance(refusal, Refusal)
    assert refusal.reason == f"An interval needs windows of 5 documents; there are {num}."


def test_a_subject_that_does_not_tell_its_most_probable_token_is_refused() -> None:
    blinded = held_out(RUNGS)
    object.__setattr__(blinded[0].suffix, "argmax_id", None)
    (refusal, *_) = found(*blinded)
    assert isinstance(refusal, Refusal)
    assert "most probable token" in refusal.reason


def test_the_table_says_how_often_each_is_right_and_what_the_text_itself_would_be() -> None:
    evidence = found(*held_out(RUNGS))
    table = next(e for e in evidence if isinstance(e, Table))
    rows = {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["knowledge", "infinigram", "markov", "boolean", "copy", "beyond", "beyond and right"]
    assert rows["infinigram"]["right, share"] == 1.0
    assert rows["beyond"]["text itself, share"] == 1 / 4
    assert rows["boolean"]["right, share"] is None
    assert "no rung says 25 % of what it predicts; 25 % are beyond and right" in table.title


def test_passages_carry_the_explanation_of_each_token() -> None:
    exhibits = [e for e in found(*held_out(RUNGS)) if isinstance(e, Exhibit)]
    assert len(exhibits) == PARAMS.num_exhibits
    assert [token.explanation for token in exhibits[0].tokens] == ["infinigram", "markov", "beyond", "knowledge"]
    assert dict(exhibits[0].facts) == {"knowledge": 1, "infinigram": 1, "markov": 1, "beyond": 1}


@pytest.mark.parametrize("profile", ["quick", "standard", "full"])
def test_it_needs_the_windows_of_the_extraction_audit_and_no_more(profile: str) -> None:
    # Equal needs are scored once: a model of 135 M parameters takes a minute for them.
    needs = [audit.AUDIT.needs(audit.AUDIT.profiles[profile]) for audit in (attribution, extraction)]
    assert needs[0] == needs[1][:1]
