"""What is said of interpolation: the answer follows the numbers, and gives way where these cannot carry it."""

import dataclasses

import pytest

from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.core.result import Completed, Result
from byheart.report.verdict import Finding, findings
from tests.report.sample_run import BLIND, LOOKUP, MODEL, bits, method, rate, sample_run


def beside(name: str, value: float, control: float, half: float = 0.05, unit: str = "share") -> Estimate:
    return dataclasses.replace(
        bits(f"interpolation.{name}", value, half, unit),
        control=Interval(control, control - half, control + half, 12),
        excess=Interval(value - control, value - control - half, value - control + half, 12),
    )


def jumps(jump: float = 0.3, share: float = 0.3, way: float = 0.9) -> tuple[Evidence, ...]:
    return (
        beside("largest_jump", jump, 1.0, unit="total variation"),
        beside("jump_share", share, 1.0),
        bits("interpolation.end_to_end", way, 0.01, "total variation"),
    )


def lost(excess: float) -> Estimate:
    return beside("member_brittleness_bits", 1.0 + excess, 1.0, 0.2, "bits")


def finding(*own: Evidence, lookup: float = 2.0, blind: float = 0.0) -> Finding:
    said = ((MODEL, own), (LOOKUP, (lost(lookup),)), (BLIND, (lost(blind),)))
    results = tuple(Result("interpolation", 1, subject, Completed(tuple(it))) for subject, it in said)
    record = dataclasses.replace(
        sample_run(), results=results, methods=(method("interpolation", "Smoothly?"),), claims=()
    )
    return findings(record)[0]


def test_a_model_that_is_right_on_the_way_where_its_controls_are_not_is_said_to_be() -> None:
    right = (beside("right_share", 0.4, 0.0), beside("right_share_shuffled", 0.4, 0.1))
    said = finding(*jumps(), *right, beside("right_share_memorizer", 0.4, 0.41))
    assert said.answer.startswith("Yes: it goes in many steps")
    assert "0.30 total variation" in said.lead
    text = " ".join(said.details)
    assert "Continuity alone is not generalization" in text
    assert "an untrained network" in text
    assert text.count("does not tell apart") == 1  # the memorizer
    fewer = finding(*jumps(), *right, beside("right_share_memorizer", 0.4, 0.6))
    assert fewer.answer == "It moves smoothly, and on the way it is right less often than a memorizer that jumps."


@pytest.mark.parametrize(("untrained", "shuffled"), [(0.4, 0.1), (0.0, 0.38), (0.4, 0.4)])
def test_a_model_no_better_than_its_controls_is_smooth_and_no_more(untrained: float, shuffled: float) -> None:
    said = finding(*jumps(), beside("right_share", 0.4, untrained), beside("right_share_shuffled", 0.4, shuffled))
    assert said.answer.startswith("It moves smoothly, as networks that know nothing do")
    assert "is not shown" in said.answer


def test_without_controls_smoothness_is_no_answer() -> None:
    assert "no network without knowledge was asked" in finding(*jumps()).answer


def test_a_model_that_steps_is_not_said_to_move() -> None:
    assert finding(*jumps(1.0, 1.0)).answer.startswith("No evidence of it")


def test_answers_that_hardly_differ_decide_nothing() -> None:
    assert finding(*jumps(0.01, 0.3, way=0.05)).answer.startswith("Undecided")


def test_without_a_dnf_nothing_is_smoother_than_it() -> None:
    alone = [dataclasses.replace(it, control=None, excess=None) for it in jumps() if isinstance(it, Estimate)]
    said = finding(*alone)
    assert said.answer == "Undecided."
    assert any("No DNF" in detail for detail in said.details)


def test_a_refusal_is_said_with_its_reason() -> None:
    said = finding(Refusal(name="interpolation.largest_jump", reason="It shows no embeddings."))
    assert said.answer == "Undecided."
    assert "no embeddings" in said.lead


def test_the_experiment_says_whether_it_is_right_halfway() -> None:
    right = rate("interpolation.midpoint_accuracy", 90, 100, 0, 100)
    wrong = rate("interpolation.midpoint_accuracy", 1, 100, 1, 100)
    assert "rightly" in finding(*jumps(), right).answer
    unseen = rate("interpolation.held_out_accuracy", 90, 100, 30, 100)
    assert "there and elsewhere, than the best memorizer" in finding(*jumps(), right, unseen).answer
    assert "no evidence that what it says on the way is right" in finding(*jumps(), wrong).answer


def test_brittleness_is_a_sign_of_memory_only_where_the_poles_say_so() -> None:
    def last(excess: float, **poles: float) -> str:
        return " ".join(finding(*jumps(), lost(excess), **poles).details)

    assert "a sign of memory, as" in last(1.0)
    assert "undecided, as the interval includes zero; what holds the text does show it" in last(0.1)
    assert "no sign of memory, which" in last(-1.0)
    assert "so it is no sign of memory" in last(1.0, blind=1.0)
    assert "this sample can tell nothing" in last(1.0, lookup=0.0)
