"""What holds of every export, whatever stands in the run: valid, harmless, and the same bytes each time."""

import csv
import dataclasses
import io
import json
import os
import re
import unicodedata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pyarrow.parquet as parquet
import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results
from markdown_it import MarkdownIt

from byheart.core.judgement import GateRecord, Outcome
from byheart.core.result import Completed, Failed
from byheart.core.run_record import RunRecord
from byheart.exports.github import annotations, summary
from byheart.exports.junit import junit
from byheart.exports.modelcard import model_card
from byheart.exports.sarif import sarif
from byheart.exports.tables import COLUMNS, rows, to_csv, to_parquet
from byheart.report import render_html
from byheart.report.redaction import Mode, Redaction
from byheart.study.criteria import judge, read_criteria
from byheart.study.exporting import Format, exported
from tests.exports.hostile import ATTACKS, records, sample_gate
from tests.exports.sarif_form import FORM
from tests.report.sample_run import MODEL, rate, sample_run, with_status

CASES = records()
NAMES = ["plain", *(f"attack {number}" for number in range(len(ATTACKS)))]
Case = tuple[RunRecord, GateRecord]


@pytest.fixture(params=CASES, ids=NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def texts(record: RunRecord, gate: GateRecord) -> dict[str, str]:
    return {
        "sarif": sarif(record, gate),
        "sarif with text": sarif(record, gate, with_text=True),
        "junit": junit(record, gate),
        "annotations": annotations(record, gate),
        "annotations without criteria": annotations(record, None),
        "summary": summary(record, gate),
        "summary without criteria": summary(record, None),
        "csv": to_csv(record),
        "card": model_card(record, gate),
    }


def test_nothing_controls_reorders_or_hides(case: Case) -> None:
    for name, text in texts(*case).items():
        text.encode("utf-8")
        bad = {c for c in set(text) - {"\n"} if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")}
        assert bad == set(), name
    decoded = json.dumps(json.loads(sarif(*case, with_text=True)), ensure_ascii=False)
    assert {c for c in set(decoded) if unicodedata.category(c) in ("Cf", "Cs")} == set()


def test_the_same_run_gives_the_same_bytes(case: Case) -> None:
    assert texts(*case) == texts(*case)
    assert to_parquet(case[0]) == to_parquet(case[0])


def schemas() -> list[dict[str, Any]]:
    path = os.environ.get("BYHEART_SARIF_SCHEMA", "")
    return [FORM, *([json.loads(Path(path).read_text("utf-8"))] if path else [])]


@pytest.mark.parametrize("with_text", [True, False])
def test_sarif_keeps_its_schema(case: Case, with_text: bool) -> None:
    found = json.loads(sarif(*case, with_text=with_text))
    for schema in schemas():
        checker = jsonschema.validators.validator_for(schema)
        checker(schema, format_checker=jsonschema.FormatChecker()).validate(found)
    for result in found["runs"][0]["results"]:
        assert result["kind"] == "fail" or result["level"] == "none"
        rule = found["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]


def test_a_sarif_place_is_a_relative_uri_that_stays_below(case: Case) -> None:
    for result in json.loads(sarif(*case))["runs"][0]["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri)
        assert not uri.startswith("/")
        assert not {".", "..", ""} & set(uri.split("/"))


def test_junit_is_xml_with_a_case_for_each_criterion(case: Case) -> None:
    root = ElementTree.fromstring(junit(*case))
    found = root.findall("testsuite/testcase")
    assert len(found) == len(case[1].judgements)
    assert [len(one.findall("failure")) for one in found] == [0, 1, 0]
    assert [len(one.findall("skipped")) for one in found] == [0, 0, 1]
    assert {child.tag for one in found for child in one} == {"failure", "skipped", "system-out"}


def test_annotations_are_commands_and_nothing_else(case: Case) -> None:
    lines = annotations(*case).splitlines()
    assert len(lines) == 3
    for line in lines:
        match = re.fullmatch(r"::(error|warning|notice) title=([^:,\n]*)::(.*)", line)
        assert match is not None
        assert re.search(r"%(?!25)", match[3]) is None, "an escape that is not of a per cent sign"


def test_markdown_shows_foreign_text_as_text(case: Case) -> None:
    reader = MarkdownIt("commonmark").enable("table")
    card = model_card(*case).partition("\n---\n")[2]
    for text, tables in ((summary(*case), 2), (card, 2)):
        page = reader.render(text)
        own = {"h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code"}
        assert set(re.findall(r"<([a-zA-Z0-9]+)", page)) <= own
        assert page.count("<table>") == tables
        assert "::error" not in [line[:7] for line in text.splitlines()]
        assert not any("##[" in line for line in text.splitlines())
        assert page.count("<code>") <= 1


def test_a_summary_fits_into_what_github_takes() -> None:
    gate = sample_gate(tuple(Outcome) * 4000)
    text = summary(sample_run(), gate)
    assert len(text.encode()) <= 1024 * 1024
    assert re.search(r"[\d,]+ more lines do not fit", text)


def test_csv_has_no_formula_and_every_row(case: Case) -> None:
    found = list(csv.DictReader(io.StringIO(to_csv(case[0]))))
    assert len(found) == len(rows(case[0])) > 20
    numbers = re.compile(r"-?[\d.]+(?:e[-+]\d+)?")
    for row in found:
        assert set(row) == set(COLUMNS)
        for value in row.values():
            assert not value.startswith(("=", "+", "-", "@", "\t", "\r")) or numbers.fullmatch(value)


def test_parquet_holds_the_same_rows_with_page_checksums(case: Case) -> None:
    data = to_parquet(case[0])
    table = parquet.read_table(io.BytesIO(data), page_checksum_verification=True)
    assert table.to_pylist() == rows(case[0])


def test_a_flipped_bit_of_a_parquet_page_is_found() -> None:
    data = to_parquet(CASES[0][0])
    chunk = parquet.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(COLUMNS.index("method"))
    damaged = bytearray(data)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    damaged[start + chunk.total_compressed_size - 1] ^= 0x01
    with pytest.raises(OSError, match="checksum"):
        parquet.read_table(io.BytesIO(bytes(damaged)), page_checksum_verification=True)


def test_a_model_card_is_read_by_the_hub(case: Case) -> None:
    text = model_card(*case)
    card = ModelCard(text, ignore_metadata_errors=False)
    assert card.data.get("eval_results")
    front = yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))
    name, results = model_index_to_eval_results(front["model-index"])
    assert name
    found = {it.metric_type: it for it in results}
    assert found["extraction.greedy_rate"].metric_value == 7 / 100
    args = found["extraction.greedy_rate"].metric_args
    assert args is not None
    assert args["n"] == 100
    assert len(found) == len([r for r in rows(case[0]) if r["role"] == "model" and r["status"] == "completed"])


def test_text_of_passages_leaves_only_when_it_is_asked_for() -> None:
    record, gate = CASES[0]
    passage = "associated documentation files"
    everything = texts(record, gate)
    assert [name for name, text in everything.items() if passage in text] == ["sarif with text"]
    assert passage.encode() not in to_parquet(record)


def test_full_redaction_leaves_no_name_of_a_document_in_any_format() -> None:
    record, gate = CASES[0]
    known = {"json/decoder", "covered0.py", "gate.toml", "demo"}
    formats: tuple[Format, ...] = ("sarif", "junit", "github", "csv", "modelcard")
    for to in formats:
        plain, bare = (exported(record, gate, to, mode).decode() for mode in (Mode.PARTIAL, Mode.FULL))
        assert [name for name in known if name in bare] == [], to
        assert any(name in plain for name in known), to
    assert b"associated documentation files" in exported(record, gate, "sarif", Mode.NONE)
    assert b"associated documentation files" not in exported(record, gate, "sarif", Mode.PARTIAL)


@pytest.mark.parametrize("mode", [Mode.PARTIAL, Mode.FULL])
def test_what_a_failed_audit_said_leaves_only_unredacted(mode: Mode, tmp_path: Path) -> None:
    said = "no text of patient Erika Mustermann in /home/alice/ward 7/Erika.txt; token=hf_abcdef"
    record = with_status(sample_run(), "extraction", MODEL, Failed("InputError", said))
    (tmp_path / "gate.toml").write_text('[[criterion]]\nrequire = "extraction.greedy_rate.high <= 0.5"\n')
    gate = judge(record, read_criteria(tmp_path / "gate.toml"), sample_run())
    assert "Mustermann" in gate.judgements[0].said
    formats: tuple[Format, ...] = ("sarif", "junit", "github", "csv", "modelcard")
    for to in formats:
        assert "Mustermann" in exported(record, gate, to, Mode.NONE).decode(), to
        bare = exported(record, gate, to, mode).decode()
        assert [secret for secret in ("Mustermann", "alice", "hf_") if secret in bare] == [], to
        assert "InputError" in bare, to
    page = render_html(record, gate=gate, redaction=Redaction(mode=mode))
    assert "Mustermann" not in page
    assert "failed with InputError: [withheld]" in page


def test_sarif_tells_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byheart.exports.sarif.MOST_RESULTS", 2)
    run = json.loads(sarif(*CASES[0]))["runs"][0]
    assert [result["level"] for result in run["results"]] == ["error", "none"]
    assert run["properties"]["resultsLeftOut"] == 3  # an exhibit and two places of the table
    assert (
        "3 results more than 2 were left out"
        in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    )


def test_a_fingerprint_stays_when_numbers_and_limits_change() -> None:
    def prints(gate: GateRecord) -> list[str]:
        return [
            r["partialFingerprints"]["byheart/v1"] for r in json.loads(sarif(CASES[0][0], gate))["runs"][0]["results"]
        ]

    gate = sample_gate()
    later = tuple(
        dataclasses.replace(it, criterion=it.criterion.replace("0.00", "0.5"), limit=0.5, said="Another number.")
        for it in gate.judgements
    )
    assert prints(gate) == prints(dataclasses.replace(gate, judgements=later))
    assert len(set(prints(gate))) == len(prints(gate)) == 5


def test_each_number_of_a_model_card_is_booked_under_the_text_that_it_was_measured_on() -> None:
    record = sample_run()
    assert record.provenance.trained_on["fingerprint"] != record.provenance.held_out["fingerprint"]
    names = ("attribution.beyond_share", "attribution.member_beyond_share", "membership.auc", "context.label_accuracy")
    (extraction,) = (r for r in record.results if r.audit == "extraction" and r.subject == MODEL)
    more = tuple(
        dataclasses.replace(extraction, audit=name.partition(".")[0], status=Completed((rate(name, 7, 100, 0, 100),)))
        for name in names
    )
    card = model_card(dataclasses.replace(record, results=(*record.results, *more)))
    (index,) = yaml.safe_load(card.split("---\n")[1])["model-index"]
    booked = {m["type"]: it["dataset"]["name"] for it in index["results"] for m in it["metrics"]}
    sides = {name: ("(trained on)" in text, "(held out)" in text) for name, text in booked.items()}
    assert sides["extraction.greedy_rate"] == sides["attribution.member_beyond_share"] == (True, False)
    assert sides["adaptation.bits_per_byte"] == sides["attribution.beyond_share"] == (False, True)
    assert sides["membership.auc"] == (True, True)
    assert booked["context.label_accuracy"] == "prompts that byheart made"
    assert all(it["metrics"] for it in index["results"])
