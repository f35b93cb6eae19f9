"""What was tested is listed once, and what nobody was asked is said."""

import dataclasses
import html

import pytest

from byheart.core.evidence import Line, Point, Series
from byheart.report import render_html
from byheart.report.comparison import measure, parties
from byheart.report.layout import strokes
from byheart.report.redaction import Mode, Redaction
from byheart.report.tested import answered_on, not_asked
from tests.report.sample_run import KNOWLEDGE, MODEL, sample_run, status, with_status


def test_the_same_list_of_subjects_stands_once() -> None:
    record = with_status(sample_run(), "adaptation", KNOWLEDGE, status("adaptation", MODEL))
    assert [who for _, who in answered_on(record)] == [
        "model:demo, lookup pole, blind pole, knowledge",
        "as above",
        "model:demo, lookup pole",
    ]


def test_questions_that_the_run_did_not_ask_are_named() -> None:
    said = " ".join(not_asked(sample_run()))
    assert all(f"({audit})" in said for audit in ("exposure", "membership", "context", "attribution", "propensity"))
    assert not any(f"({audit})" in said for audit in ("extraction", "adaptation", "novelty"))


def test_chance_is_drawn_once_where_a_control_lies_on_it() -> None:
    points = (Point(1, 0.3), Point(2, 0.5))
    flat = tuple(Point(p.x, 0.0, 0.0, 0.04) for p in points)
    lines = (Line("trained-on", "subject", points), Line("held-out (chance)", "control", flat))
    series = Series(name="n.s", title="t", x="x", y="share", lines=lines, chance=0.0)
    party = parties(sample_run())[0]
    assert sum("chance" in it.label or it.role == "control" for it in strokes([(party, series)])) == 1
    assert [it.label for it in strokes([(party, dataclasses.replace(series, chance=0.1))])][-1] == "chance"


@pytest.mark.parametrize(
    "name",
    [
        "membership.split_auc",
        "adaptation.bits_beyond_memorizer_per_byte",
        "adaptation.bits_beyond_memorizer_per_byte_without_copies",
        "interpolation.right_share_shuffled",
        "context.language_beyond_bigrams_bits",
    ],
)
def test_a_label_stands_alone(name: str) -> None:
    said = f" {measure(name)} ".lower().replace(",", " ")
    assert not any(word in said for word in (" it ", " the same ", " there "))


def test_a_page_without_names_says_what_is_gone_and_what_stays() -> None:
    record = sample_run()
    source = {**record.provenance.trained_on, "source": "acme-secret-corpus.jsonl"}
    record = dataclasses.replace(record, provenance=dataclasses.replace(record.provenance, trained_on=source))
    page = html.unescape(render_html(record, redaction=Redaction(mode=Mode.FULL)))
    assert "no name of a document, source or model" in page
    assert "fingerprints stay" in page
    assert "source source" not in page
