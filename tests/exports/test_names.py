"""What exports call things: runs without folders, results told apart, numbers and cells as their readers read them."""

import csv
import dataclasses
import io
import json
from typing import Any

import pytest
import yaml

from byheart.core.evidence import Refusal, Table
from byheart.core.judgement import GateRecord
from byheart.core.run_record import RunRecord
from byheart.core.strings import without_folders
from byheart.exports.github import annotations, summary
from byheart.exports.junit import junit
from byheart.exports.modelcard import model_card
from byheart.exports.passages import came_out
from byheart.exports.sarif import sarif
from byheart.exports.tables import to_csv
from tests.exports.hostile import sample_gate, with_coverage
from tests.report.sample_run import LOOKUP, MODEL, rate, sample_run, with_estimate, with_evidence


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("/home/alice/merger-2027/model", "model"),
        ("/home/alice/my models/the one/", "the one"),
        ("~/merger-2027/model", "model"),
        ("../merger-2027/model", "model"),
        ("C:\\Users\\alice\\model", "model"),
        ("\\\\server\\alice\\model", "model"),
        ("gguf:/home/alice/q4.gguf", "q4.gguf"),
        ("gguf:merger-2027/q4.gguf", "q4.gguf"),
        ("http://alice.internal:8000/v1#name", "v1#name"),
        ("HuggingFaceTB/SmolLM2-135M", "HuggingFaceTB/SmolLM2-135M"),
        ("A small transformer on 1/2 of the text", "A small transformer on 1/2 of the text"),
        ("/", "unnamed"),
    ],
)
def test_a_title_names_no_folder_and_no_host(title: str, shown: str) -> None:
    assert without_folders(title) == shown


def test_no_export_says_where_a_model_lies() -> None:
    record = dataclasses.replace(sample_run(), title="/home/alice/merger-2027/model")
    gate = sample_gate()
    texts = (
        sarif(record, gate),
        junit(record, gate),
        summary(record, gate),
        annotations(record, gate),
        annotations(record, None),
        model_card(record, gate),
        to_csv(record),
    )
    assert [text[:200] for text in texts if "alice" in text or "merger" in text] == []
    assert "byheart gate: model" in texts[1]


def results(record: RunRecord, gate: GateRecord | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(sarif(record, gate))["runs"][0]["results"]
    return found


def prints(found: list[dict[str, Any]]) -> list[str]:
    return [it["partialFingerprints"]["byheart/v1"] for it in found]


def several(*changes: dict[str, Any]) -> GateRecord:
    """Failed criteria on one number that differ in what is given."""
    failed = sample_gate().judgements[1]
    return dataclasses.replace(sample_gate(), judgements=tuple(dataclasses.replace(failed, **it) for it in changes))


def test_criteria_on_one_number_have_fingerprints_of_their_own() -> None:
    path = "extraction.greedy_rate.high"
    gate = several(*({"criterion": f"{path} <= 0.00{place}"} for place in range(5)))
    found = prints(results(sample_run(), gate))
    assert len(set(found)) == len(found) >= 5
    first = prints(results(sample_run(), several({"criterion": f"{path} <= 0.5"})))
    assert first[0] == found[0], "the first of a kind is what it was before there were others"


def test_a_rule_has_the_reasons_of_all_its_criteria_and_the_subject() -> None:
    path = "extraction.greedy_rate.high <= 0.00"
    gate = several(
        {"criterion": f"{path}1", "why": "The licence."},
        {"criterion": f"{path}2", "why": "The board."},
        {"criterion": f"{path}1", "why": "The harness.", "subject": LOOKUP},
    )
    rules = json.loads(sarif(sample_run(), gate))["runs"][0]["tool"]["driver"]["rules"]
    assert {it["id"]: it["fullDescription"]["text"] for it in rules[:2]} == {
        "criterion/extraction.greedy_rate.high": "The licence. / The board.",
        f"criterion/extraction.greedy_rate.high/{LOOKUP}": "The harness.",
    }


def test_two_sources_may_have_a_document_of_one_name() -> None:
    record = with_coverage(sample_run(), rows=1)
    before = len(came_out(record))
    result = record.of("extraction", MODEL)
    assert result is not None
    table = result.evidence[-1]
    assert isinstance(table, Table)
    twice = dataclasses.replace(table, rows=(*table.rows, ("covered0.py", 700, 90, 300, 2, "yes", "yes", "yes")))
    both = with_evidence(record, "extraction", MODEL, *result.evidence[:-1], twice)
    assert len(came_out(both)) == before + 1
    found = prints(results(both))
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("value", [1e-05, 2.5e-07, 1e22, 0.07, 123.0])
def test_a_number_of_a_card_is_a_number_to_every_reader_of_yaml(value: float) -> None:
    known = rate("extraction.greedy_rate", 7, 100, 0, 100)
    tiny = dataclasses.replace(known, value=value, low=value, high=value)
    card = model_card(with_estimate(sample_run(), "extraction", MODEL, tiny))
    front = yaml.safe_load(card.split("\n---\n")[0].removeprefix("---\n"))
    metrics = [it for one in front["model-index"][0]["results"] for it in one["metrics"]]
    (found,) = (it for it in metrics if it["type"] == "extraction.greedy_rate")
    assert (found["value"], found["args"]["low"]) == (value, value)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        (" =1+1", "' =1+1"),
        ("\u3000@SUM(A1)", "'\u3000@SUM(A1)"),
        ("a;=1+1", "a;'=1+1"),
        ("a; -1; b", "a;' -1; b"),
        ("5 - 3 = 2", "5 - 3 = 2"),
    ],
)
def test_no_cell_is_a_formula_in_any_edition_of_a_spreadsheet(text: str, cell: str) -> None:
    refused = Refusal(name="extraction.greedy_rate", reason=text)
    record = with_estimate(sample_run(), "extraction", MODEL, refused)
    reasons = [row["reason"] for row in csv.DictReader(io.StringIO(to_csv(record)))]
    assert cell in reasons
    assert text == cell or text not in reasons
