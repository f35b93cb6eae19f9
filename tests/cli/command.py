"""Runs the real command in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def byheart(
    *arguments: str, cwd: Path | None = None, text: str | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "byheart.cli", *arguments],
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **env},
        check=False,
    )


def answer(*arguments: str, cwd: Path | None = None, text: str | None = None) -> Any:
    """The one JSON document that a command printed on stdout."""
    done = byheart(*arguments, "--json", cwd=cwd, text=text)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
