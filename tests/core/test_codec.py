import json
import math

import pytest

from byheart.core.codec import dumps, result_from_json, result_to_json
from byheart.core.evidence import (
    Estimate,
    Evidence,
    Exhibit,
    Interval,
    Line,
    Point,
    Refusal,
    Series,
    Table,
    Token,
)
from byheart.core.result import Completed, Failed, NotApplicable, Result
from byheart.errors import FormatError, NumericalError

EVIDENCE: tuple[Evidence, ...] = (
    Estimate(
        name="a.rate",
        value=0.5,
        unit="rate",
        low=0.25,
        high=0.75,
        confidence=0.95,
        n=8,
        method="counted",
        control=Interval(0.0, 0.0, 0.4, 8),
        excess=Interval(0.5, 0.1, 0.8),
    ),
    Estimate(
        name="a.bits", value=1.5, unit="bits", low=None, high=None, confidence=0.95, n=2, method="m", no_interval="few"
    ),
    Refusal(name="b", reason="too few"),
    Series(
        name="c",
        title="It rises",
        x="n",
        y="share",
        lines=(Line("model", "subject", (Point(1.0, 0.5, 0.25, 0.75, 4), Point(2.0, 1.0))),),
        x_is_log=True,
    ),
    Table(name="d", title="t", columns=("x", "y"), rows=(("a", 1), (None, 0.5))),
    Exhibit(
        name="e",
        label="l",
        document="d\ud800",
        start_byte=0,
        stop_byte=4,
        role="subject",
        given="g",
        tokens=(Token("x", agrees=True), Token("y", agrees=False, predicted="z")),
        facts=(("n", 1), ("p", 0.5)),
    ),
)


def test_every_kind_of_evidence_survives_json() -> None:
    result = Result("audit", 1, "subject", Completed(EVIDENCE))
    text = dumps(result_to_json(result))
    assert text.isascii()
    assert result_from_json(json.loads(text)) == result


@pytest.mark.parametrize("status", [NotApplicable("no text"), Failed("ValueError", "bad: worse")])
def test_other_statuses_survive_json(status: NotApplicable | Failed) -> None:
    result = Result("audit", 1, "subject", status)
    assert result_from_json(json.loads(dumps(result_to_json(result)))) == result


def test_an_estimate_has_the_fields_that_scripts_rely_on() -> None:
    raw = result_to_json(Result("audit", 1, "s", Completed(EVIDENCE)))
    assert list(raw) == ["audit", "version", "subject", "status", "evidence"]
    first, second = raw["evidence"][:2]
    assert {"kind", "name", "value", "unit", "low", "high", "confidence", "n", "control", "excess", "method"} <= set(
        first
    )
    assert second["low"] is None
    assert "control" not in second


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_no_number_that_is_not_finite_can_be_stored(number: float) -> None:
    with pytest.raises(NumericalError):
        Point(0.0, number)
    with pytest.raises(NumericalError):
        Interval(number, 0.0, 1.0)
    with pytest.raises(NumericalError):
        Table(name="t", title="t", columns=("x",), rows=((number,),))
    with pytest.raises(ValueError, match="JSON"):
        dumps({"x": number})


def test_an_estimate_without_bounds_must_say_why() -> None:
    with pytest.raises(NumericalError, match="reason"):
        Estimate(name="x", value=1.0, unit="bits", low=None, high=None, confidence=0.95, n=1, method="m")


def test_unknown_kinds_and_fields_are_named() -> None:
    good = result_to_json(Result("audit", 1, "s", Completed(EVIDENCE[2:3])))
    with pytest.raises(FormatError, match="Unknown kind"):
        result_from_json(good | {"evidence": [{"kind": "oracle"}]})
    with pytest.raises(FormatError, match="wrong_field"):
        result_from_json(good | {"evidence": [{"kind": "refusal", "name": "b", "reason": "r", "wrong_field": 1}]})
