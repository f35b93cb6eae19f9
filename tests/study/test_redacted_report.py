import dataclasses
import html
import json
import platform
import shutil
import tomllib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import tomli_w

from byheart.cli.run_commands import report
from byheart.core.run_record import RunRecord
from byheart.core.strings import strings, with_strings
from byheart.corpus.documents import Corpus, Document
from byheart.errors import ConfigError, EvidenceError, FingerprintError, FormatError, SourceError, UnsafeError
from byheart.index import Index
from byheart.report.page import render_html
from byheart.report.redaction import Mode, Redaction, redacted
from byheart.study.execute import execute
from byheart.study.exporting import Format, export_of, exported
from byheart.study.index_plan import IndexPlan
from byheart.study.indexing import make_index
from byheart.study.leaks import leaks
from byheart.study.page_texts import texts_of_page
from byheart.study.pages import write_report
from byheart.study.plan import StudyPlan
from byheart.study.redacted_texts import texts_of_run
from byheart.study.redaction_check import fully_redacted
from byheart.study.run_folder import RunFolder
from byheart.study.sources import disjoint
from tests.report.sample_run import sample_run
from tests.report.test_redaction import GATE, SECRET, foreign_run
from tests.study.corpora import write_sides

CORPUS = Corpus(
    (
        Document("letters/of the minister.txt", f"It was evening. {SECRET}. Then it was night."),
        Document("b", "another text"),
    )
)
UNSEEN = Corpus((Document("c", "a third text"), Document("d", "a fourth text")))
PAIRS = [(document.name, document.text) for document in CORPUS]
NOT_TEXT = frozenset(("role", "audit", "unit", "outcome"))


