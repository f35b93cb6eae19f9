"""Terminals, pipes, logs of build servers and plain locales."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from byheart.cli.outlets import CLOSED_PIPE, has_colours, without_commands
from byheart.cli.session import folded
from tests import hostile
from tests.cli.in_process import SERVERS, run

TEXT = "".join(f"the cat sat on mat number {number} — Füße, 日本語\n" for number in range(400))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(TEXT, "utf-8")
    assert run("index", str(folder / "a.txt"), str(folder / "b.txt"), "-o", str(folder / "idx")).code == 0
    return folder / "idx"


def environment(**env: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in SERVERS} | env


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "byheart", *arguments]


def test_a_reader_that_closes_the_pipe_gets_no_traceback_and_no_gate_code(index: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("".join(f"mat number {number}\n" for number in range(20_000)))
    asked = command("count", "--file", str(tmp_path / "lines.txt"), "--index", str(index))
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        said = child.stderr.read()
    assert said == b""
    assert child.returncode == CLOSED_PIPE


@pytest.mark.parametrize(
    "env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}]
)
def test_a_locale_that_knows_ascii_only_does_not_crash(index: Path, env: dict[str, str]) -> None:
    asked = command("trace", str(index.parent / "a.txt"), "--index", str(index), "-q")
    done = subprocess.run(asked, capture_output=True, env=environment(**env), check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "1: the cat sat" in done.stdout.decode("utf-8")  # click takes a terminal of today for one of UTF-8


@pytest.mark.parametrize(("encoding", "word"), [("latin-1", "Füße"), ("cp1252", "Füße"), ("cp437", "Füße")])
def test_a_code_page_gets_something_like_what_it_lacks(index: Path, encoding: str, word: str) -> None:
    asked = command("trace", str(index.parent / "a.txt"), "--index", str(index), "-q")
    env = environment(PYTHONIOENCODING=encoding)
    done = subprocess.run(asked, capture_output=True, env=env, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode(encoding)
    assert "[[1: the cat sat" in shown
    assert word in shown
    assert "<U+65E5>" in shown


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"CLICOLOR_FORCE": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_colours_follow_the_variables(index: Path, env: dict[str, str], expected: bool) -> None:
    done = run("trace", str(index.parent / "a.txt"), "--index", str(index), **env)
    assert (b"\x1b[" in done.stdout) == expected


@pytest.mark.parametrize(("env", "expected"), [({}, True), ({"TERM": "dumb"}, False), ({"CLICOLOR": "0"}, False)])
def test_a_terminal_has_colours_unless_it_is_dumb_or_nobody_wants_them(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], expected: bool
) -> None:
    for name in (*SERVERS, "CLICOLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        assert has_colours(terminal) == expected
    os.close(ours)


def test_a_log_gets_lines_and_no_bar(index: Path, tmp_path: Path) -> None:
    done = run("index", str(index.parent / "a.txt"), "-o", str(tmp_path / "idx"), "-v")
    said = hostile.check_terminal(done.stderr)
    assert "\r" not in said
    assert any(line.startswith("  Read ") for line in said.splitlines())
    assert any(line.startswith("  sort: ") for line in said.splitlines())


def test_quiet_says_nothing_even_with_verbose(index: Path, tmp_path: Path) -> None:
    done = run("trace", str(index.parent / "a.txt"), "--index", str(index), "-q", "-v")
    assert done.stderr == b""


def test_verbose_says_that_an_index_was_checked_before(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byheart.index.storing.stamps.SETTLED_SECONDS", 0)
    asked = ("trace", str(index.parent / "a.txt"), "--index", str(index), "-v")
    run(*asked)
    assert b"not hashed again" in run(*asked).stderr
    assert b"not hashed again" not in run(*asked[:-1]).stderr


def test_only_a_build_server_is_kept_from_obeying(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SERVERS:
        monkeypatch.delenv(name, raising=False)
    text = "::error::x\n  ::add-mask::y\na::b ##[group]z ##vso[x]"
    assert without_commands(text) == text
    monkeypatch.setenv("CI", "true")
    assert without_commands(text) == (
        "⟨U+003A⟩:error::x\n  ⟨U+003A⟩:add-mask::y\na::b ⟨U+0023⟩#[group]z ⟨U+0023⟩#vso[x]"
    )
    hostile.check_ci(without_commands(hostile.TEXT.replace("\x0b", "").replace("\x0c", "")).encode())


def test_lines_fold_two_columns_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert folded(["one two three four five six", "seven"]).splitlines() == [
        "one two three four",
        "  five six",
        "seven",
    ]
