import dataclasses
import html
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from byheart.cli.run_commands import report
from byheart.core.run_record import RunRecord
from byheart.core.strings import strings, with_strings
from byheart.errors import ConfigError, EvidenceError, FingerprintError, SourceError, UnsafeError
from byheart.index import Index
from byheart.report.page import render_html
from byheart.report.redaction import Mode, Redaction, redacted
from byheart.study.execute import execute
from byheart.study.leaks import leaks, texts_of_page
from byheart.study.pages import write_report
from byheart.study.plan import StudyPlan
from byheart.study.redaction_check import fully_redacted
from byheart.study.run_folder import RunFolder
from tests.report.sample_run import sample_run
from tests.report.test_redaction import GATE, SECRET, foreign_run
from tests.study.corpora import write_sides

CORPUS = [("letters/of the minister.txt", f"It was evening. {SECRET}. Then it was night."), ("b", "another text")]
NOT_TEXT = frozenset(("role", "audit", "unit", "outcome"))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The texts that were planted, as an index."""
    folder = tmp_path_factory.mktemp("index") / "idx"
    texts = [np.frombuffer(text.encode(), dtype=np.uint8) for _, text in CORPUS]
    Index.build(texts, [name for name, _ in CORPUS], unit="bytes", alphabet_size=256).save(folder)
    return folder


def of_two_documents(record: RunRecord) -> RunRecord:
    it = record.provenance
    held_out = {**it.held_out, "documents": 1}
    return dataclasses.replace(
        record,
        provenance=dataclasses.replace(it, trained_on={**it.trained_on, "documents": 1}, held_out=held_out),
    )


def planted(record: RunRecord, kept: frozenset[str]) -> RunRecord:
    """The record with the secret in front of every string of it, fields that are not free text excepted."""
    return with_strings(record, lambda text: f"{SECRET} {text}", kept)


@pytest.mark.parametrize("kept", [NOT_TEXT, NOT_TEXT | {"name"}], ids=["names too", "names kept"])
def test_text_planted_in_every_field_does_not_reach_the_page(index: Path, kept: frozenset[str]) -> None:
    record = of_two_documents(planted(foreign_run(), kept))
    gate = with_strings(GATE, lambda text: f"{SECRET} {text}", kept)
    assert sum(SECRET in text for text in strings((record, gate))) > 250

    def render(redaction: Redaction) -> str:
        return render_html(record, gate=gate, redaction=redaction)

    page = fully_redacted(Path("no run"), record, gate, render, indexes=[index])
    assert leaks(texts_of_page(page), CORPUS) == {}
    assert "heron" not in page
    assert "the 2 documents of the indexes that were given" in page
    assert len(leaks(texts_of_page(render_html(record, gate=gate)), CORPUS)) > 0


def test_a_page_that_leaks_is_refused_with_what_leaks_and_from_where(index: Path) -> None:
    record = of_two_documents(foreign_run())
    with pytest.raises(UnsafeError, match="was not written") as caught:
        fully_redacted(Path("no run"), record, GATE, lambda redaction: render_html(record), indexes=[index])
    assert "'the heron stood motionless beside eleven weathered fishing'" in caught.value.why
    assert "letters/of the minister.txt" in caught.value.why
    assert caught.value.exit_code == 4


def test_indexes_of_one_side_are_not_enough(index: Path) -> None:
    with pytest.raises(EvidenceError, match="do not hold all texts"):
        fully_redacted(Path("no run"), sample_run(), None, lambda redaction: "", indexes=[index])


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


def test_without_its_sources_a_run_is_not_redacted_unless_nobody_is_to_look(run: Path, tmp_path: Path) -> None:
    elsewhere(run, trained_on="gone/away")
    output = tmp_path / "page.html"
    with pytest.raises(SourceError, match="cannot be read") as caught:
        write_report(run, output, mode=Mode.FULL)
    assert "--index" in caught.value.next_step
    assert "--unchecked" in caught.value.next_step
    assert not output.exists()
    said = fully_redacted(run, RunFolder(run).read(), None, lambda redaction: redaction.checked, unchecked=True)
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

    page = fully_redacted(run, noted, None, render)
    assert f"It wrote: {text}" in redactions[0].withheld
    assert "It wrote" not in page
