import dataclasses
import re

import numpy as np
import pytest

from byheart.audits import AUDITS
from byheart.core.evidence import Exhibit, Table, Token
from byheart.core.explanation import Explanation
from byheart.core.judgement import GateRecord, Judgement, Outcome
from byheart.core.result import Failed
from byheart.core.run_record import RunRecord
from byheart.core.strings import strings
from byheart.report import render_html
from byheart.report.covering import BLOCK, begun, covered
from byheart.report.redaction import DOCUMENTS, OWN_WORDS, TEXTS, WITHHELD, Mode, Redaction, redacted
from tests.audits.test_laws import some_inputs
from tests.report.sample_run import BLIND, LOOKUP, MODEL, sample_run, with_evidence, with_status
from tests.report.test_page import HOSTILE, Outline, hostile_run

SECRET = "the heron stood motionless beside eleven weathered fishing boats at dusk"
FILE = "letters/of the minister.txt"


def foreign_run() -> RunRecord:
    """A run with text of others wherever the audits put some."""
    exhibit = Exhibit(
        name="extraction.passage",
        label="Recited",
        document=FILE,
        start_byte=0,
        stop_byte=9,
        role="subject",
        given=SECRET,
        tokens=(
            Token(f" {SECRET}", agrees=True, explanation=Explanation.KNOWLEDGE),
            Token(f" {SECRET}", agrees=False, predicted=SECRET),
        ),
        facts=(("says", SECRET), ("merely common", "no"), ("occurrences", 3)),
    )
    canaries = Table(
        name="exposure.most_exposed",
        title="The most exposed",
        columns=("name in the list", "begins", "kind", "times planted"),
        rows=((FILE, SECRET, "template", 16),),
    )
    works = Table(
        name="extraction.coverage",
        title=f"1 of 1 works, such as {FILE}",
        columns=("document", "document, bytes", "from byte", "to byte", "occurrences", "word for word"),
        rows=((FILE, 100, 10, 20, 1, "yes"),),
    )
    unknown = Table(name="novelty.more", title="More", columns=("anything", "of 2"), rows=((SECRET, "1-15"),))
    record = with_evidence(sample_run(), "extraction", MODEL, exhibit, canaries, works, unknown)
    record = with_status(record, "extraction", LOOKUP, Failed("ValueError", SECRET))
    provenance = dataclasses.replace(
        record.provenance,
        command=f"byheart audit /home/minister/model --trained-on '{FILE}' --chat '{SECRET}' -o RUN",
        trained_on={"source": FILE, "documents": 3, SECRET: SECRET},
        tokenizer=SECRET,
        subjects=tuple(
            dataclasses.replace(
                s,
                name="minister-7b" if s.role == "model" else s.name,
                loaded_as={"chat": SECRET, "device": "cpu"},
                weights_blake3={"minister.safetensors": "ab"},
            )
            for s in record.provenance.subjects
        ),
    )
    results = tuple(dataclasses.replace(r, subject="minister-7b") if r.subject == MODEL else r for r in record.results)
    notes = (f"{FILE} was left out.", f"It was asked: {SECRET}", "minister-7b ends each document.")
    return dataclasses.replace(
        record, title="/home/minister/model", provenance=provenance, results=results, notes=notes
    )


GATE = GateRecord(
    outcome=Outcome.FAILED,
    judgements=(
        Judgement(
            criterion="extraction.greedy_rate.high <= 0.01",
            name="extraction.greedy_rate",
            subject="minister-7b",
            outcome=Outcome.FAILED,
            found=0.2,
            limit=0.01,
            unit="rate",
            interval=None,
            said="minister-7b is above the limit.",
            why=SECRET,
        ),
    ),
    criteria=FILE,
    baseline="/home/minister/runs/before",
)


def shown(mode: Mode) -> list[str]:
    it = redacted(foreign_run(), GATE, Redaction(mode=mode))
    return list(strings((it.record, it.gate)))


def test_full_leaves_no_text_and_no_name_of_others() -> None:
    assert [text for text in shown(Mode.FULL) if re.search(r"heron|dusk|minister", text)] == []


def test_full_says_so_on_the_page_and_keeps_the_evidence() -> None:
    page = render_html(foreign_run(), gate=GATE, redaction=Redaction(mode=Mode.FULL, checked="Checked: it was."))
    assert not re.search("heron|dusk|minister", page)
    assert "Redacted in full" in page
    assert "Checked: it was." in page
    assert "1 of 2 tokens agree" in page
    assert "occurrences: 3" in page
    assert "merely common: no" in page
    assert 'title="knowledge: ' in page


