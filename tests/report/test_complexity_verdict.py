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
    said = of_experiment(experiment({"parity": 50, "arithmetic": 50}))
    yes, no = said.answer.split("; not on ")
    assert said.question.startswith("Does it answer cases of a rule")
    assert yes.startswith("Yes on modular addition")
    assert "Dyck-2" in yes
    assert no == "parity beyond the trained length, modular arithmetic beyond the trained length."
    assert any(detail.startswith("Not beyond the best memorizer: parity") for detail in said.details)
    assert any("before 95 % of the unseen ones" in detail for detail in said.details)
    assert any("a table of the trained pairs: 0 of 200" in detail for detail in said.details)
    assert any("these very seeds" in detail for detail in said.details)


def test_everywhere_and_nowhere_are_said_plainly() -> None:
    assert of_experiment(experiment()).answer == "Yes, on all 5 tasks."
    few = dict.fromkeys(("addition", "dyck", "parity", "arithmetic", "composition"), 50)
    assert of_experiment(experiment(few)).answer == "No: nowhere beyond the best memorizer."


def test_networks_no_better_than_before_training_decide_nothing_else() -> None:
    said = of_experiment(experiment({"addition": 1}))
    assert said.answer.startswith("No: after training no better than before")
    assert any("did not reach" in detail for detail in said.details)


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
    assert of_layers(layer_share(0.5, 0.8)).answer.startswith("Earlier than unseen text")
    assert of_layers(layer_share(0.8, 0.5)).answer.startswith("Later than unseen text")
    same = of_layers(layer_share(0.8, 0.79))
    assert same.answer.startswith("At the same depth")
    assert same.question == "In which of its layers does it say what it knows by heart?"
    assert any("no layers" in detail for detail in same.details)


def test_a_refusal_is_told_with_its_reason() -> None:
    said = of_layers(Refusal(name="complexity.memorized_forming_layer_share", reason="memorized: 3 documents."))
    assert said.answer == "Undecided."
    assert "3 documents" in said.lead
