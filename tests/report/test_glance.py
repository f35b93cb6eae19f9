"""The first screen: one answer word for each question, its number between its yardsticks, nothing hostile."""

import dataclasses
import re

import pytest

from byheart.core.evidence import Refusal
from byheart.core.result import Completed, Failed, Result
from byheart.core.run_record import RunRecord
from byheart.report import render_html
from byheart.report.comparison import model_of
from byheart.report.glance import Glance, answer_word, controls_drawn, facts, glances
from byheart.report.verdict import findings
from tests.report.sample_run import MODEL, bits, method, sample_run, with_estimate
from tests.report.test_page import HOSTILE, Outline


def seen(record: RunRecord) -> dict[str, Glance]:
    found = findings(record)
    return {f.audit: g for f, g in zip(found, glances(record, found, is_lab=False), strict=True)}


@pytest.mark.parametrize(
    ("answer", "word", "kind", "rest"),
    [
        ("Yes.", "Yes", "yes", ""),
        ("Yes, some of it.", "Yes", "yes", "some of it"),
        ("Yes, as far as copying goes.", "Yes", "yes", "as far as copying goes"),
        ("No.", "No", "no", ""),
        ("No: the best memorizer gains more.", "No", "no", "the best memorizer gains more"),
        ("No more than people do: it writes less.", "No more than people do", "no", "it writes less"),
        ("Not more than by accident.", "Not more than by accident", "no", ""),
        ("No evidence of it.", "No evidence", "open", ""),
        ("No evidence of it: a table does as well.", "No evidence", "open", "a table does as well"),
        ("Undecided: the blind pole differs too.", "Undecided", "open", "the blind pole differs too"),
        ("Not measured.", "Not measured", "open", ""),
        ("No on real text; yes on made text (of 7).", "In part", "open", "No on real text; yes on made text"),
        ("As new as human text, as far as can be told.", "As new as human text", "plain", "as far as can be told"),
        ("At least 2.1 bits per parameter.", "At least 2.1 bits per parameter", "plain", ""),
    ],
)
def test_an_answer_begins_with_a_clear_word(answer: str, word: str, kind: str, rest: str) -> None:
    assert answer_word(answer) == (word, kind, rest)


def test_a_long_addition_is_cut_between_words() -> None:
    _, _, rest = answer_word("Yes, " + "and more " * 40)
    assert len(rest) <= 84
    assert rest.endswith("more \N{HORIZONTAL ELLIPSIS}") or rest.endswith("and \N{HORIZONTAL ELLIPSIS}")


def test_the_number_stands_between_ceiling_floor_and_control() -> None:
    bar = seen(sample_run())["extraction"].bar
    assert bar is not None
    assert [(m.role, m.value) for m in bar.marks] == [
        ("model", "7.0 %"),
        ("lookup pole", "100 %"),
        ("blind pole", "0 %"),
        ("control", "0 %"),
    ]
    assert [round(m.at, 6) for m in bar.marks] == [7 / 100, 1, 0, 0]
    assert bar.marks[0].low < bar.marks[0].at < bar.marks[0].high
    assert (bar.left, bar.right) == ("0 %", "100 %")
    assert "model:demo 7.0 % (3.4\N{EN DASH}13.7 %)" in bar.alt
    assert "unseen text 0 %" in bar.alt


def test_a_zero_that_means_something_is_on_the_bar() -> None:
    bar = seen(sample_run())["adaptation"].bar
    assert bar is not None
    assert bar.zero is not None
    assert bar.marks[0].value.startswith("\N{MINUS SIGN}")
    assert 0 <= bar.marks[0].low <= bar.marks[0].high <= bar.zero <= 1


def test_all_marks_are_on_their_bars() -> None:
    for it in seen(sample_run()).values():
        assert it.bar is not None
        assert all(0 <= place <= 1 for m in it.bar.marks for place in (m.low, m.at, m.high))


