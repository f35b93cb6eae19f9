"""The shape of the tree: what a stranger relies on stays true."""

import ast
import importlib
import re
import statistics
from pathlib import Path

import pytest
import typer.main

from byheart.cli.app import app

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "byheart"
FILES = sorted(SOURCE.rglob("*.py"))


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_files_are_short() -> None:
    assert statistics.median(lines(path) for path in FILES) <= 150
    assert [f"{path.name}: {lines(path)}" for path in FILES if lines(path) > 500] == []


def test_no_room_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "helpers", "common", "misc", "base"}
    assert [p for p in SOURCE.rglob("*") if p.stem in empty] == []


def test_the_tree_in_architecture_is_the_tree() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    described = set(re.findall(r"^(\w+)/ ", text, flags=re.MULTILINE))
    assert described == {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}


def glossary_homes() -> list[str]:
    return re.findall(r"\| `(byheart[\w.]+)` \|$", (ROOT / "GLOSSARY.md").read_text("utf-8"), flags=re.MULTILINE)


def test_the_glossary_is_not_empty() -> None:
    assert len(glossary_homes()) > 30


@pytest.mark.parametrize("home", sorted(set(glossary_homes())))
def test_every_home_in_the_glossary_exists(home: str) -> None:
    parts = home.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name)
        return
    pytest.fail(f"{home} does not exist")


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        assert f"## `byheart {name}`" in text, name
        for parameter in (*command.params, *(p for c in getattr(command, "commands", {}).values() for p in c.params)):
            for option in parameter.opts:
                if option.startswith("--"):
                    assert option in text, f"{name} {option}"


def test_contributing_is_short() -> None:
    assert lines(ROOT / "CONTRIBUTING.md") < 100


def test_no_generator_is_made_outside_study_and_cli() -> None:
    makers = re.compile(r"default_rng|Generator\(|[^_.]stream\(")
    rooms = ("corpus", "index", "stats", "memorizers", "models", "audits", "report")
    guilty = [
        f"{path.name}: {line.strip()}"
        for room in rooms
        for path in (SOURCE / room).rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if makers.search(line) and "torch.Generator" not in line and "def " not in line
    ]
    assert guilty == []


def test_every_rng_is_keyword_only_and_has_no_default() -> None:
    guilty = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                keyword_only = dict(zip((a.arg for a in node.args.kwonlyargs), node.args.kw_defaults, strict=True))
                positional = [a.arg for a in node.args.args]
                if "rng" in positional or keyword_only.get("rng") is not None:
                    guilty.append(f"{path.name}: {node.name}")
    assert guilty == []


def test_nothing_is_unfinished() -> None:
    guilty = [
        path.name
        for path in FILES
        if re.search(r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b", path.read_text("utf-8"))
    ]
    assert guilty == []


def test_the_makefile_and_ci_agree() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert re.search(r"^test: ", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
