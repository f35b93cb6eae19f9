from pathlib import Path

import pytest

from byheart.cli.explain_commands import MIN_CONFIDENCE, MIN_SUPPORT
from byheart.memorizers.rules import Thresholds
from tests.cli.command import answer, byheart

LINES = "if a not x\nif b not x\nif c not x\nof a not y\nof b not y\nof c not y\n\x1b]0; \x1b]0; if\n"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "lines.txt").write_text(LINES, "utf-8")
    arguments = ("--lines", "--unit", "tokens", "--tokenizer", "whitespace")
    done = byheart("index", str(folder / "lines.txt"), "-o", str(folder / "idx"), *arguments)
    assert done.returncode == 0, done.stderr
    return folder / "idx"


def test_the_rules_of_a_token_are_read_as_formulae(index: Path) -> None:
    done = byheart("explain-rules", "--index", str(index), "--token", "x")
    assert done.stdout.splitlines()[0] == "[x-3 = 'if'] -> 'x' (support 3, confidence 1.00)"
    found = answer("explain-rules", "--index", str(index), "--token", "x")
    assert found["rules"][0] == {
        "literals": [{"offset": 3, "token": "if"}], "output": "x", "support": 3, "hits": 3, "confidence": 1.0,
    }  # fmt: skip
    assert {rule["output"] for rule in found["rules"]} == {"x"}
    assert found["min_support"] == 3


def test_the_most_supported_rules_come_first_with_the_end_of_a_document_among_them(index: Path) -> None:
    found = answer("explain-rules", "--index", str(index), "--limit", "2")
    assert len(found["rules"]) == 2
    assert found["num_rules"] > 2
    assert found["rules"][0]["literals"] == [{"offset": 2, "token": "not"}]
    assert (found["rules"][0]["output"], found["rules"][0]["support"]) == ("<end of document>", 3 + 3)
    assert found["rules"][1]["support"] == 3


def test_thresholds_choose_the_rules(index: Path) -> None:
    strict, loose = (
        answer("explain-rules", "--index", str(index), "--min-support", support, "--limit", "1000")["rules"]
        for support in ("4", "1")
    )
    assert min(rule["support"] for rule in strict) >= 4
    assert min(rule["support"] for rule in loose) == 1


def test_text_of_the_corpus_cannot_command_the_terminal(index: Path) -> None:
    done = byheart("explain-rules", "--index", str(index), "--min-support", "1", "--limit", "1000")
    assert "]0;" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_text_of_several_tokens_and_an_index_of_bytes_are_refused(index: Path, tmp_path: Path) -> None:
    done = byheart("explain-rules", "--index", str(index), "--token", "if a")
    assert done.returncode == 2
    assert "2 tokens" in done.stderr
    (tmp_path / "a.txt").write_text("abc")
    assert byheart("index", str(tmp_path / "a.txt"), "-o", str(tmp_path / "idx"), "-q").returncode == 0
    done = byheart("explain-rules", "--index", str(tmp_path / "idx"))
    assert done.returncode == 2
    assert "--unit tokens" in done.stderr


def test_the_defaults_are_those_of_the_memorizer() -> None:
    assert Thresholds(MIN_SUPPORT, MIN_CONFIDENCE) == Thresholds()
