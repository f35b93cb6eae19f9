"""Runs the real command in processes of its own, which one process starts: imports take longer than most commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

_STARTER = """
import json, os, sys
import byheart.audits, byheart.cli.app, byheart.models.endpoint.opening, byheart.study.execute, byheart.study.pages
import byheart.study.score_job

for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(job["cwd"])
        os.environ.update(job["env"])
        for descriptor, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        sys.argv = ["byheart", *job["arguments"]]
        byheart.cli.app.main()
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
Done = subprocess.CompletedProcess[str]


class Commands:
    """Runs `byheart` with arguments, one command after the other."""

    def __init__(self, folder: Path) -> None:
        self._streams = {name: str(folder / name) for name in ("out", "err")}
        self._starter = subprocess.Popen(
            [sys.executable, "-c", _STARTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "OPENAI_API_KEY": ""},
        )

    def __call__(self, *arguments: str, cwd: Path, **env: str) -> Done:
        assert self._starter.stdin is not None
        assert self._starter.stdout is not None
        job = {"arguments": arguments, "cwd": str(cwd), "env": env, **self._streams}
        self._starter.stdin.write(json.dumps(job) + "\n")
        self._starter.stdin.flush()
        code = int(self._starter.stdout.readline())
        out, err = (Path(self._streams[name]).read_text("utf-8") for name in ("out", "err"))
        return Done(["byheart", *arguments], code, out, err)

    def close(self) -> None:
        """Ends the process that starts them."""
        self._starter.communicate()
