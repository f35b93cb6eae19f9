"""Criteria that decide nothing: every number keeps them, or the baseline is of another measurement."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from byheart.core.evidence import Estimate
from byheart.core.judgement import Outcome
from byheart.core.run_record import RunRecord
from byheart.errors import ConfigError
from byheart.study.criterion import Criterion, parse
from tests.report.sample_run import MODEL, bits, rate, sample_run, with_estimate, with_evidence
from tests.study.test_criteria import gate, one, toml


def with_more(*evidence: Estimate) -> RunRecord:
    """The sample with more numbers of extraction, whatever they are called."""
    record = sample_run()
    result = record.of("extraction", MODEL)
    assert result is not None
    return with_evidence(record, "extraction", MODEL, *result.evidence, *evidence)


def number(name: str, unit: str, value: float = 0.6) -> Estimate:
    return dataclasses.replace(bits(name, value, 0.1), unit=unit)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("membership.auc.high <= 97", "lies in [0, 1]"),
        ("membership.auc.excess.high <= 0.6", "lies in [-0.5, 0.5]"),
        ("propensity.measure.high <= 5", "lies in [0, 1]"),
        ("membership.set_p_value.value >= -0.1", "lies in [0, 1]"),
        ("extraction.greedy_rate.high <= 1", "asks nothing"),
        ("extraction.greedy_rate.low >= 0", "asks nothing"),
        ("extraction.greedy_excess.high <= 1", "asks nothing"),
        ("extraction.greedy_excess.low >= -1", "asks nothing"),
    ],
)
def test_a_criterion_that_every_number_keeps_is_ill_formed(tmp_path: Path, line: str, named: str) -> None:
    record = with_more(
        number("membership.auc", "AUC"),
        number("propensity.measure", "PM"),
        number("membership.set_p_value", "p-value"),
    )
    moved = tuple(
        dataclasses.replace(r, audit=name) for r in record.results[:1] for name in ("membership", "propensity")
    )
    with pytest.raises(ConfigError) as caught:
        gate(tmp_path, toml(line), dataclasses.replace(record, results=(*record.results, *moved)))
    assert named in str(caught.value)


def test_the_other_end_may_still_be_asked_for(tmp_path: Path) -> None:
    assert one(tmp_path, "extraction.greedy_rate.low >= 1").outcome is Outcome.FAILED
    assert one(tmp_path, "extraction.greedy_rate.low > 0").outcome is Outcome.PASSED


@pytest.mark.parametrize("limit", ["baseline + 5", "baseline * 100", "baseline + 0.98"])
def test_a_baseline_that_leaves_no_limit_decides_nothing(tmp_path: Path, limit: str) -> None:
    base = with_estimate(sample_run(), "extraction", MODEL, rate("extraction.greedy_rate", 2, 100, 0, 100))
    judged = one(tmp_path, f"extraction.greedy_rate.high <= {limit}", None, base)
    assert judged.outcome is Outcome.UNDECIDED
    assert "which every number keeps" in judged.said


@pytest.mark.parametrize(
    ("limit", "baseline", "expected"),
    [
        ("baseline * 1.1", 2.0, 2.0 + 0.1 * 2.0),
        ("baseline * 1.1", -2.0, -2.0 + 0.1 * 2.0),
        ("baseline * 0.9", -2.0, -2.0 - 0.1 * 2.0),
        ("baseline", -2.0, -2.0),
        ("baseline - 0.5", -2.0, -2.5),
    ],
)
def test_a_relative_tolerance_has_the_same_direction_on_either_side_of_zero(
    limit: str, baseline: float, expected: float
) -> None:
    read = parse(f"adaptation.bits_beyond_memorizer_per_byte.high <= {limit}")
    assert isinstance(read, Criterion)
    assert read.limit.at(baseline) == pytest.approx(expected, abs=1e-12)


def other_params(**params: Any) -> RunRecord:
    base = with_estimate(sample_run(), "extraction", MODEL, rate("extraction.greedy_rate", 2, 100, 0, 100))
    methods = (dataclasses.replace(it, params={**it.params, **params}) for it in base.methods)
    return dataclasses.replace(base, methods=tuple(methods))


def test_a_baseline_of_other_settings_decides_nothing(tmp_path: Path) -> None:
    line = "extraction.greedy_rate.high <= baseline + 0.5"
    judged = one(tmp_path, line, None, other_params(prefix_tokens=100))
    assert judged.outcome is Outcome.UNDECIDED
    assert "prefix_tokens 100 and not told: not comparable" in judged.said
    assert one(tmp_path, line, None, other_params(num_windows=400, false_positive_rate=0.01)).outcome is Outcome.PASSED
    base = other_params()
    tokens = dataclasses.replace(base, provenance=dataclasses.replace(base.provenance, tokenizer="other"))
    assert "tokenizers differ" in one(tmp_path, line, None, tokens).said


def test_a_run_as_its_own_baseline_is_told(tmp_path: Path) -> None:
    line = "extraction.greedy_rate.high <= baseline + 0.5"
    assert "the very same numbers" in one(tmp_path, line, None, sample_run()).said
    assert "the very same numbers" not in one(tmp_path, line, None, other_params()).said


def test_a_bound_of_half_the_confidence_decides_nothing(tmp_path: Path) -> None:
    known = rate("extraction.greedy_rate", 7, 100, 0, 100)
    record = with_estimate(sample_run(), "extraction", MODEL, dataclasses.replace(known, confidence=0.5))
    judged = one(tmp_path, "extraction.greedy_rate.high <= 0.2", record)
    assert judged.outcome is Outcome.UNDECIDED
    assert "at 50 %" in judged.said
    assert one(tmp_path, "extraction.greedy_rate <= 0.2", record).outcome is Outcome.PASSED
