"""A hostile corpus from the index to the page: every command, as a pipe, as JSON, on a terminal, on a build server."""

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import hostile
from tests.browser.conftest import OpenPage
from tests.browser.explorer_server import own_cache, served
from tests.browser.seeing import grave_violations
from tests.cli.in_process import Done, run

SERVER = {"GITHUB_ACTIONS": "true"}


@dataclass(frozen=True)
class Corpus:
    """Both sides, indexes of the seen one, a benchmark, and one of its documents."""

    folder: Path
    sides: hostile.Sides
    indexed: bytes
    """What the two builds said."""

    @property
    def document(self) -> str:
        return str(self.sides.seen / f"0{hostile.NAMES[0]}")

    def commands(self) -> dict[str, tuple[str, ...]]:
        """Every command that answers, but the audit."""
        in_bytes, in_tokens = ("--index", str(self.folder / "bytes")), ("--index", str(self.folder / "tokens"))
        memorizer = ("--with", "memorizer:infinigram", *in_tokens)
        return {
            "count": ("count", hostile.ATTACKS["bidi"], "<script>", *in_bytes),
            "trace": ("trace", self.document, *in_bytes, "--held-out", str(self.sides.unseen)),
            "attribute": ("attribute", self.document, *memorizer, "--floor", str(self.sides.unseen)),
            "duplicates": ("duplicates", str(self.folder / "bytes"), "--limit", "60"),
            "contaminated": ("contaminated", str(self.folder / "bench.jsonl"), *in_bytes),
            "score": ("score", self.document, *memorizer, "--all"),
            "explain-rules": ("explain-rules", *in_tokens),
        }


COMMANDS = ("count", "trace", "attribute", "duplicates", "contaminated", "score", "explain-rules")


def done(*arguments: str, **env: str) -> Done:
    it = run(*arguments, **env)
    assert it.code == 0, it.stderr.decode()
    return it


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("hostile")
    sides = hostile.write_corpus(folder, sentences=20)
    items = ({"id": kind, "question": f"{text} {hostile.SHORT}"} for kind, text in hostile.ATTACKS.items())
    (folder / "bench.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    builds = [
        done("index", str(sides.seen), "-o", str(folder / unit), "--unit", unit, *more)
        for unit, more in (("bytes", ()), ("tokens", ("--tokenizer", "whitespace")))
    ]
    return Corpus(folder, sides, b"".join(it.stdout + it.stderr for it in builds))


@pytest.fixture(scope="module")
def audited(corpus: Corpus) -> tuple[Path, Done]:
    """A memorizer of the hostile text, which writes hostile text, audited."""
    sides = ("--trained-on", str(corpus.sides.seen), "--held-out", str(corpus.sides.unseen))
    path = corpus.folder / "run"
    told = done("audit", "memorizer:infinigram", *sides, "-o", str(path), "--audits", "extraction,novelty", "-v")
    return path, told


@pytest.mark.parametrize("name", COMMANDS)
def test_a_pipe_gets_nothing_that_drives_hides_or_reorders(corpus: Corpus, name: str) -> None:
    hostile.check_terminal(corpus.indexed)
    it = done(*corpus.commands()[name], "-v" if name != "count" else "--json")
    assert len(hostile.check_terminal(it.stdout)) > 10
    hostile.check_terminal(it.stderr)


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_one_document_that_a_build_server_does_not_obey(corpus: Corpus, name: str) -> None:
    it = done(*corpus.commands()[name], "--json", **SERVER)
    assert hostile.check_json(it.stdout)
    hostile.check_ci(it.stdout)


@pytest.mark.parametrize("name", ["trace", "attribute", "score"])
def test_a_build_server_obeys_no_line(corpus: Corpus, name: str) -> None:
    it = done(*corpus.commands()[name], "--all" if name == "attribute" else "-v", **SERVER)
    hostile.check_ci(it.stdout)
    hostile.check_ci(it.stderr)
    assert "⟨U+003A⟩:error" in it.stdout.decode() or name != "attribute"


def test_a_terminal_gets_our_colours_and_none_of_the_corpus(corpus: Corpus) -> None:
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    for name in ("NO_COLOR", "CI", "GITHUB_ACTIONS"):
        env.pop(name, None)
    command = [sys.executable, "-m", "byheart", *corpus.commands()["trace"]]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=env) as child:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so at the end of a terminal
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert child.returncode == 0
    assert b"\x1b[" in shown
    hostile.check_terminal(shown, colours=True)


def test_a_line_of_a_megabyte_is_traced_and_shown_in_parts(corpus: Corpus, tmp_path: Path) -> None:
    it = done("trace", str(hostile.write_huge(tmp_path)), "--index", str(corpus.folder / "bytes"))
    text = hostile.check_terminal(it.stdout)
    assert "characters ...]" in text
    assert len(text) < 30_000


def test_a_broken_file_with_a_hostile_name_is_named_in_one_line(tmp_path: Path) -> None:
    for name in hostile.NAMES:
        (tmp_path / name).write_bytes(b"\xff\xfe not utf-8")
    it = run("index", str(tmp_path), "-o", str(tmp_path / "idx"), **SERVER)
    assert it.code == 3
    text = hostile.check_terminal(it.stderr)
    hostile.check_ci(it.stderr)
    assert "⟨U+000A⟩" in text or "and 6 more" in text
    assert "Traceback" not in text


