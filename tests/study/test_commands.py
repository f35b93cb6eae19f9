"""Commands to reproduce a run: they parse back to it, and typed in an empty folder they give the same bytes."""

import dataclasses
import html
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import byheart
from byheart.cli.app import command
from byheart.models.endpoint.limits import Limits
from byheart.report.page import render_html
from byheart.study.commands import audit_command, demo_command, lab_command
from byheart.study.lab.plan import LabPlan
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import RESULTS, RunFolder
from tests.study.corpora import library_texts

AWKWARD = 'it\'s $HOME `x` "q" ; *'
"""A folder's name that a shell would rather read otherwise."""


def parsed(text: str) -> dict[str, Any]:
    """The options that the command line makes of a command."""
    program, name, *words = shlex.split(text)
    assert program == "byheart"
    params: dict[str, Any] = command().commands[name].make_context(name, words).params
    return params


def plan(**changes: Any) -> StudyPlan:
    return dataclasses.replace(StudyPlan(model="smollm2", trained_on=("stdlib",), held_out=("stdlib",)), **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"profile": "standard", "seed": 7, "audits": ("extraction", "membership")},
        {"trained_on": ("stdlib", AWKWARD), "lines": True, "skip_bad": True},
        {"chat": "Say 'it' for $5;\nthen stop.", "device": "cpu", "dtype": "float32"},
        {"index": AWKWARD, "tokenizer": "gpt2", "adapter": AWKWARD, "canaries": AWKWARD},
    ],
    ids=["defaults", "sizes", "sources", "model", "places"],
)
def test_a_command_says_every_option_that_the_run_had(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / AWKWARD).mkdir()
    monkeypatch.chdir(tmp_path)
    asked = plan(**changes)
    params = parsed(audit_command(asked))
    for field in dataclasses.fields(StudyPlan):
        value, found = getattr(asked, field.name), params[field.name]
        if field.name == "audits":
            assert tuple(word for word in found.split(",") if word) == value
        elif isinstance(value, tuple):
            assert [Path(one).name for one in found] == [Path(one).name for one in value]
        elif value == AWKWARD:
            assert found == str(tmp_path / AWKWARD)
        else:
            assert found == value
    assert str(params["output"]) == "RUN"


def test_places_are_absolute_and_names_stay_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.gguf").touch()
    monkeypatch.chdir(tmp_path)
    assert parsed(audit_command(plan(model="gguf:model.gguf")))["model"] == f"gguf:{tmp_path / 'model.gguf'}"
    assert parsed(audit_command(plan(model="org/name")))["model"] == "org/name"
    assert parsed(audit_command(plan(model="memorizer:markov")))["model"] == "memorizer:markov"


def test_limits_of_an_endpoint_are_said_where_they_are_no_defaults() -> None:
    asked = plan(model="http://127.0.0.1:1/v1#m")
    assert "--concurrency" not in audit_command(asked, Limits())
    params = parsed(audit_command(asked, Limits(concurrency=2, timeout_seconds=1.5, max_requests=9)))
    assert (params["concurrency"], params["timeout"], params["max_requests"]) == (2, 1.5, 9)


def test_commands_of_demo_and_laboratory_parse_back() -> None:
    assert parsed(demo_command(3))["seed"] == 3
    asked = LabPlan(axis="capacity", profile="standard", num_seeds=3, num_steps=50, seed=4)
    params = parsed(lab_command(asked))
    assert (params["axis"], params["profile"], params["seeds"], params["steps"], params["seed"]) == (
        *("capacity", "standard", 3, 50, 4),
    )
    assert parsed(lab_command(LabPlan(axis="all")))["seeds"] is None


def pasted(text: str, folder: Path) -> None:
    """Types a command into a shell, as someone who pastes it would."""
    folder.mkdir()
    program = f'byheart() {{ {shlex.quote(sys.executable)} -m byheart.cli "$@"; }}'
    env = {**os.environ, "PYTHONPATH": str(Path(byheart.__file__).parents[1])}
    done = subprocess.run(
        ["sh", "-c", f"{program}\n{text}"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_pasted_into_an_empty_folder_a_command_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at, (name, text) in enumerate(library_texts(24)):
        side = tmp_path / AWKWARD / ("seen" if at % 2 else "unseen")
        side.mkdir(parents=True, exist_ok=True)
        (side / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path / AWKWARD)
    monkeypatch.setattr("byheart.study.api.page", lambda on_progress: None)  # drawn once, below
    # Asked from Python, with relative sources: the command must say what the call said.
    run = byheart.audit(
        "memorizer:knowledge", trained_on="seen", held_out="unseen", output="run", audits=["membership"], seed=5
    )
    (block,) = re.findall("<pre[^>]*><code>(.*?)</code></pre>", render_html(run.record), re.DOTALL)
    pasted(html.unescape(block), tmp_path / "empty")
    again = RunFolder(tmp_path / "empty" / "RUN")
    assert again.faults() == []
    assert (again.path / RESULTS).read_bytes() == (run.path / RESULTS).read_bytes()
