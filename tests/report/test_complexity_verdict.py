import dataclasses

from byheart.audits.complexity_answers import BLIND as UNTRAINED
from byheart.audits.complexity_answers import LOOKUP as TABLE
from byheart.audits.complexity_answers import MODEL as NETWORK
from byheart.audits.complexity_answers import Experiment
from byheart.audits.complexity_experiment import evidence
from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.result import Completed, NotApplicable, Result
from byheart.report.verdict import Finding, findings
from tests.audits.test_complexity_experiment import PARAMS, experiment
from tests.report.sample_run import BLIND, LOOKUP, MODEL, method, sample_run


def of_experiment(it: Experiment) -> Finding:
    pairs = ((MODEL, NETWORK), (LOOKUP, TABLE), (BLIND, UNTRAINED))
    results = tuple(Result("complexity", 1, s, Completed(evidence(it, name, PARAMS))) for s, name in pairs)
    record = dataclasses.replace(sample_run(), results=results, methods=(method("complexity", "Does it?"),))
    return findings(record)[0]


def test_it_names_where_it_generalizes_and_where_it_does_not() -> None:
    said = of_experiment(experiment({"parity": 30, "arithmetic": 50}))
    yes, no, unclear = said.answer.split("; ")
    assert said.question.startswith("Does it answer cases of a rule")
    assert yes.startswith("Yes on modular addition")
    assert "Dyck-2" in yes
    assert no == "not on parity beyond the trained length"
    assert unclear == "undecided on modular arithmetic beyond the trained length."
    assert any(detail.startswith("Not beyond chance or not") and "parity" in detail for detail in said.details)
    assert any(detail.startswith("Undecided: modular arithmetic") for detail in said.details)
    assert any("a table of the trained pairs: 0 of 200" in detail for detail in said.details)
    assert any("these very seeds" in detail for detail in said.details)


def test_more_than_the_best_memorizer_at_chance_is_not_beyond() -> None:
    # Both poor: 50 of 100 where guesses get 50, and the best memorizer 35.
    said = of_experiment(experiment({"parity": 50}, markov=35))
    assert "undecided on parity" in said.answer
    assert any("parity beyond the trained length 50 %" in detail for detail in said.details if "Chance" in detail)


def test_everywhere_and_nowhere_are_said_plainly() -> None:
    assert of_experiment(experiment()).answer == "Yes, on all 5 tasks."
    few = dict.fromkeys(("addition", "dyck", "parity", "arithmetic", "composition"), 0)
    assert of_experiment(experiment(few)).answer.startswith("No: shown on no task; not on modular addition")


def test_one_task_does_not_answer_for_the_others() -> None:
    said = of_experiment(experiment({"addition": 1}))
    assert said.answer.startswith("Yes on Dyck-2")
    assert said.answer.endswith("not on modular addition on never-seen pairs.")
    assert any("did not reach" in detail for detail in said.details)


def test_no_better_than_before_training_is_undecided() -> None:
    assert of_experiment(experiment({"composition": 60}, untrained=60, markov=20)).answer.endswith(
        "undecided on commands with a pair that was never together."
    )


def test_length_is_not_blamed_where_the_rule_was_not_learned_within_trained_lengths() -> None:
    said = of_experiment(experiment({"parity": 50, "arithmetic": 20}, within={"parity": 5}))
    assert "parity beyond the trained length (nor within trained sizes)" in said.answer
    assert "arithmetic beyond the trained length (nor" not in said.answer
    assert any("nothing is said of size on parity." in detail for detail in said.details)


def test_a_delay_that_may_be_none_is_said_seed_by_seed() -> None:
    def said(steps: tuple[int, int]) -> str:
        return next(d for d in of_experiment(experiment(steps=steps)).details if "weight decay" in d)

    assert said((10, 50)).startswith("95 % of the unseen pairs are right 40")
    assert "seed by seed, after 50 and 10, 50 and 10 steps" in said((50, 10))
    assert "-40" not in said((50, 10))


def test_an_older_run_that_does_not_name_its_seeds_says_nothing_of_a_delay_that_may_be_none() -> None:
    older = "Steps until 95 % of the unseen pairs are right, less those of all trained pairs; a mean over seeds."
    found = evidence(experiment(steps=(50, 10)), NETWORK, PARAMS)
    found = tuple(
        dataclasses.replace(it, method=older)
        if isinstance(it, Estimate) and it.name == "complexity.grokking_delay_steps"
        else it
        for it in found
    )
    record = dataclasses.replace(
        sample_run(),
        results=(Result("complexity", 1, MODEL, Completed(found)),),
        methods=(method("complexity", "Does it?"),),
    )
    details = findings(record)[0].details
    assert not any("seed by seed" in detail or "Steps until" in detail for detail in details)
    assert any(detail.startswith("Without weight decay the same networks end at ") for detail in details)


def layer_share(value: float, control: float, *, half: float = 0.05) -> Estimate:
    return Estimate(
        name="complexity.memorized_forming_layer_share",
        value=value,
        unit="share",
        low=value - half,
        high=value + half,
        confidence=0.95,
        n=20,
        method="Mean.",
        control=Interval(control, control - half, control + half, 20),
        excess=Interval(value - control, value - control - half, value - control + half, 40),
    )


def of_layers(it: Estimate | Refusal) -> Finding:
    results = (
        Result("complexity", 1, MODEL, Completed((it,))),
        Result("complexity", 1, LOOKUP, NotApplicable("It has no layers.")),
    )
    record = dataclasses.replace(sample_run(), results=results, methods=(method("complexity", "In which layer?"),))
    return findings(record)[0]


def test_of_a_given_model_it_says_earlier_later_or_neither() -> None:
    assert of_layers(layer_share(0.5, 0.8)).answer.startswith("Sure tokens form earlier")
    assert of_layers(layer_share(0.8, 0.5)).answer.startswith("Sure tokens form later")
    same = of_layers(layer_share(0.8, 0.79))
    assert same.answer.startswith("No difference")
    assert same.question == "In which of its layers do its sure predictions form, on trained-on text and on other text?"
    assert any("no layers" in detail for detail in same.details)
    assert "by heart" not in same.answer + same.lead


def test_a_refusal_is_told_with_its_reason() -> None:
    said = of_layers(Refusal(name="complexity.memorized_forming_layer_share", reason="memorized: 3 documents."))
    assert said.answer == "Undecided."
    assert "3 documents" in said.lead