def saved(corpus: Corpus, folder: Path) -> Path:
    """Texts as an index."""
    texts = [np.frombuffer(document.text.encode(), dtype=np.uint8) for document in corpus]
    Index.build(texts, [document.name for document in corpus], unit="bytes", alphabet_size=256).save(folder)
    return folder


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The texts that were planted and others that were held out, as indexes."""
    folder = tmp_path_factory.mktemp("index")
    return [saved(UNSEEN, folder / "unseen"), saved(CORPUS, folder / "seen")]


def of_these_documents(record: RunRecord) -> RunRecord:
    it = record.provenance
    sides = disjoint(CORPUS, UNSEEN, seed=it.seed)
    trained_on = {**it.trained_on, "fingerprint": sides.trained_on.fingerprint}
    held_out = {**it.held_out, "fingerprint": sides.held_out.fingerprint}
    return dataclasses.replace(record, provenance=dataclasses.replace(it, trained_on=trained_on, held_out=held_out))


def planted(record: RunRecord, kept: frozenset[str]) -> RunRecord:
    """The record with the secret in front of every string of it, fields that are not free text excepted."""
    return with_strings(record, lambda text: f"{SECRET} {text}", kept)


@pytest.mark.parametrize("kept", [NOT_TEXT, NOT_TEXT | {"name"}], ids=["names too", "names kept"])
def test_text_planted_in_every_field_does_not_reach_the_page(indexes: list[Path], kept: frozenset[str]) -> None:
    record = of_these_documents(planted(foreign_run(), kept))
    gate = with_strings(GATE, lambda text: f"{SECRET} {text}", kept)
    assert sum(SECRET in text for text in strings((record, gate))) > 250

    def render(redaction: Redaction) -> str:
        return render_html(record, gate=gate, redaction=redaction)

    page = fully_redacted(Path("no run"), record, gate, render, texts_of=texts_of_page, indexes=indexes)
    assert leaks(texts_of_page(page), PAIRS) == {}
    assert "heron" not in page
    assert "the 4 documents of the indexes that were given" in page
    assert len(leaks(texts_of_page(render_html(record, gate=gate)), PAIRS)) > 0


def test_a_page_that_leaks_is_refused_with_what_leaks_and_from_where(indexes: list[Path]) -> None:
    record = of_these_documents(foreign_run())
    with pytest.raises(UnsafeError, match="was not written") as caught:
        fully_redacted(
            Path("no run"), record, GATE, lambda redaction: render_html(record), texts_of=texts_of_page, indexes=indexes
        )
    assert "'the heron stood motionless beside eleven weathered fishing'" in caught.value.why
    assert "letters/of the minister.txt" in caught.value.why
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("to", get_args(Format))
def test_text_planted_in_every_field_does_not_reach_an_export(indexes: list[Path], to: Format) -> None:
    kept = NOT_TEXT | {"name"}
    record = of_these_documents(planted(foreign_run(), kept))
    gate = with_strings(GATE, lambda text: f"{SECRET} {text}", kept)
    given = export_of(Path("no run"), record, gate, to, Mode.FULL, indexes=indexes)
    assert given.checked.startswith("Checked: no run of 8 words of the 4 documents of the indexes that were given")
    assert b"heron" not in given.data
    assert "heron" not in given.commands
    bare = export_of(Path("no run"), record, gate, to, Mode.FULL, unchecked=True)
    assert bare.checked.startswith("Not checked")
    assert b"heron" in bare.data or to == "github"  # whose summary holds byheart's own words alone


@pytest.mark.parametrize("to", get_args(Format))
def test_an_export_that_leaks_is_refused(indexes: list[Path], to: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    record = of_these_documents(planted(foreign_run(), NOT_TEXT | {"name"}))
    gate = with_strings(GATE, lambda text: f"{SECRET} {text}", NOT_TEXT | {"name"})
    whole = exported(record, gate, to, Mode.NONE)
    monkeypatch.setattr("byheart.study.exporting.exported", lambda *_: whole)
    with pytest.raises(UnsafeError, match="was not written"):
        export_of(Path("no run"), record, gate, to, Mode.FULL, indexes=indexes)


def test_other_indexes_than_of_the_texts_of_the_run_prove_nothing(indexes: list[Path], tmp_path: Path) -> None:
    record = of_these_documents(foreign_run())
    unseen, seen = indexes
    other = saved(Corpus((*CORPUS, Document("e", "one more"))), tmp_path / "other")
    for given in ([seen], [seen, seen], [unseen, unseen], [other, unseen], [seen, other]):
        with pytest.raises(EvidenceError, match="do not hold the texts"):
            fully_redacted(Path("no run"), record, None, lambda redaction: "", texts_of=texts_of_page, indexes=given)
    assert (
        fully_redacted(
            Path("no run"), record, None, lambda redaction: "", texts_of=texts_of_page, indexes=[seen, unseen]
        )
        == ""
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of real text with passages and with what the subjects wrote."""
    seen, unseen = write_sides(tmp_path_factory.mktemp("texts"))
    folder = tmp_path_factory.mktemp("made") / "run"
    plan = StudyPlan(
        model="memorizer:infinigram",
        trained_on=(str(seen),),
        held_out=(str(unseen),),
        audits=("extraction", "novelty"),
    )
    execute(plan, folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of it, of this test alone."""
    return Path(shutil.copytree(made, tmp_path / "run"))


def test_a_real_run_is_redacted_checked_and_stays_whole(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(run, redact=Mode.FULL, json=True, quiet=True)
    path = run / "report.full.html"
    page = path.read_text("utf-8")
    said = capsys.readouterr()
    assert json.loads(said.out) == {"report": str(path), "redaction": "full"}
    assert "Pass on this file alone" in said.err
    assert RunFolder(run).faults() == []
    assert "Checked: no run of 8 words of the 40 documents that it was made with" in page
    names = [name for name in (p.name for p in texts_of(run)) if name in html.unescape(page)]
    assert names == []


@pytest.mark.parametrize(
    "options",
    [
        {"indexes": True},
        {"indexes": True, "redact": Mode.PARTIAL},
        {"unchecked": True},
        {"baseline": Path("before")},
        {"baseline": Path("before"), "redact": Mode.FULL},
    ],
    ids=str,
)
def test_options_that_belong_to_another_are_refused_without_it(options: dict[str, Any]) -> None:
    if options.pop("indexes", False):
        options["index"] = [Path("idx")]
    with pytest.raises(ConfigError, match="belongs to --"):
        report(Path("run"), **options)


def texts_of(run: Path) -> list[Path]:
    plan = tomllib.loads((run / "plan.toml").read_text("utf-8"))
    return [path for source in (*plan["trained_on"], *plan["held_out"]) for path in Path(source).iterdir()]


def elsewhere(run: Path, **sources: str) -> None:
    """Lets the plan name other sources."""
    path = run / "plan.toml"
    plan = tomllib.loads(path.read_text("utf-8")) | {name: [source] for name, source in sources.items()}
    path.write_text(tomli_w.dumps(plan), "utf-8")
    RunFolder(run).seal()


def test_without_its_sources_a_run_is_not_redacted_unless_nobody_is_to_look(run: Path, tmp_path: Path) -> None:
    elsewhere(run, trained_on="gone/away")
    output = tmp_path / "page.html"
    with pytest.raises(SourceError, match="cannot be read") as caught:
        write_report(run, output, mode=Mode.FULL)
    assert "--index" in caught.value.next_step
    assert "--unchecked" in caught.value.next_step
    assert not output.exists()
    said = fully_redacted(
        run, RunFolder(run).read(), None, lambda redaction: redaction.checked, texts_of=texts_of_page, unchecked=True
    )
    assert said.startswith("Not checked against the texts")


def test_whoever_waits_for_the_page_is_told_how_far_it_is(run: Path, tmp_path: Path) -> None:
    heard: list[tuple[str, float, float, str]] = []

    def hear(stage: str, done: float, total: float, note: str = "") -> None:
        heard.append((stage, done, total, note))

    write_report(run, tmp_path / "page.html", on_progress=hear)
    assert {stage for stage, *_ in heard} == {"draw the report"}
    assert [done for _, done, _, _ in heard] == list(range(int(heard[0][2]) + 1))
    assert "extraction" in {note for *_, note in heard}


def test_other_texts_than_the_run_read_prove_nothing(run: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    changed.mkdir()
    for path in texts_of(run)[:20]:
        (changed / path.name).write_text(path.read_text("utf-8") + "# one more\n", "utf-8")
    elsewhere(run, trained_on=str(changed))
    with pytest.raises(FingerprintError, match="have changed since"):
        write_report(run, tmp_path / "page.html", mode=Mode.FULL)


def test_a_run_that_lost_what_its_subjects_wrote_is_not_checked_without(run: Path, tmp_path: Path) -> None:
    (run / "samples.parquet").unlink()
    with pytest.raises(FormatError, match=r"samples\.parquet is missing"):
        write_report(run, tmp_path / "page.html", mode=Mode.FULL)
    assert not (tmp_path / "page.html").exists()


def test_indexes_made_by_byheart_do_for_the_sources_and_the_subjects_are_looked_for_too(
    run: Path, tmp_path: Path
) -> None:
    plan = tomllib.loads((run / "plan.toml").read_text("utf-8"))
    indexes = [tmp_path / "seen", tmp_path / "unseen"]
    for folder, side in zip(indexes, ("trained_on", "held_out"), strict=True):
        make_index(IndexPlan(sources=tuple(plan[side])), folder)
    elsewhere(run, trained_on="gone/away")
    record = RunFolder(run).read()
    texts = texts_of_run(run, record, indexes=indexes)
    names = [name for name, _ in texts.documents()]
    assert sum(name.endswith(".py") for name in names) == 40
    assert any(name.startswith("samples.parquet, by ") for name in names)
    assert "the 40 documents of the indexes that were given" in texts.said
    assert "written in the run" in texts.said


def test_what_the_model_was_told_is_looked_for_with_indexes_too(indexes: list[Path]) -> None:
    documents = texts_of_run(Path("no run"), of_these_documents(foreign_run()), indexes=indexes).documents()
    assert ("--chat", SECRET) in list(documents)


def test_an_experiment_is_checked_against_the_library_of_its_own_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byheart.study.redacted_texts.read", lambda source, on_progress: CORPUS)
    it = sample_run().provenance
    untrained = dataclasses.replace(it.subjects[0], name="blind:untrained", role="blind pole")
    subjects = (*it.subjects, untrained)

    def of(version: str) -> RunRecord:
        return dataclasses.replace(sample_run(), provenance=dataclasses.replace(it, python=version, subjects=subjects))

    here = platform.python_version()
    texts = texts_of_run(Path("no run"), of(here))
    assert list(texts.documents()) == PAIRS
    assert texts.said == f"the standard library of Python {here} on the machine that checked"
    with pytest.raises(FingerprintError, match="have changed since"):
        texts_of_run(Path("no run"), of("3.10.1"))
    with pytest.raises(EvidenceError, match="no index"):
        texts_of_run(Path("no run"), of(here), indexes=[Path("idx")])


def test_what_the_subjects_wrote_is_looked_for_too(run: Path) -> None:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(run / "samples.parquet", columns=["author", "text"])
    text = next(row["text"] for row in table.to_pylist() if row["author"] != "human")
    record = RunFolder(run).read()
    noted = dataclasses.replace(record, notes=(*record.notes, f"It wrote: {text}"))
    redactions = []

    def render(redaction: Redaction) -> str:
        redactions.append(redaction)
        shown = redacted(noted, None, redaction)
        return "".join(f"<p>{html.escape(text)}</p>" for text in strings(shown.record))

    page = fully_redacted(run, noted, None, render, texts_of=texts_of_page)
    assert f"It wrote: {text}" in redactions[0].withheld
    assert "It wrote" not in page
