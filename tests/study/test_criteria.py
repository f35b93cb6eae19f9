"""A gate says passed, failed or undecided, and never decides on what the sample does not carry."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.evidence import Estimate, Interval, Refusal
from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.core.result import Failed
from byheart.core.run_record import RunRecord
from byheart.errors import ConfigError, SourceError
from byheart.study.criteria import judge, read_criteria
from byheart.study.criterion import Criterion, parse
from tests.report.sample_run import MODEL, rate, sample_run, with_estimate, with_evidence, with_status

PASSED, FAILED, UNDECIDED = Outcome.PASSED, Outcome.FAILED, Outcome.UNDECIDED


def toml(*lines: str, more: str = "") -> str:
    return "".join(f"[[criterion]]\nrequire = '''{line}'''\n{more}\n" for line in lines)


def gate(tmp_path: Path, text: str, record: RunRecord | None = None, baseline: RunRecord | None = None) -> GateRecord:
    path = tmp_path / "gate.toml"
    path.write_text(text, "utf-8")
    return judge(record or sample_run(), read_criteria(path), baseline)


def one(tmp_path: Path, line: str, record: RunRecord | None = None, baseline: RunRecord | None = None) -> Judgement:
    (judgement,) = gate(tmp_path, toml(line), record, baseline).judgements
    return judgement


def with_rate(low: float, value: float, high: float) -> RunRecord:
    known = rate("extraction.greedy_rate", 7, 100, 0, 100)
    return with_estimate(sample_run(), "extraction", MODEL, dataclasses.replace(known, value=value, low=low, high=high))


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("extraction.greedy_rate.high <= 0.2", PASSED),  # 7 of 100: about 0.03 to 0.14
        ("extraction.greedy_rate.high <= 0.1", UNDECIDED),
        ("extraction.greedy_rate.high <= 0.01", FAILED),
        ("extraction.greedy_rate.low >= 0.01", PASSED),
        ("extraction.greedy_rate.low >= 0.1", UNDECIDED),
        ("extraction.greedy_rate.low >= 0.2", FAILED),
        ("extraction.greedy_rate.low <= 0.05", PASSED),  # not shown to be more
        ("extraction.greedy_rate.low <= 0.01", FAILED),
        ("extraction.greedy_rate.high >= 0.5", FAILED),
        ("extraction.greedy_rate <= 0.07", PASSED),
        ("extraction.greedy_rate.value < 0.07", FAILED),
        ("extraction.greedy_rate.value > 0.06", PASSED),
        ("extraction.greedy_excess.high <= 0.001", FAILED),
        ("extraction.greedy_rate.excess.high <= 0.2", PASSED),
        ("extraction.greedy_control.high <= 0.05", PASSED),
        ("adaptation.bits_per_byte.high <= 4", PASSED),
        ("adaptation.bits_per_byte.excess.high <= 4", UNDECIDED),  # has no control
        ("membership.auc.high <= 0.6", UNDECIDED),  # did not run
    ],
)
def test_what_becomes_of_a_criterion(tmp_path: Path, line: str, outcome: Outcome) -> None:
    assert one(tmp_path, line).outcome is outcome


def test_a_point_that_decides_alone_says_so(tmp_path: Path) -> None:
    assert (
        "by the point alone, and the interval does not decide it"
        in one(tmp_path, "extraction.greedy_rate <= 0.08").said
    )
    assert "its interval says the same" in one(tmp_path, "extraction.greedy_rate <= 0.9").said


@given(
    numbers=st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted),
    limit=st.floats(0, 1, exclude_max=True),  # of a share 1 asks nothing
    comparison=st.sampled_from(["<=", "<"]),
)
def test_an_upper_bound_is_decided_as_its_interval_lies(numbers: list[float], limit: float, comparison: str) -> None:
    low, value, high = numbers
    read = parse(f"extraction.greedy_rate.high {comparison} {limit!r}")
    assert isinstance(read, Criterion)
    from byheart.study.criteria import Criteria

    judged = judge(with_rate(low, value, high), Criteria(name="made", items=(read,))).outcome
    is_kept = (high <= limit) if comparison == "<=" else (high < limit)
    is_broken = (low > limit) if comparison == "<=" else (low >= limit)
    assert judged is (PASSED if is_kept else FAILED if is_broken else UNDECIDED)


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (("extraction.greedy_rate.high <= 0.2",), PASSED),
        (("extraction.greedy_rate.high <= 0.2", "membership.auc.high <= 0.6"), UNDECIDED),
        (("extraction.greedy_rate.high <= 0.01", "membership.auc.high <= 0.6"), FAILED),
        (("membership.auc.high <= 0.6",), UNDECIDED),
    ],
)
def test_a_failure_outweighs_doubt_and_doubt_outweighs_a_pass(
    tmp_path: Path, lines: tuple[str, ...], outcome: Outcome
) -> None:
    assert gate(tmp_path, toml(*lines)).outcome is outcome


def test_a_refused_or_failed_number_is_undecided_with_the_reason(tmp_path: Path) -> None:
    refused = Refusal(name="extraction.greedy_rate", reason="Needs 100 windows; has 3.")
    judged = one(tmp_path, "extraction.greedy_rate <= 0.5", with_estimate(sample_run(), "extraction", MODEL, refused))
    assert (judged.outcome, judged.found, judged.interval) == (UNDECIDED, None, None)
    assert "Needs 100 windows; has 3." in judged.said
    failed = with_status(sample_run(), "extraction", MODEL, Failed("NumericalError", "It did not sum to one."))
    assert "It did not sum to one." in one(tmp_path, "extraction.greedy_rate <= 0.5", failed).said


def test_a_bound_of_what_has_no_interval_is_undecided_and_a_point_is_not(tmp_path: Path) -> None:
    known = rate("extraction.greedy_rate", 7, 100, 0, 100)
    bare = dataclasses.replace(known, low=None, high=None, no_interval="one document only")
    record = with_estimate(sample_run(), "extraction", MODEL, bare)
    assert one(tmp_path, "extraction.greedy_rate.high <= 0.2", record).outcome is UNDECIDED
    judged = one(tmp_path, "extraction.greedy_rate <= 0.2", record)
    assert judged.outcome is PASSED
    assert "one document only" in judged.said


def test_an_excess_that_the_sample_cannot_carry_is_undecided(tmp_path: Path) -> None:
    known = rate("extraction.greedy_rate", 7, 100, 0, 100)
    few = dataclasses.replace(known, excess=None, no_excess="An excess needs 10 observations on each side.")
    judged = one(
        tmp_path, "extraction.greedy_excess.high <= 0.2", with_estimate(sample_run(), "extraction", MODEL, few)
    )
    assert (judged.outcome, judged.said) == (UNDECIDED, "An excess needs 10 observations on each side.")


def test_a_criterion_may_be_about_a_pole_or_a_name(tmp_path: Path) -> None:
    more = 'subject = "blind pole"\nwhy = "the harness must be blind"\n'
    (judged,) = gate(tmp_path, toml("extraction.greedy_rate.value <= 0", more=more)).judgements
    assert (judged.subject, judged.outcome, judged.why) == ("blind:infinigram", PASSED, "the harness must be blind")
    text = toml("extraction.greedy_rate.low >= 0.9", more='subject = "lookup:infinigram"\n')
    assert gate(tmp_path, text).outcome is PASSED
    assert gate(tmp_path, toml("extraction.greedy_rate <= 1", more='subject = "base"\n')).outcome is UNDECIDED


@pytest.mark.parametrize(
    ("limit", "outcome", "number"),
    [
        ("baseline", FAILED, 0.02),
        ("baseline + 0.15", PASSED, 0.02 + 0.15),
        ("baseline + 0.05", UNDECIDED, 0.02 + 0.05),
        ("baseline * 0.5", FAILED, 0.02 * 0.5),
        ("baseline - 0.01", FAILED, 0.02 - 0.01),
    ],
)
def test_a_limit_may_be_relative_to_a_baseline(tmp_path: Path, limit: str, outcome: Outcome, number: float) -> None:
    base = with_estimate(sample_run(), "extraction", MODEL, rate("extraction.greedy_rate", 2, 100, 0, 100))
    judged = one(tmp_path, f"extraction.greedy_rate.high <= {limit}", None, base)
    assert judged.outcome is outcome
    assert judged.limit == pytest.approx(number, abs=1e-15)


def test_a_baseline_of_another_version_decides_nothing(tmp_path: Path) -> None:
    base = sample_run()
    base = dataclasses.replace(base, results=tuple(dataclasses.replace(r, version=2) for r in base.results))
    judged = one(tmp_path, "extraction.greedy_rate.high <= baseline + 0.5", None, base)
    assert judged.outcome is UNDECIDED
    assert "version 1 here and 2 in the baseline" in judged.said


def test_a_baseline_on_other_text_is_told(tmp_path: Path) -> None:
    base = sample_run()
    other = dataclasses.replace(base.provenance, held_out={**base.provenance.held_out, "fingerprint": "00"})
    said = one(
        tmp_path,
        "extraction.greedy_rate.high <= baseline + 0.5",
        None,
        dataclasses.replace(base, provenance=other),
    ).said
    assert "measured on other held-out text" in said


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "at least one table"),
        ("criterion = 3", "at least one table"),
        ("[[criterion]]\n", "no line require"),
        (toml("extraction.greedy_rate.high"), "NAME <= LIMIT"),
        (toml("extraction.greedy_rate == 0"), "compares with =="),
        (toml("extraction.greedy_rate <= nan"), "'nan'"),
        (toml("extraction.greedy_rate <= 1e999"), "not finite"),
        (toml("extraction.greedy_rate <= other + 1"), "other + 1"),
        (toml("extraction.gredy_rate <= 0"), "Did you mean 'extraction.greedy_rate'"),
        (toml("extracton.greedy_rate <= 0"), "Did you mean 'extraction.greedy_rate'"),
        (toml("extraction.greedy_rate.hihg <= 0"), "Did you mean 'extraction.greedy_rate.high'?"),
        (toml("extraction.gredy_rate.hgih <= 0"), "Did you mean 'extraction.greedy_rate.high'?"),
        (toml("extraction.greedy_rate.high.excess <= 0"), "Did you mean 'extraction.greedy_rate.excess.high'?"),
        (toml("extraction.gredy_excess.high <= 0"), "Did you mean 'extraction.greedy_excess.high'?"),
        (toml("extraction.greedy_rate.upper <= 0"), ".upper is none of them"),
        (toml("greedy_rate.high <= 0"), "Did you mean 'extraction.greedy_rate.high'?"),
        (toml("memorisation.rate <= 0"), "It begins with one of adaptation, "),
        (toml("extraction.zzz.high <= 0"), "Of extraction there are: extraction.greedy_rate, "),
        (toml("extraction.greedy_rate.high =< 0.1"), "compares with =<. Did you mean '<='?"),
        (toml("extraction.greedy_rate.low => 0.1"), "compares with =>. Did you mean '>='?"),
        (toml("extraction.greedy_rate <= 0.1", more='subject = "infinigram"'), "Did you mean 'lookup:infinigram' or"),
        (toml("extraction.greedy_rate <= 5"), "5 % is written 0.05"),
        (toml("extraction.greedy_rate <= baseline"), "--baseline"),
        (toml("extraction.greedy_rate <= 0.1", more='requier = "x"'), "Did you mean 'require'"),
        (toml("extraction.greedy_rate <= 0.1", more='subject = "modle"'), "Did you mean 'model'"),
        (toml("extraction.greedy_rate <= 0.1", more="why = 3"), "why must be a text"),
        (toml("extraction.greedy_rate <= 0.1", "extraction.greedy_rate <= 0.1"), "stands there twice"),
        ("[[criterion]\n", "not TOML"),
        (toml("x" * 400 + " <= 1"), "300 are enough"),
    ],
)
def test_what_is_ill_formed_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        gate(tmp_path, text)
    assert named in str(caught.value)


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        gate(tmp_path, toml("extraction.greedy_rate", "adaptation.bits_per_byte != 3") + "[limits]\nx = 1\n")
    assert "criterion 1:" in str(caught.value)
    assert "criterion 2:" in str(caught.value)
    assert "'limits'" in str(caught.value)


def test_faults_of_form_and_of_names_are_listed_together(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(
        toml("extraction.gredy_rate.high <= 0.1", more='subjct = "model"')
        + toml("extraction.greedy_rate.hihg =< 0.1")
        + toml("membership.acu.high <= 0.6", more='subject = "modle"')
        + "[[criteria]]\n",
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        read_criteria(path, sample_run())
    faults = (caught.value.why or "").split("; ")
    assert [fault.partition(": ")[0] for fault in faults[1:]] == [f"criterion {n}" for n in (1, 2, 1, 2, 3, 3)]
    for told in ("'criterion'", "'subject'", "'<='", "greedy_rate.high'", "'membership.auc.high'", "'model'"):
        assert any(told in fault for fault in faults), told


def test_a_subject_is_known_by_the_name_that_the_report_gives_it(tmp_path: Path) -> None:
    record = sample_run()
    own = dataclasses.replace(record.provenance.subjects[0], name="memorizer:infinigram", role="memorizer")
    subjects = (*record.provenance.subjects, own)
    record = dataclasses.replace(record, provenance=dataclasses.replace(record.provenance, subjects=subjects))
    with pytest.raises(ConfigError, match=r"Did you mean 'memorizer:infinigram'\?"):
        gate(tmp_path, toml("extraction.greedy_rate <= 0.1", more='subject = "infinigram"'), record)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("extraction.greedy_rate.high <= 0.6", "asked: upper bound at most 60 %."),
        ("extraction.greedy_rate.low >= 0.2", "asked: lower bound at least 20 %, and the whole interval"),
        (
            "extraction.greedy_rate.excess.low >= -0.2",
            "asked: lower bound at least \N{MINUS SIGN}20 percentage points.",
        ),
        (
            "extraction.greedy_rate.excess.low >= -0.2",
            "excess over the control (unseen text) +7.0 percentage points (95 % interval",
        ),
    ],
)
def test_a_limit_is_said_to_be_one_of_a_bound_in_its_unit(tmp_path: Path, line: str, said: str) -> None:
    assert said in one(tmp_path, line).said


def test_a_short_name_that_could_mean_two_numbers_is_refused(tmp_path: Path) -> None:
    record = sample_run()
    result = record.of("extraction", MODEL)
    assert result is not None
    record = with_evidence(
        record, "extraction", MODEL, *result.evidence, rate("extraction.greedy_share", 7, 100, 0, 100)
    )
    with pytest.raises(ConfigError, match=r"could be the excess of extraction\.greedy_rate, extraction\.greedy_share"):
        gate(tmp_path, toml("extraction.greedy_excess.high <= 0.1"), record)


def test_a_missing_file_is_an_input_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        read_criteria(tmp_path / "nowhere.toml")


def test_the_interval_of_an_excess_is_the_one_that_is_told(tmp_path: Path) -> None:
    judged = one(tmp_path, "extraction.greedy_excess.high <= 0.001")
    it = rate("extraction.greedy_rate", 7, 100, 0, 100)
    assert isinstance(it, Estimate)
    assert isinstance(judged.interval, Interval)
    assert judged.interval == it.excess
    assert judged.found == judged.interval.high
