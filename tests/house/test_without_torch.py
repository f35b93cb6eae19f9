"""The core without the models extra: torch and transformers cannot be imported, the rest works."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.study.corpora import write_sides

BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "safetensors", "accelerate", "gguf", "httpx2"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""


def without_torch(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = BLOCK + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=300, check=False
    )


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return without_torch("from byheart.cli.app import main\nmain()", *arguments)


def test_torch_is_really_blocked() -> None:
    assert "No module named 'torch'" in without_torch("import torch").stderr


@pytest.mark.parametrize(
    "name",
    [
        "byheart",
        "byheart.study.lookup",
        "byheart.study.execute",
        "byheart.report.page",
        "byheart.integrations.data_check",
    ],
)
def test_everything_but_models_imports(name: str) -> None:
    done = without_torch(f"import {name}")
    assert done.returncode == 0, done.stderr


def test_index_count_trace_audit_of_a_memorizer_and_report_work(tmp_path: Path) -> None:
    seen, unseen = write_sides(tmp_path)
    idx, run = str(tmp_path / "idx"), str(tmp_path / "run")
    assert command("index", str(seen), "-o", idx, "-q").returncode == 0
    assert int(command("count", "import", "--index", idx).stdout) > 0
    assert "100.0%" in command("trace", str(min(seen.iterdir())), "--index", idx).stdout
    sides = ["--trained-on", str(seen), "--held-out", str(unseen)]
    audited = command("audit", "memorizer:infinigram", *sides, "-o", run, "-q")
    assert audited.returncode == 0, audited.stderr
    before = (tmp_path / "run" / "report.html").read_bytes()
    assert command("report", run).returncode == 0
    assert (tmp_path / "run" / "report.html").read_bytes() == before
    assert command("verify", run).returncode == 0


def test_a_model_without_torch_says_what_to_install(tmp_path: Path) -> None:
    seen, unseen = write_sides(tmp_path)
    sides = ["--trained-on", str(seen), "--held-out", str(unseen)]
    done = command("audit", "smollm2", *sides, "-o", str(tmp_path / "run"), "-q")
    assert done.returncode == 2
    assert "byheart[models]" in done.stderr
