import dataclasses

from byheart.core.evidence import Refusal, Table
from byheart.core.run_record import RunRecord
from byheart.report.comparison import model_of
from byheart.report.recitation import recitation_details
from byheart.report.verdict import findings
from byheart.stats.claims import rate_beside_control
from tests.report.sample_run import MODEL, bits, rate, sample_run, with_evidence


def details(record: RunRecord) -> str:
    model = model_of(record)
    assert model is not None
    return " ".join(recitation_details(record, model))


def test_the_near_misses_stand_beside_those_of_unseen_text() -> None:
    text = details(
        with_evidence(sample_run(), "extraction", MODEL, rate("extraction.near_verbatim_rate", 5, 20, 1, 20))
    )
    assert "5 of 20 (25 %, 95 % interval" in text
    assert "of held-out passages 1 of 20 (5 %" in text
    assert ". Excess: +20 percentage points" in text
    assert text.endswith(", an interval that includes zero.")


def test_near_misses_of_too_few_windows_say_how_many_it_takes() -> None:
    few = rate_beside_control("extraction.near_verbatim_rate", (3, 3), (0, 1), method="m.")
    text = details(with_evidence(sample_run(), "extraction", MODEL, few))
    assert text.endswith("An excess needs 10 observations on each side; there are 3 and 1.")


def test_what_comes_out_nearly_with_some_probability_is_a_lower_bound() -> None:
    mass = rate("extraction.near_verbatim_pz_1e3_rate", 3, 10, 0, 10)
    text = details(with_evidence(sample_run(), "extraction", MODEL, mass))
    assert "at least 1/1,000 in 3 of 10 (30 %, 95 % interval" in text
    assert "by a lower bound; of held-out passages in 0 of 10 (0 %" in text


def test_the_finding_of_the_map_is_said() -> None:
    title = "2 of 9 works have a tested part that comes out word for word; 4 % of their text was tested"
    table = Table(name="extraction.coverage", title=title, columns=("document",), rows=(("a",),))
    assert f"{title}." in details(with_evidence(sample_run(), "extraction", MODEL, table))


def test_a_slope_whose_interval_includes_zero_says_so() -> None:
    slope = bits("extraction.repetition_slope", 1.5, 0.5, "log-odds per tenfold repetition")
    sure = details(with_evidence(sample_run(), "extraction", MODEL, slope))
    assert "change the log-odds of coming out by 1.5 (95 % interval 1.0\N{EN DASH}2.0)." in sure
    wide = dataclasses.replace(slope, low=-0.5, high=3.5)
    assert "includes zero" in details(with_evidence(sample_run(), "extraction", MODEL, wide))


def test_what_is_merely_common_is_said_of_what_came_out() -> None:
    common = dataclasses.replace(rate("extraction.merely_common_rate", 2, 4, 0, 4), control=None, excess=None)
    text = details(with_evidence(sample_run(), "extraction", MODEL, common))
    assert "Of what came out and was tried, 2 of 4 (50 %" in text


def test_what_was_refused_is_no_sentence() -> None:
    refused = Refusal(name="extraction.repetition_slope", reason="too few")
    assert details(with_evidence(sample_run(), "extraction", MODEL, refused)) == ""


def test_the_verdict_has_the_details() -> None:
    (it,) = (finding for finding in findings(sample_run()) if finding.audit == "extraction")
    assert any("Nearly word for word" in detail for detail in it.details)