def test_a_refused_number_has_no_bar() -> None:
    record = with_estimate(sample_run(), "extraction", MODEL, Refusal(name="extraction.greedy_rate", reason="few"))
    it = seen(record)["extraction"]
    assert (it.word, it.bar) == ("Undecided", None)
    assert "No number: the reason stands below." in render_html(record)


def test_a_run_in_which_everything_failed_has_answers_too() -> None:
    record = sample_run()
    results = tuple(dataclasses.replace(r, status=Failed("BackendError", "gone")) for r in record.results)
    assert {(g.word, g.bar) for g in seen(dataclasses.replace(record, results=results)).values()} == {
        ("Not measured", None)
    }


def test_the_head_says_what_was_tested_on_what_and_beside_what() -> None:
    record = sample_run()
    source = {**record.provenance.trained_on, "source": "/home/someone/secret/corpus.jsonl"}
    record = dataclasses.replace(record, provenance=dataclasses.replace(record.provenance, trained_on=source))
    said = facts(record, model_of(record), is_lab=False)
    assert [value for _, value in said] == [
        "model:demo, 4.2 MB; weights at hand",
        "corpus.jsonl, 212 documents, 512 kB",
        "stdlib, held out, 61 documents, 98.3 kB",
    ]


def test_every_line_leads_to_its_sentences() -> None:
    outline = Outline(render_html(sample_run()))
    links = [a["href"] for tag, a in outline.tags if tag == "a" and (a.get("href") or "").startswith("#answer-")]
    ids = {f"#{a['id']}" for _, a in outline.tags if "id" in a}
    assert len(links) == len(findings(sample_run()))
    assert set(links) <= ids


def test_a_hostile_source_is_harmless() -> None:
    record = sample_run()
    provenance = dataclasses.replace(record.provenance, trained_on={"source": HOSTILE, "documents": 3})
    page = render_html(dataclasses.replace(record, provenance=provenance))
    assert "script" not in {tag for tag, _ in Outline(page).tags}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", page)


def test_the_legend_names_the_controls_that_are_drawn() -> None:
    record = sample_run()
    assert controls_drawn(tuple(seen(record).values())) == "unseen text or human text"
    page = render_html(record)
    assert "named at each: unseen text or human text; more than that counts, unless the line says otherwise" in page
    assert "perfect memory" not in page
    assert "no memory" not in page


def test_three_controls_are_listed_and_none_is_no_line_of_the_legend() -> None:
    marked = [it for it in seen(sample_run()).values() if it.bar is not None]
    named = [with_control(it, label) for it, label in zip(marked, ("a", "b", "c"), strict=True)]
    assert controls_drawn((*named, named[0])) == "a, b or c"
    record = sample_run()
    record = dataclasses.replace(
        record,
        results=tuple(result for result in record.results if result.audit == "adaptation"),
        methods=tuple(it for it in record.methods if it.audit == "adaptation"),
    )
    assert controls_drawn(tuple(seen(record).values())) == ""
    assert "<b>Control</b>" not in render_html(record)


def with_control(it: Glance, label: str) -> Glance:
    assert it.bar is not None
    mark = dataclasses.replace(it.bar.marks[0], role="control", label=label)
    return dataclasses.replace(it, bar=dataclasses.replace(it.bar, marks=(mark,)))


def test_a_line_says_its_direction_where_more_than_the_control_is_not_what_counts() -> None:
    assert seen(sample_run())["novelty"].measure == "Runs of 8 tokens that are new (fewer: it copies more)"
    jump = dataclasses.replace(
        sample_run(),
        methods=(method("interpolation", "Does it move smoothly?"),),
        results=(
            Result("interpolation", 2, MODEL, Completed((bits("interpolation.largest_jump", 0.2, 0.1, "distance"),))),
        ),
    )
    assert "less is smoother" in seen(jump)["interpolation"].measure
