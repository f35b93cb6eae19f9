"""What a number is held against is said at each number, on the page and in every export."""

import re
from collections.abc import Callable

import pytest

from byheart.core.controls import control_word
from byheart.core.evidence import Interval
from byheart.core.run_record import RunRecord
from byheart.exports.github import summary
from byheart.exports.modelcard import model_card
from byheart.exports.wording import amount, difference, estimate
from byheart.report.comparison import CONTROLS, parties
from byheart.report.dots import dots
from byheart.report.page import render_html
from byheart.report.standing import headline_grid
from byheart.study.criterion import Criterion, parse
from byheart.study.deciding import decided
from tests.report.sample_run import MODEL, rate, sample_run, with_evidence


def _record() -> RunRecord:
    return with_evidence(
        sample_run(),
        "novelty",
        MODEL,
        rate("novelty.ngram_8_novel_rate", 45, 48, 44, 48),
        rate("novelty.valid_novel_rate", 0, 20, 0, 20),
    )


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("extraction.greedy_rate", "unseen text"),
        ("membership.auc", "chance"),
        ("membership.split_auc", "chance"),
        ("novelty.ngram_8_novel_rate", "human text"),
        ("novelty.valid_novel_rate", "best memorizer"),
        ("novelty.valid_given_novel_rate", "best memorizer"),
        ("attribution.beyond_share", "blind pole"),
        ("propensity.capability_rate", "human text"),
    ],
)
def test_every_control_has_its_own_word(name: str, word: str) -> None:
    assert control_word(name) == word


def test_whatever_has_another_control_than_unseen_text_has_another_word() -> None:
    differing = [name for name in CONTROLS if name not in ("interpolation", "complexity")]
    assert [name for name in differing if control_word(name) == "unseen text"] == []


def test_the_headline_names_the_control_of_each_row() -> None:
    at = headline_grid(_record()).columns.index("control")
    found = {row[0]: row[at].split("\n") for row in headline_grid(_record()).rows}
    assert found["Recited word for word"][2] == "unseen text"
    assert found["New 8-grams in its writing"][2] == "human text"
    assert found["New and valid"][2] == "best memorizer"


def test_the_page_claims_no_one_control_for_all() -> None:
    page = render_html(_record())
    assert "or on human text;" not in page
    assert "; more than that counts, unless the line says otherwise" in page
    assert '<span class="within">best memorizer</span>' in page


def test_hollow_marks_are_explained_by_the_control_of_the_number() -> None:
    party = parties(sample_run())[0]
    notes = {
        name: dots(name, "t", [(party, rate(name, 3, 10, 1, 10))]).note
        for name in ("extraction.greedy_rate", "membership.auc", "novelty.ngram_8_novel_rate")
    }
    assert "cannot have seen" in notes["extraction.greedy_rate"]
    assert "chance" in notes["membership.auc"]
    assert "people" in notes["novelty.ngram_8_novel_rate"]


@pytest.mark.parametrize("export", [model_card, summary])
def test_exports_name_the_control_of_each_number(export: Callable[[RunRecord, None], str]) -> None:
    text = export(_record(), None)
    (row,) = (line for line in text.splitlines() if line.startswith("| novelty.valid") or "valid\\_novel" in line)
    assert "best memorizer" in row
    assert "0 points (" in row
    assert "held out: the control" not in text


def test_a_sentence_and_a_gate_name_the_control() -> None:
    it = rate("novelty.valid_novel_rate", 0, 20, 0, 20)
    assert "; control, best memorizer, 0 %" in estimate(it)
    assert it.excess is not None
    asked = parse("novelty.valid_novel_rate.excess.high <= 0.5")
    assert isinstance(asked, Criterion)
    _, said = decided(asked, it, it.excess, 0.5, aspect="excess", has_bounds=True)
    assert re.match(r"excess over the control \(best memorizer\)", said)


def test_no_share_is_written_with_digits_that_no_sample_has() -> None:
    assert amount(2.54e-70, "rate") == "under 0.0001 %"
    assert amount(0.0, "rate") == "0 %"
    assert difference(Interval(0.29, 0.2, 0.4), "rate") == "29 points (20 to 40)"
