"""New training text against canaries and benchmarks: as a command, and as the hook that pre-commit runs."""

import codecs
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from typer.testing import CliRunner

from byheart.cli.app import app
from byheart.errors import ConfigError, FormatError, SourceError
from byheart.integrations.data_check import Found, Patterns, check_files
from byheart.study.canary_planting import make_canaries
from tests.study.test_contamination import DOCUMENTS, LEAK, byte_index, normalised

ROOT = Path(__file__).parents[2]
SHORT = "only eight words are in this very question"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_canaries(folder / "canaries.jsonl", num_pairs=6, repetitions=(1,), digits=4, words=3, seed=3)
    items = [{"id": "fox", "question": LEAK}, {"id": "short", "question": SHORT}, {"id": "tiny", "question": "Why?"}]
    (folder / "bench.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    return folder


@pytest.fixture
def patterns(folder: Path) -> Patterns:
    made = Patterns()
    made.add_canaries(str(folder / "canaries.jsonl"))
    made.add_benchmark(str(folder / "bench.jsonl"))
    return made


def found_in(patterns: Patterns, path: Path, content: str | bytes) -> list[Found]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(check_files([str(path)], patterns))


def test_an_item_is_found_in_every_disguise_with_its_line(patterns: Patterns, tmp_path: Path) -> None:
    disguised = LEAK.upper().replace("--", "\u2014").replace(" ", "\n", 3)
    (one,) = found_in(patterns, tmp_path / "a.txt", f"First line.\n\n{disguised}\nand {SHORT.split()[0]}")
    assert (one.line, one.pattern.name, one.num_words) == (3, "fox", 18)
    (one,) = found_in(patterns, tmp_path / "b.txt", f"a\n{SHORT}!")
    assert (one.line, one.pattern.name, one.num_words) == (2, "short", 8)
    assert found_in(patterns, tmp_path / "c.txt", " ".join(LEAK.split()[:9])) == []
    assert found_in(patterns, tmp_path / "d.txt", " ".join(SHORT.split()[:7]) + " Why?") == []


@pytest.mark.parametrize("text", [LEAK, SHORT, " ".join(LEAK.split()[:13]), " ".join(LEAK.split()[2:14]), "x " + SHORT])
def test_it_finds_what_contaminated_finds(text: str, tmp_path: Path) -> None:
    """The question is in the text, or the text in the question: both rules are the same."""
    from byheart.study.benchmark import Item
    from byheart.study.contamination import Contamination

    (tmp_path / "bench.jsonl").write_text(json.dumps({"question": text}) + "\n")
    patterns = Patterns()
    patterns.add_benchmark(str(tmp_path / "bench.jsonl"))
    documents = [*DOCUMENTS, SHORT]
    judge = Contamination(normalised(*documents), byte_index(*documents))
    (finding,) = judge.findings([Item("0", 1, (("question", text),))])
    found = [one for number, document in enumerate(documents) for one in patterns.found_in(str(number), document, None)]
    assert bool(found) == (finding.verdict == "leaked")
    if found:
        assert found[0].num_words == finding.longest_words


def test_a_canary_is_found_by_what_it_begins_with_and_never_said(folder: Path, patterns: Patterns) -> None:
    from byheart.corpus.secrets import read_secrets

    for pair in read_secrets(folder / "canaries.jsonl").pairs:
        for text in pair.texts:
            (one,) = patterns.found_in("new.txt", f"so {text.lower()} it is", None)
            assert (one.pattern.kind, one.pattern.name, one.text) == ("canary", pair.name, "")
            assert not any(secret in str(one) for secret in pair.secrets)


def test_records_are_looked_through_string_by_string(patterns: Patterns, tmp_path: Path) -> None:
    lines: list[Any] = [
        {"messages": [{"role": "user", "content": LEAK}]},
        {"prompt": SHORT[:20], "answer": SHORT[20:]},  # two strings are no run
        {"text": f"\ud800 {SHORT}"},
    ]
    content = "\n".join(json.dumps(line) for line in lines) + f"\nnot JSON: {SHORT}\n"
    found = found_in(patterns, tmp_path / "a.jsonl", content)
    assert [(one.line, one.pattern.name) for one in found] == [(1, "fox"), (3, "short"), (4, "short")]
    pq.write_table(pa.table({"text": ["nothing", LEAK]}), tmp_path / "a.parquet")
    assert [one.line for one in check_files([str(tmp_path / "a.parquet")], patterns)] == [2]


def test_hostile_text_is_looked_through_and_shown_harmless(patterns: Patterns, tmp_path: Path) -> None:
    words = LEAK.split()
    hostile = (
        f"\x1b]52;c;x\x07\u202e</script>::error::\x00 {words[0]} \x1b[2J{' '.join(words[1:])}".encode() + b"\xff\xfe"
    )
    (one,) = found_in(patterns, tmp_path / "a\nb.txt", hostile + b" x" * 500_000)
    said = str(one)
    assert said.isprintable()
    assert "a⟨U+000A⟩b.txt:1: benchmark item 'fox'" in said


def test_lists_of_others_are_a_canary_a_line_and_what_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    patterns = Patterns()
    (tmp_path / "list.txt").write_text("\ncanary GUID 26b5c67b-86da\n")
    patterns.add_canaries(str(tmp_path / "list.txt"))
    (one,) = patterns.found_in("x", "see CANARY guid 26B5C67B 86da", None)
    assert (one.pattern.name, one.num_words) == ("line 2", 4)
    (tmp_path / "short.txt").write_text("long enough\nabc\n")
    with pytest.raises(ConfigError, match="Line 2 has fewer"):
        patterns.add_canaries(str(tmp_path / "short.txt"))
    with pytest.raises(SourceError):
        patterns.add_canaries(str(tmp_path / "none"))
    changed = (folder / "canaries.jsonl").read_text().replace('"repetitions":1', '"repetitions":2', 1)
    (tmp_path / "changed.jsonl").write_text(changed)
    with pytest.raises(FormatError):
        patterns.add_canaries(str(tmp_path / "changed.jsonl"))


def test_the_command_exits_1_with_file_and_line_and_0_where_nothing_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text(f"\n{LEAK}")
    (tmp_path / "good.txt").write_text("nothing of it")
    options = ["--benchmark", str(folder / "bench.jsonl"), "--canaries", str(folder / "canaries.jsonl")]
    bad = CliRunner().invoke(app, ["data-check", str(tmp_path / "bad.txt"), *options])
    assert bad.exit_code == 1
    assert bad.stdout.startswith(f"{tmp_path / 'bad.txt'}:2: benchmark item 'fox' of ")
    good = CliRunner().invoke(app, ["data-check", str(tmp_path / "good.txt"), str(folder / "bench.jsonl"), *options])
    assert (good.exit_code, good.stdout) == (0, "")  # the benchmark itself is no training text
    told = CliRunner().invoke(app, ["data-check", str(tmp_path / "bad.txt"), *options, "--json"])
    assert told.exit_code == 1
    (row,) = json.loads(told.stdout)["found"]
    assert (row["line"], row["kind"], row["name"]) == (2, "benchmark item", "fox")
    with pytest.raises(ConfigError, match="nothing to look for"):
        CliRunner().invoke(app, ["data-check", str(tmp_path / "bad.txt")], catch_exceptions=False)


def run(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        arguments, cwd=cwd, env={**outside, **env}, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_hook_stops_a_commit_and_lets_another_pass(folder: Path, tmp_path: Path) -> None:
    """The hook as this repository offers it, in the environment that runs the tests: nothing is installed."""
    (hook,) = __import__("yaml").safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "byheart-data"
    entry = f"{sys.executable} -c 'from byheart.cli.app import data_main; data_main()'"
    local = {**hook, "language": "system", "entry": entry}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(json.dumps(config))
    (tmp_path / "byheart.toml").write_text(
        f'[data-check]\nbenchmark = ["{folder / "bench.jsonl"}"]\ncanaries = ["{folder / "canaries.jsonl"}"]\n'
    )
    env = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    env |= {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    run("git", "init", "-q", cwd=tmp_path, **env)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "new text.txt").write_text("nothing of it\n")
    run("git", "add", "data", ".pre-commit-config.yaml", cwd=tmp_path, **env)
    command = (sys.executable, "-m", "pre_commit", "run", "--color", "never")
    passed = run(*command, cwd=tmp_path, **env)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout
    (tmp_path / "data" / "new text.txt").write_text(f"fine\n{LEAK}\n")
    run("git", "add", "data", cwd=tmp_path, **env)
    stopped = run(*command, cwd=tmp_path, **env)
    assert stopped.returncode == 1
    assert "exit code: 1" in stopped.stdout
    assert "data/new text.txt:2: benchmark item 'fox'" in stopped.stdout


def _kept(name: str, tmp_path: Path) -> Path:
    """LEAK behind one line, in many containers."""
    text = f"first\n{LEAK}\n"
    cell = {"cell_type": "code", "source": ["first\n", *(f"{word}\n" for word in LEAK.split())]}
    broken = LEAK.replace(" ", "\n", 4)
    contents: dict[str, bytes] = {
        "a.txt.gz": gzip.compress(text.encode()),
        "a.MD.ZST": zstandard.compress(text.encode()),
        "marked8.txt": text.encode("utf-8-sig"),
        "marked16.txt": text.encode("utf-16"),
        "marked32.txt": codecs.BOM_UTF32_BE + text.encode("utf-32-be"),
        "a.json": json.dumps({"rows": [{"text": broken}]}, indent=1).encode(),
        "lines.json": b'{"text": 1}\n' + json.dumps({"text": broken}).encode(),
        "list.JSONL": b"[1]\n" + json.dumps(["x", broken]).encode(),
        "a.ipynb": json.dumps({"cells": [cell]}).encode(),
        "a.csv": f'id,text\n1,"{LEAK}"\n'.encode(),
    }
    if name in contents:
        (tmp_path / name).write_bytes(contents[name])
    else:
        rows = [
            {"question": "no", "answers": [{"said": LEAK}], "raw": b"\xff"},
            {"question": LEAK, "raw": LEAK.encode()},
        ]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.txt.gz", [2]), ("a.MD.ZST", [2]), ("marked8.txt", [2]), ("marked16.txt", [2]), ("marked32.txt", [2]),
        ("a.json", [1]), ("lines.json", [2]), ("list.JSONL", [2]), ("a.ipynb", [1]), ("a.csv", [2]),
        ("a.parquet", [1, 2, 2]),
    ],
)  # fmt: skip
def test_a_leak_is_found_in_whatever_keeps_it(patterns: Patterns, tmp_path: Path, name: str, lines: list[int]) -> None:
    path = _kept(name, tmp_path)
    assert [one.line for one in check_files([str(path)], patterns)] == lines
    (hook,) = __import__("yaml").safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert re.search(hook["files"], path.name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("packed.txt", gzip.compress(LEAK.encode())),
        ("packed.jsonl", gzip.compress(LEAK.encode())),
        ("wide.txt", LEAK.encode("utf-16-le")),
        ("wide.jsonl", json.dumps({"text": LEAK}).encode("utf-16")),
        ("odd.txt", LEAK.encode("utf-16") + b"x"),
        ("a.docx", b"PK\x03\x04" + b"x" * 400),
        ("cut.txt.gz", gzip.compress(LEAK.encode() * 99)[:-9]),
        ("deep.json", b"[" * 100_000 + b"]" * 100_000),
        ("deep.jsonl", b"[" * 100_000 + b"]" * 100_000),
        ("a.parquet", b"PAR1 and nothing"),
        ("none.txt", None),
    ],
)
def test_what_cannot_be_read_is_refused_and_never_clean(
    patterns: Patterns, tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        list(check_files([str(tmp_path / name)], patterns))
    assert caught.value.exit_code == 3
    assert name in caught.value.what
