"""What happened, why, what to type next; and the exit codes that scripts rely on."""

import gzip
import json
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from byheart.cli.app import app
from byheart.core.audit import Profile
from byheart.report.redaction import Mode
from byheart.study.exporting import Format
from tests.cli.command import byheart


def record(text: object) -> bytes:
    return json.dumps({"text": text}).encode() + b"\n"


@pytest.mark.parametrize(
    ("name", "data", "named"),
    [
        ("latin.txt", "ok\nFüße\n".encode("latin-1"), "latin.txt:2"),
        ("empty.txt", b"", "empty.txt"),
        ("lines.jsonl", record("fine") + b'{"body": 1}\n', "lines.jsonl:2"),
        ("broken.jsonl", record("fine") + b'{"text": \n', "broken.jsonl:2"),
        ("short.jsonl.gz", gzip.compress(record("fine " * 2000) * 50)[:-40], "short.jsonl.gz"),
        ("no.parquet", b"PAR1 not really", "no.parquet"),
    ],
)
def test_bad_input_exits_3_and_names_file_and_line(tmp_path: Path, name: str, data: bytes, named: str) -> None:
    (tmp_path / name).write_bytes(data)
    done = byheart("index", str(tmp_path / name), "-o", str(tmp_path / "idx"), "-q")
    assert done.returncode == 3
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "idx").exists()


def test_skip_bad_keeps_what_was_good(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(record("first text") + b"nonsense\n" + record("second text"))
    done = byheart("index", str(tmp_path / "a.jsonl"), "-o", str(tmp_path / "idx"), "--skip-bad", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("index", "nowhere", "-o", "idx"), 3),
        (("count", "x", "--index", "nowhere"), 3),
        (("verify", "."), 3),
        (("report", "nowhere"), 3),
        (("trace", "nowhere.txt", "--index", "nowhere"), 3),
        (("indx",), 2),
        (("index",), 2),
        (("index", ".", "-o", "idx", "--unit", "words"), 2),
        (("index", ".", "-o", "idx", "--unit", "tokens"), 2),
        (("audit", "memorizer:infinigrm", "--trained-on", "t", "--held-out", "t", "-o", "r"), 2),
        (("audit", "smollm2", "--trained-on", "t", "--held-out", "t", "-o", "r", "--audits", "extracton"), 2),
        (("audit", "smollm2", "--trained-on", "t", "--held-out", "t", "-o", "r", "--profile", "fast"), 2),
    ],
)
def test_exit_codes(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    done = byheart(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_a_mistyped_command_gets_a_hint(tmp_path: Path) -> None:
    assert "index" in byheart("indx", cwd=tmp_path).stderr


def test_a_mistyped_profile_gets_a_hint(tmp_path: Path) -> None:
    done = byheart("audit", "m", "--trained-on", "t", "--held-out", "t", "-o", "r", "--profile", "quik", cwd=tmp_path)
    assert "Did you mean 'quick'?" in done.stderr


@pytest.mark.parametrize("command", ["report", "export"])
def test_a_mistyped_redaction_gets_a_hint(command: str, tmp_path: Path) -> None:
    done = byheart(command, "run", "--redact", "ful", *(("--to", "csv") if command == "export" else ()), cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean 'full'?" in done.stderr
    assert "Value error" not in done.stderr


@pytest.mark.parametrize(
    ("command", "option", "choices"),
    [
        ("export", "--to", get_args(Format)),
        ("export", "--redact", tuple(Mode)),
        ("report", "--redact", tuple(Mode)),
        ("audit", "--profile", get_args(Profile)),
        ("lab", "--profile", get_args(Profile)),
    ],
)
def test_help_shows_what_may_be_chosen(command: str, option: str, choices: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
    lines = [line for line in shown.splitlines() if f" {option} " in line]
    assert any(f"<{'|'.join(choices)}>" in line for line in lines)


def test_hostile_names_reach_no_terminal(tmp_path: Path) -> None:
    done = byheart("index", "\x1b]52;c;aGk=\x07\u202etxt", "-o", str(tmp_path / "idx"))
    assert done.returncode == 3
    assert "\x1b]" not in done.stderr
    assert "\u202e" not in done.stderr


def test_pickle_weights_are_refused_with_exit_4(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}')
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    (tmp_path / "t.txt").write_text("a\n\nb\n")
    done = byheart(
        "audit", str(model), "--trained-on", str(tmp_path / "t.txt"), "--held-out", str(tmp_path / "t2.txt"),
        "-o", str(tmp_path / "run"), "-q",
    )  # fmt: skip
    assert done.returncode == 3  # the held-out file is missing, which is found first
    (tmp_path / "t2.txt").write_text("one\ntwo\nthree\n")
    done = byheart(
        "audit", str(model), "--trained-on", str(tmp_path / "t.txt"), "--held-out", str(tmp_path / "t2.txt"),
        "-o", str(tmp_path / "run2"), "-q", "--lines",
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