def test_numbers_are_names_and_text_too_where_names_and_text_stand() -> None:
    columns = ("source", "begins", "documents")
    rows = (("2024", "555-0100", 3), ("held out (chance)", "yes", 4), ("7 others", "no", 9))
    table = Table(name="x.y", title="7 others", columns=columns, rows=rows)
    shown = redacted(with_evidence(sample_run(), "extraction", MODEL, table), None, Redaction(mode=Mode.FULL))
    (it,) = shown.record.results[0].evidence
    assert isinstance(it, Table)
    assert re.fullmatch("source [0-9a-f]{4}", str(it.rows[0][0]))
    assert [row[0] for row in it.rows[1:]] == ["held out (chance)", "7 others"]
    assert {row[1] for row in it.rows} == {WITHHELD}
    assert it.title == table.title


def test_paths_and_addresses_in_sentences_go_too() -> None:
    notes = ("Read from /srv/minister/x.txt, asked at http://minister:80/v1#m.", "1/1,000 and n/a stay, 3 of 4.")
    record = dataclasses.replace(sample_run(), notes=notes)
    assert redacted(record, None, Redaction(mode=Mode.FULL)).record.notes == (
        f"Read from {WITHHELD}, asked at {WITHHELD}",
        notes[1],
    )


def test_other_spellings_of_model_and_sources_in_sentences_go_too() -> None:
    notes = ("MINISTER 7B and Minister_7B did; of the-minister.txt; c:/minister, ~minister/x, m@minister.example.org.",)
    record = dataclasses.replace(foreign_run(), notes=notes)
    (said,) = redacted(record, None, Redaction(mode=Mode.FULL)).record.notes
    assert not re.search("minister", said, re.IGNORECASE)


@pytest.mark.parametrize("mode", [Mode.PARTIAL, Mode.FULL])
def test_hostile_text_is_harmless_under_every_redaction(mode: Mode) -> None:
    hostile = Judgement(
        criterion=HOSTILE, name=HOSTILE, subject=HOSTILE, outcome=Outcome.FAILED, found=None, limit=0.0, unit=HOSTILE,
        interval=None, said=HOSTILE, why=HOSTILE,
    )  # fmt: skip
    gate = GateRecord(outcome=Outcome.FAILED, judgements=(hostile,), criteria=HOSTILE, baseline=HOSTILE)
    page = render_html(hostile_run(), gate=gate, redaction=Redaction(mode=mode))
    assert "script" not in {tag for tag, _ in Outline(page).tags}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)


def test_none_shows_everything_and_says_nothing() -> None:
    page = render_html(foreign_run(), gate=GATE)
    assert SECRET in page
    assert "Redacted" not in page


def test_a_document_has_one_pseudonym_wherever_it_stands() -> None:
    record = redacted(foreign_run(), None, Redaction(mode=Mode.FULL)).record
    result = record.of("extraction", record.provenance.subjects[0].name)
    assert result is not None
    exhibit, _, works, _ = result.evidence
    assert isinstance(exhibit, Exhibit)
    assert isinstance(works, Table)
    assert re.fullmatch("document [0-9a-f]{4}", exhibit.document)
    assert works.rows[0][0] == exhibit.document
    assert works.title.endswith(f"such as {exhibit.document}")


def test_pseudonyms_differ_between_names_and_between_runs() -> None:
    names = {f"a/{i}.txt" for i in range(2000)}
    table = Table(name="x.y", title="t", columns=("document",), rows=tuple((n,) for n in sorted(names)))

    def found(record: RunRecord) -> list[object]:
        (it,) = redacted(record, None, Redaction(mode=Mode.FULL)).record.results[0].evidence
        assert isinstance(it, Table)
        return [row[0] for row in it.rows]

    once = found(with_evidence(sample_run(), "extraction", MODEL, table))
    assert len(set(once)) == len(names)
    assert once == found(with_evidence(sample_run(), "extraction", MODEL, table))
    other = with_status(sample_run(), "extraction", BLIND, Failed("E", "m"))
    again = found(with_evidence(other, "extraction", MODEL, table))
    assert sum(one == another for one, another in zip(once, again, strict=True)) < 10


def test_what_byheart_calls_its_own_subjects_stays() -> None:
    record = redacted(sample_run(), None, Redaction(mode=Mode.FULL)).record
    assert {LOOKUP, BLIND} < {subject.name for subject in record.provenance.subjects}
    assert record.provenance.packages == sample_run().provenance.packages


def test_numbers_are_the_same_under_every_redaction() -> None:
    for mode in Mode:
        found = redacted(sample_run(), None, Redaction(mode=mode)).record
        assert [r.estimate("extraction.greedy_rate") for r in found.results] == [
            r.estimate("extraction.greedy_rate") for r in sample_run().results
        ]