def test_half_characters_of_json_are_refused_or_left_out(tmp_path: Path) -> None:
    source = tmp_path / "s.jsonl"
    source.write_text(json.dumps({"text": hostile.SURROGATE}) + "\n" + json.dumps({"text": "whole"}) + "\n")
    refused = run("index", str(source), "-o", str(tmp_path / "idx"))
    assert refused.code == 3
    assert "s.jsonl:1" in hostile.check_terminal(refused.stderr)
    assert done("index", str(source), "-o", str(tmp_path / "idx"), "--skip-bad", "-q").code == 0


def test_an_audit_shows_nothing_that_drives_hides_or_reorders(audited: tuple[Path, Done]) -> None:
    path, told = audited
    hostile.check_terminal(told.stdout)
    hostile.check_terminal(told.stderr)
    samples = (path / "results.jsonl").read_bytes()
    assert rb"\u202e" in samples or rb"\u001b" in samples  # or nothing hostile was recited, and this shows nothing


CRITERIA = """
[[criterion]]
require = "extraction.greedy_excess.high <= 0.001"
why = '''<script>hit()</script> | ::error::x ]]> `'''
"""


def test_a_gate_and_every_export_stay_in_their_format(audited: tuple[Path, Done], corpus: Corpus) -> None:
    run_folder = str(audited[0])
    criteria = corpus.folder / "gate.toml"
    criteria.write_text(CRITERIA, "utf-8")
    gate = ("gate", run_folder, "--criteria", str(criteria))
    told = run(*gate)
    assert told.code in (1, 7)
    hostile.check_terminal(told.stdout)
    assert hostile.check_json(run(*gate, "--json").stdout)
    for level in ("none", "full"):
        made = {
            kind: done("export", run_folder, "--to", kind, "--criteria", str(criteria), "--redact", level).stdout
            for kind in ("sarif", "junit", "csv", "modelcard", "github")
        }
        hostile.check_json(made["sarif"])
        hostile.check_xml(made["junit"])
        hostile.check_csv(made["csv"].decode("utf-8"))
        hostile.check_terminal(made["modelcard"])
        commands = hostile.check_terminal(made["github"]).splitlines()
        assert all(re.match(r"::(error|warning|notice) title=byheart|::(error|warning) title=", it) for it in commands)


@pytest.mark.parametrize("mode", [pytest.param("partial", marks=pytest.mark.slow), "full"])
def test_redacted_pages_neither_run_nor_break(
    audited: tuple[Path, Done], corpus: Corpus, open_page: OpenPage, mode: str
) -> None:
    page_file = corpus.folder / f"{mode}.html"
    done("report", str(audited[0]), "--redact", mode, "-o", str(page_file))
    page = open_page(page_file, viewport={"width": 390, "height": 900})
    assert hostile.stumbles(page) == []


def test_the_explorer_of_the_audit_neither_runs_nor_breaks(
    audited: tuple[Path, Done], open_page: OpenPage, tmp_path: Path
) -> None:
    with served(audited[0], own_cache(tmp_path / "cache")) as address:
        for width in (390, 1280):
            page = open_page(f"{address}ask", viewport={"width": width, "height": 900})
            page.get_by_label("Text", exact=True).fill(hostile.TEXT.replace("\0", ""))
            page.locator("#spans mark").first.wait_for(timeout=30_000)
            faults = {"ask": hostile.stumbles(page)}
            for path in ("", "passages", "passages/1", "documents", "documents/0", "documents/3"):
                page.goto(address + path)
                faults[path] = hostile.stumbles(page)
            assert {path: found for path, found in faults.items() if found} == {}


@pytest.mark.slow
def test_a_network_that_learned_hostile_text_writes_it_and_nothing_obeys(tmp_path: Path, open_page: OpenPage) -> None:
    sides = hostile.write_corpus(tmp_path, sentences=60)
    model, path = str(tmp_path / "model"), tmp_path / "run"
    trained = done("train", str(sides.seen), "-o", model, "--steps", "120", "--vocabulary", "512", "--context", "128")
    hostile.check_terminal(trained.stdout + trained.stderr)
    asked = ("--trained-on", str(sides.seen), "--held-out", str(sides.unseen), "-o", str(path))
    told = done("audit", model, *asked, "--audits", "extraction,novelty,propensity,attribution")
    hostile.check_terminal(told.stdout)
    hostile.check_terminal(told.stderr)
    written = (path / "results.jsonl").read_text("ascii")
    assert "<script>" in written
    assert "\\u001b" in written
    for width in (390, 1280):
        page = open_page(path / "report.html", viewport={"width": width, "height": 900})
        page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        assert hostile.stumbles(page) == []
        assert grave_violations(page) == []


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.slow)])
def test_the_page_of_the_audit_neither_runs_nor_breaks(
    audited: tuple[Path, Done], open_page: OpenPage, width: int
) -> None:
    page = open_page(audited[0] / "report.html", viewport={"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert hostile.stumbles(page) == []
    assert page.evaluate("document.scripts.length") == 0
    if width == 390:  # axe takes seconds
        assert grave_violations(page) == []


def test_the_answer_of_the_audit_is_json(audited: tuple[Path, Done], corpus: Corpus) -> None:
    sides = ("--trained-on", str(corpus.sides.seen), "--held-out", str(corpus.sides.unseen))
    again = ("audit", "memorizer:infinigram", *sides, "-o", str(audited[0]), "--audits", "extraction,novelty", "--json")
    assert hostile.check_json(done(*again, **SERVER).stdout)["schema"] == 1
