import dataclasses
import html
import re

import pytest

from byheart.core.evidence import Interval
from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.report import render_html
from byheart.report.gate import MAX_JUDGEMENTS, gate_table, in_words
from tests.report.sample_run import MODEL, sample_run
from tests.report.test_page import HOSTILE, Outline


def judgement(outcome: Outcome, criterion: str = "extraction.greedy_rate.high <= 0.01", **changes: object) -> Judgement:
    known = Judgement(
        criterion=criterion,
        name="extraction.greedy_rate",
        subject=MODEL,
        outcome=outcome,
        found=0.139,
        limit=0.01,
        unit="rate",
        interval=Interval(0.07, 0.029, 0.139, 100),
        said="The upper bound is 13.9 %, above 1 %.",
        why="our policy for public models",
    )
    return dataclasses.replace(known, **changes)  # type: ignore[arg-type]


def gate(*judgements: Judgement) -> GateRecord:
    worst = [it for it in (Outcome.FAILED, Outcome.UNDECIDED) if any(j.outcome == it for j in judgements)]
    return GateRecord(
        outcome=worst[0] if worst else Outcome.PASSED,
        judgements=judgements,
        criteria="policy.toml (3f2a9c01)",
        baseline="before",
    )


ALL = gate(
    judgement(Outcome.PASSED, "membership.auc <= 0.6"),
    judgement(Outcome.FAILED),
    judgement(Outcome.UNDECIDED, "novelty.ngram_8_novel_rate >= 0.9", found=None, interval=None, unit=""),
)


def text_of(page: str) -> str:
    return " ".join("".join(Outline(page).text).split())


def test_the_first_screen_says_the_outcome_in_one_line() -> None:
    page = render_html(sample_run(), gate=ALL)
    head = page.partition("<main>")[0]
    assert "Gate: \N{MULTIPLICATION SIGN} failed, of 3 criteria 1 failed, 1 undecided, 1 passed." in text_of(
        f"{head}</body></html>"
    )


def test_the_gate_stands_third_between_what_was_tested_and_the_passages() -> None:
    sections = re.findall('<section id="([a-z]+)"', render_html(sample_run(), gate=ALL))
    assert sections[:4] == ["verdict", "tested", "gate", "passages"]


def test_without_criteria_there_is_no_gate() -> None:
    assert 'id="gate"' not in render_html(sample_run())


def test_an_outcome_has_a_word_a_sign_and_a_colour_of_its_own() -> None:
    looks = [row.look for row in gate_table(ALL).rows]
    for part in ("word", "sign", "style"):
        assert len({getattr(look, part) for look in looks}) == 3


def test_what_failed_stands_first() -> None:
    assert [row.look.word for row in gate_table(ALL).rows] == ["failed", "undecided", "passed"]


def test_a_row_says_what_was_asked_found_and_why() -> None:
    row = gate_table(ALL).rows[0]
    assert row.asked == "Upper bound of the interval of “Recited word for word”: at most 0.01"
    assert (row.found, row.interval, row.limit) == ("13.9 %", "2.9\N{EN DASH}13.9 %", "1 %")
    assert row.said == "The upper bound is 13.9 %, above 1 %."
    assert row.why == "our policy for public models"


@pytest.mark.parametrize(
    ("found", "limit", "said"),
    [
        (0.398185, 0.001, "39.8 %"),
        (0.0100004, 0.01, "1.00004 %"),
        (0.01, 0.01, "1 %"),
        (-0.2, 0.0, "\N{MINUS SIGN}20 %"),
    ],
)
def test_no_rounding_lets_a_number_seem_to_keep_what_it_breaks(found: float, limit: float, said: str) -> None:
    row = gate_table(gate(judgement(Outcome.FAILED, found=found, limit=limit, interval=None))).rows[0]
    assert row.found == said


def test_a_number_that_is_missing_is_a_dash_and_not_zero() -> None:
    assert gate_table(ALL).rows[1].found == "—"


UPPER, LOWER = "Upper bound of the interval of", "Lower bound of the interval of"
RECITED = "“Recited word for word”"


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        ("membership.auc <= 0.6", "“Told from unseen text, AUC”: at most 0.6"),
        ("extraction.greedy_rate.excess.high<0.001", f"{UPPER} excess of {RECITED}: less than 0.001"),
        ("extraction.greedy_excess.high <= 0.001", f"{UPPER} excess of {RECITED}: at most 0.001"),
        ("exposure.mean_bits.low >= 2", f"{LOWER} “Exposure of planted secrets, bits”: at least 2"),
        ("extraction.greedy_rate <= baseline + 0.01", f"{RECITED}: at most baseline + 0.01"),
        ("anything else", "anything else"),
    ],
)
def test_criteria_in_plain_words(criterion: str, words: str) -> None:
    assert in_words(criterion) == words


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ([Outcome.PASSED], "the one criterion passed"),
        ([Outcome.PASSED] * 2, "both criteria passed"),
        ([Outcome.FAILED] * 3, "all 3 criteria failed"),
        ([Outcome.PASSED, Outcome.UNDECIDED], "of 2 criteria 1 undecided, 1 passed"),
        ([], "no criterion was given, so nothing is decided"),
    ],
)
def test_the_outcome_of_some_criteria(outcomes: list[Outcome], said: str) -> None:
    assert gate_table(gate(*map(judgement, outcomes))).said == said


def test_hostile_criteria_are_harmless() -> None:
    hostile = judgement(
        Outcome.FAILED, HOSTILE, name=HOSTILE, subject=HOSTILE, unit=HOSTILE, said=HOSTILE, why=HOSTILE, interval=None
    )
    page = render_html(sample_run(), gate=dataclasses.replace(gate(hostile), criteria=HOSTILE, baseline=HOSTILE))
    assert "script" not in {tag for tag, _ in Outline(page).tags}
    assert html.escape("⟨U+202E⟩") in page
    assert "\u202e" not in page


def test_a_gate_of_thousands_of_criteria_is_cut_and_says_so() -> None:
    table = gate_table(gate(*[judgement(Outcome.PASSED)] * (MAX_JUDGEMENTS + 7)))
    assert (len(table.rows), table.left_out) == (MAX_JUDGEMENTS, 7)
