import dataclasses

import numpy as np
import pytest

from byheart.audits.exposure import Params, run
from byheart.core.evidence import Estimate, Evidence
from byheart.core.material import ScoredCanary
from byheart.core.result import Completed, NotApplicable, Result, Status
from byheart.core.run_record import RunRecord
from byheart.report.page import render_html
from byheart.report.verdict import Finding, findings
from tests.audits.material import canary, inputs
from tests.report.sample_run import BLIND, LOOKUP, MODEL, method, sample_run


def canaries(gain: float, *, seed: int = 0, num: int = 24) -> tuple[ScoredCanary, ...]:
    rng = np.random.default_rng(seed)
    return tuple(
        canary(f"c{i}", s[0] + gain, s[1], s[2:], repetitions=(1, 4)[i % 2])
        for i, s in enumerate(rng.normal(-30, 3, size=(num, 65)))
    )


def balanced() -> tuple[ScoredCanary, ...]:
    """Half of the guesses right by construction: one seed's luck can prove an epsilon, in one study of twenty."""
    found = []
    for i, c in enumerate(canaries(0.0)):
        low, high = sorted((c.planted_nats, c.twin_nats))
        one, other = (low, high) if i % 4 < 2 else (high, low)
        found.append(dataclasses.replace(c, planted_nats=one, twin_nats=other))
    return tuple(found)


def evidence(gain: float, *, num: int = 24) -> tuple[Evidence, ...]:
    return run(inputs(canaries=canaries(gain, num=num)), Params(), rng=np.random.default_rng(0))


def record(model: Status, blind: Status, lookup: Status) -> RunRecord:
    added = tuple(Result("exposure", 1, s, it) for s, it in ((MODEL, model), (LOOKUP, lookup), (BLIND, blind)))
    question = "Do secrets that were planted stand out?"
    run = sample_run()
    return dataclasses.replace(
        run, results=(*run.results, *added), methods=(*run.methods, method("exposure", question))
    )


def said(of: RunRecord) -> Finding:
    return next(finding for finding in findings(of) if finding.audit == "exposure")


HIGH = Completed(evidence(99.0))
LOW = Completed(run(inputs(canaries=balanced()), Params(), rng=np.random.default_rng(0)))


def test_secrets_that_stand_out_beside_a_blind_pole_that_sees_none_are_a_yes() -> None:
    found = said(record(HIGH, LOW, HIGH))
    assert found.answer == "Yes."
    assert "6.0 bits (95 % interval" in found.lead
    details = " ".join(found.details)
    assert "guessed rightly in 24 of 24" in details
    assert "not differentially private with an epsilon below 1.26" in details  # 12 of 12 planted once
    assert "do not stand apart" not in details


def test_a_model_that_never_saw_them_is_not_accused() -> None:
    found = said(record(LOW, LOW, HIGH))
    assert found.answer == "No evidence of it."
    assert "guessed rightly in 12 of 24" in " ".join(found.details)
    assert "proves nothing" in " ".join(found.details)


@pytest.mark.parametrize(("p_value", "short"), [(0.025, "Yes."), (0.0251, "No evidence of it.")])
def test_a_yes_needs_falls_of_the_coins_that_are_rare_enough(p_value: float, short: str) -> None:
    changed = tuple(
        dataclasses.replace(e, value=p_value) if isinstance(e, Estimate) and e.name == "exposure.p_value" else e
        for e in evidence(99.0)
    )
    found = said(record(Completed(changed), LOW, HIGH))
    assert found.answer == short
    assert ("new falls of the coins" in " ".join(found.details)) == (short != "Yes.")


def test_a_blind_pole_that_stands_out_too_leaves_it_undecided() -> None:
    found = said(record(HIGH, HIGH, HIGH))
    assert found.answer.startswith("Undecided: the blind pole")
    assert "do not stand apart" in " ".join(found.details)


def test_a_refusal_is_undecided_with_its_reason_and_a_missing_lookup_pole_is_said() -> None:
    found = said(record(Completed(evidence(0.0, num=11)), LOW, HIGH))
    assert found.answer == "Undecided."
    assert "at least 12 pairs" in found.lead
    missing = said(record(HIGH, LOW, NotApplicable("12 of 12 do not stand in the text.")))
    assert "The lookup pole: not applicable: 12 of 12 do not stand in the text." in " ".join(missing.details)
    assert said(record(NotApplicable("No log-probabilities."), LOW, HIGH)).answer == "Not measured."


def test_the_page_is_written_and_escapes_what_a_canary_begins_with() -> None:
    hostile = tuple(dataclasses.replace(c, hint="<script>alert(1)") for c in canaries(9.0))
    shown = Completed(run(inputs(canaries=hostile), Params(), rng=np.random.default_rng(0)))
    whole = record(shown, LOW, HIGH)
    page = render_html(dataclasses.replace(whole, results=tuple(r for r in whole.results if r.audit == "exposure")))
    assert "<script>alert(1)" not in page
    assert "Self-test passed" in page
