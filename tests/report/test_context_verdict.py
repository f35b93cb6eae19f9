"""What is said of the context axis: of an audited model and of the laboratory's networks, and when it must give way."""

import dataclasses

import pytest

from byheart.core.evidence import Estimate, Evidence, Interval, Refusal
from byheart.core.result import Completed, Result
from byheart.report.verdict import Finding, findings
from tests.report.sample_run import BLIND, LOOKUP, MODEL, method, sample_run


def gain(
    name: str, value: float, control: float = 0.0, half: float = 0.1, unit: str = "bits per token", n: int = 32
) -> Estimate:
    excess = value - control
    return Estimate(
        name=f"context.{name}",
        value=value,
        unit=unit,
        low=value - half,
        high=value + half,
        confidence=0.95,
        n=n,
        method="over prompts",
        control=Interval(control, control - half, control + half),
        excess=Interval(excess, excess - half, excess + half),
    )


def rate(name: str, value: float) -> Estimate:
    return Estimate(
        name=f"context.{name}", value=value, unit="rate", low=0.2, high=1.0, confidence=0.95, n=2, method="over seeds"
    )


def finding(
    model: tuple[Evidence, ...], lookup: Estimate, blind: Estimate, *, seen: tuple[Estimate, ...] = ()
) -> Finding:
    results = tuple(
        Result("context", 1, subject, Completed(found))
        for subject, found in ((MODEL, model), (LOOKUP, (lookup, *seen[:1])), (BLIND, (blind, *seen[1:])))
    )
    record = dataclasses.replace(sample_run(), results=results, methods=(method("context", "?"),), claims=())
    return findings(record)[0]


COPY, CHAIN = "copy_gain_bits", "chain_gain_bits"
NONE = gain(COPY, 0.0)


def test_an_audited_model_that_copies_and_follows_chains_does() -> None:
    said = finding((gain(COPY, 14.0, 1.0), gain(CHAIN, -4.0, -5.0)), NONE, NONE)
    assert said.answer == "Yes."
    assert "less surprising" in said.lead
    details = " ".join(said.details)
    assert "Other random tokens" in details
    assert "A Markov chain of the prompt helps" in details
    assert "gains nothing that stands out" in details


def test_copying_alone_is_said_to_be_that() -> None:
    said = finding((gain(COPY, 14.0, 1.0), gain(CHAIN, -4.0, -4.05)), NONE, NONE)
    assert said.answer == "Yes, as far as copying goes."
    assert "is not shown to help" in " ".join(said.details)


def test_a_chain_that_helps_a_memorizer_as_much_does_not_count() -> None:
    own, rival = gain(CHAIN, 1.0, 0.5), gain(CHAIN, 0.5, 0.1)
    said = finding((gain(COPY, 14.0, 1.0), own), NONE, NONE, seen=(rival,))
    assert said.answer == "Yes, as far as copying goes."
    assert "more than it helps who only stores" in " ".join(said.details)


@pytest.mark.parametrize(
    ("own", "answer"),
    [(gain(COPY, 0.05), "No evidence of it."), (gain(COPY, -1.0), "No: with the rule it predicts worse than without.")],
)
def test_negative_outcomes_are_said(own: Estimate, answer: str) -> None:
    assert finding((own,), NONE, NONE).answer == answer


def test_a_pole_that_gains_as_much_takes_the_claim_back() -> None:
    said = finding((gain(COPY, 3.0),), gain(COPY, 2.9), NONE)
    assert said.answer.startswith("Undecided: lookup pole, which only stores")


def test_a_refusal_is_no_answer() -> None:
    said = finding(
        (Refusal(name="context.copy_gain_bits", reason="An interval needs 5 prompts; there are 2."),), NONE, NONE
    )
    assert said.answer == "Undecided."
    assert "there are 2" in said.lead


def lab(value: float, rival: float, *, seen: float = 1.5, half: float = 0.1, **own: Evidence) -> Finding:
    best = "bootstrap over the 192 cases of these 2 networks, 96 new ones each: other trainings may differ"
    model = (
        dataclasses.replace(gain(CHAIN, value, rival, half, n=192), method=best),
        gain("end_bayes_kl_nats", 0.02, unit="nats per token"),
        rate("ordered_phases_rate", 1.0),
        *own.values(),
    )
    sides = (gain("seen_gain_bits", seen), gain("seen_gain_bits", -0.4))
    lookup, blind = (
        dataclasses.replace(gain(CHAIN, at), control=None, excess=None, method=best) for at in (rival, -0.4)
    )
    return finding(model, lookup, blind, seen=sides)


def test_the_laboratory_claims_what_is_gained_beyond_the_best_of_those_that_store() -> None:
    said = lab(0.5, 0.2)
    assert said.answer == "Yes."
    assert "fixed transition probabilities" in said.lead
    details = " ".join(said.details)
    assert "The best of those that only store: 0.20" in details
    assert "in this order" in details
    assert "from the best predictor" in details
    assert "random order" not in details
    assert "memorizers are not at chance on chains" in details
    assert "not at chance" not in " ".join(lab(0.5, -0.5).details)
    assert lab(0.5, -0.5).answer == "Yes."
    assert lab(0.5, 0.45).answer.startswith("Undecided")
    assert lab(0.2, 0.45).answer.startswith("No: the best memorizer")
    assert lab(-0.2, -0.9).answer.startswith("No evidence of it: fixed")


def test_the_laboratory_says_of_which_networks_its_sequences_are() -> None:
    assert "192 new sequences, 96 of each of 2 networks" in lab(0.5, 0.2).details[-1]


def test_languages_that_stay_below_bigrams_are_said_to() -> None:
    own = gain("language_gain_bits", 0.44, 0.18)
    below = dataclasses.replace(gain("language_beyond_bigrams_bits", -0.38), control=None, excess=None)
    details = " ".join(lab(0.5, 0.2, own=own, below=below).details)
    assert "it is below bigrams counted in the sequence" in details
    assert "more than the best of those that only store" in details


def test_the_rival_is_the_one_that_may_gain_most() -> None:
    vague, sharp = gain(COPY, 0.2, half=2.0), gain(COPY, 0.3)
    said = finding((gain(COPY, 1.0),), sharp, vague)
    assert said.answer.startswith("Undecided: blind pole")


def test_poles_that_do_not_stand_apart_on_the_training_data_decide_nothing() -> None:
    said = lab(0.5, 0.1, seen=-0.4)
    assert said.answer.startswith("Undecided: the table of the training sequences")
    assert "do not stand apart" in " ".join(said.details)
