"""The GitHub Action: its YAML, its pins, and its scripts run by bash on a real run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from byheart.cli.app import app
from tests.study.corpora import write_sides

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / "docs/examples/github-workflow.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
SCRIPTS = {step["id"]: step for step in STEPS if "run" in step}
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
NEEDS_GATE = pytest.mark.skipif("gate" not in COMMANDS, reason="`byheart gate` and `byheart export` are not here")


def test_no_script_has_anything_pasted_into_it() -> None:
    assert set(SCRIPTS) == {"install", "audit", "show", "gate"}
    for step in SCRIPTS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        used = set(re.findall(r"\$\{?([A-Z_]+)", step["run"])) - {"GITHUB_OUTPUT"}
        assert used == set(step["env"])


def test_every_input_is_used_and_every_action_is_pinned_to_a_commit() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    assert [name for name in ACTION["inputs"] if f"inputs.{name}" not in text] == []
    used = [step["uses"] for step in (*STEPS, *WORKFLOW["jobs"]["audit"]["steps"]) if "uses" in step]
    assert len(used) == 5
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one)] == ["OWNER/byheart@REF"]
    own = next(step for step in WORKFLOW["jobs"]["audit"]["steps"] if step["uses"].startswith("OWNER"))
    assert set(own["with"]) <= set(ACTION["inputs"])


@NEEDS_GATE
def test_the_scripts_use_only_commands_and_options_that_exist() -> None:
    for step in SCRIPTS.values():
        for name in re.findall(r"byheart (\w+) ", step["run"]):
            assert name in COMMANDS
        known = {o for name in ("audit", "export", "gate") for p in COMMANDS[name].params for o in p.opts}
        assert set(re.findall(r"(--[a-z-]+)=", step["run"])) <= known


def run_step(name: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """A step as a runner runs it: its variables from the inputs, `byheart` on the path."""
    values = {key: str(one["default"]) for key, one in ACTION["inputs"].items()} | inputs
    own = {}
    for variable, expression in SCRIPTS[name]["env"].items():
        (key,) = re.findall(r"^\$\{\{ inputs\.([\w-]+) \}\}$", expression)
        own[variable] = values[key]
    binary = folder / "bin" / "byheart"
    if not binary.exists():
        binary.parent.mkdir()
        binary.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m byheart "$@"\n')
        binary.chmod(0o755)
    path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **own, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    env |= {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    # As a runner calls `shell: bash`.
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", SCRIPTS[name]["run"]]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=600)


def test_what_an_input_says_is_never_run(tmp_path: Path) -> None:
    hostile = "$(touch pwned) `touch pwned`; touch pwned #\n' ; touch pwned; \" ; touch pwned"
    done = run_step(
        "audit", tmp_path, **{"model": hostile, "trained-on": hostile, "held-out": hostile, "audits": "extraction"}
    )
    assert done.returncode == 3, done.stderr
    assert "pwned" in done.stderr  # it was taken for the name of a source
    assert not list(tmp_path.rglob("pwned"))
    done = run_step("audit", tmp_path, **{"model": "--help", "trained-on": "x", "held-out": "y"})
    assert done.returncode == 3
    assert "Usage" not in done.stdout


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the step `audit` made a run of a memorizer."""
    folder = tmp_path_factory.mktemp("action")
    seen, unseen = write_sides(folder, 10)
    for path in (*seen.iterdir(), *unseen.iterdir()):
        path.write_text(path.read_text("utf-8")[:1500], "utf-8")
    done = run_step(
        "audit",
        folder,
        **{
            "model": "memorizer:infinigram",
            "trained-on": f"{seen}\n",
            "held-out": f"\n{unseen}",
            "audits": "extraction",
        },
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "byheart-run" / "manifest.json").is_file()
    return folder


@NEEDS_GATE
@pytest.mark.slow
def test_a_gate_that_fails_fails_the_build_and_is_shown(audited: Path) -> None:
    (audited / "gate.toml").write_text('[[criterion]]\nrequire = "extraction.greedy_rate.low <= 0.1"\n')
    done = run_step("show", audited, criteria="gate.toml", sarif="true")
    assert done.returncode == 0, done.stderr
    assert any(line.startswith("::error") for line in done.stdout.splitlines())
    assert "extraction.greedy_rate" in (audited / "summary.md").read_text("utf-8")
    assert json.loads((audited / "byheart.sarif").read_text("utf-8"))["version"] == "2.1.0"
    done = run_step("gate", audited, criteria="gate.toml")
    assert done.returncode == 1
    assert (audited / "output").read_text().splitlines()[-1] == "outcome=failed"


@NEEDS_GATE
@pytest.mark.slow
@pytest.mark.parametrize(
    ("require", "undecided", "code", "outcome"),
    [
        ("extraction.greedy_rate.low >= 0.5", "fail", 0, "passed"),
        ("membership.auc.high <= 0.6", "fail", 7, "undecided"),
        ("membership.auc.high <= 0.6", "pass", 0, "undecided"),
    ],
)
def test_a_gate_that_passes_or_cannot_say(audited: Path, require: str, undecided: str, code: int, outcome: str) -> None:
    (audited / "gate.toml").write_text(f'[[criterion]]\nrequire = "{require}"\n')
    done = run_step("gate", audited, criteria="gate.toml", undecided=undecided)
    assert done.returncode == code, done.stderr
    assert (audited / "output").read_text().splitlines()[-1] == f"outcome={outcome}"