def test_partial_keeps_first_words_lengths_and_names() -> None:
    record = redacted(foreign_run(), None, Redaction(mode=Mode.PARTIAL)).record
    result = record.of("extraction", "minister-7b")
    assert result is not None
    exhibit, canaries, *_ = result.evidence
    assert isinstance(exhibit, Exhibit)
    assert exhibit.given.startswith("the heron stood motionless beside ")
    assert exhibit.given.partition("beside ")[2] == re.sub(r"\S", BLOCK, "eleven weathered fishing boats at dusk")
    assert [len(token.text) for token in exhibit.tokens] == [len(SECRET) + 1] * 2
    assert [token.agrees for token in exhibit.tokens] == [True, False]
    assert set(exhibit.tokens[0].text) == {" ", BLOCK}
    assert exhibit.document == FILE
    assert isinstance(canaries, Table)
    assert str(canaries.rows[0][1]).startswith("the heron stood motionless beside ")
    assert "dusk" not in str(canaries.rows)


def test_partial_keeps_the_first_words_of_a_passage_that_begins_with_its_tokens() -> None:
    exhibit = dataclasses.replace(
        next(e for e in sample_run().results[0].evidence if isinstance(e, Exhibit)),
        given="",
        tokens=tuple(Token(f" {word}") for word in SECRET.split()),
    )
    record = redacted(with_evidence(sample_run(), "extraction", MODEL, exhibit), None, Redaction(mode=Mode.PARTIAL))
    (it,) = record.record.results[0].evidence
    assert isinstance(it, Exhibit)
    assert "".join(token.text for token in it.tokens).startswith(" the heron stood motionless beside ")
    assert "eleven" not in "".join(token.text for token in it.tokens)


@pytest.mark.parametrize("text", ["", "   ", "one", "a\nb\tc", "\ud800 x"])
def test_covering_keeps_the_length_and_the_blanks(text: str) -> None:
    assert len(covered(text)) == len(text)
    assert re.sub(r"\S", "", covered(text)) == re.sub(r"\S", "", text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("那只白鹭在黄昏时分一动不动地站在十一艘饱经风霜的渔船旁边", "那只白鹭在"),
        ("นกกระสายืนนิ่งข้างเรือประมงเก่า", "นกกระ"),
        ("AKIAIOSFODNN7EXAMPLE", ""),
        ("function(a,b){return(a+b)}", "function(a,b"),
        ("y" * 400, ""),
        (f"{'word' * 8} {'word' * 8} and more and more and more", "word" * 8),
        ("one two", "one"),
        (SECRET, "the heron stood motionless beside"),
    ],
    ids=range(8),
)
def test_partial_keeps_no_passage_whole_that_has_few_blanks_or_none(text: str, kept: str) -> None:
    tokens = tuple(Token(character) for character in text)
    exhibit = next(e for e in sample_run().results[0].evidence if isinstance(e, Exhibit))
    for given, rest in ((text, ()), ("", tokens)):
        it = dataclasses.replace(exhibit, given=given, tokens=rest)
        record = redacted(with_evidence(sample_run(), "extraction", MODEL, it), None, Redaction(mode=Mode.PARTIAL))
        (seen,) = record.record.results[0].evidence
        assert isinstance(seen, Exhibit)
        whole = seen.given + "".join(token.text for token in seen.tokens)
        assert len(whole) == len(text)
        assert re.sub(rf"{BLOCK}|\s", "", whole) == kept.replace(" ", "")
    assert begun(text) == covered(text, len(kept))


def test_what_holds_text_all_the_same_is_withheld() -> None:
    record = dataclasses.replace(sample_run(), notes=(SECRET, "kept"))
    redaction = Redaction(mode=Mode.FULL, withheld=frozenset((SECRET,)))
    assert redacted(record, None, redaction).record.notes == (WITHHELD, "kept")


@pytest.mark.parametrize("audit", AUDITS, ids=lambda a: a.name)
def test_every_column_of_text_of_every_audit_is_known(audit: object) -> None:
    assert hasattr(audit, "run")
    evidence = audit.run(some_inputs(), audit.profiles["quick"], rng=np.random.default_rng(3))  # type: ignore[attr-defined]
    known = {*DOCUMENTS, *TEXTS, *OWN_WORDS}
    for table in evidence:
        if isinstance(table, Table):
            for column, cells in zip(table.columns, zip(*table.rows, strict=True), strict=True):
                if any(isinstance(cell, str) and cell not in ("yes", "no") for cell in cells):
                    assert column in known, (table.name, column)
