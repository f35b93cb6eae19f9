"""Runs the real command in this process, with streams of bytes as a pipe would have them: a second saved per call."""

import io
import sys
from dataclasses import dataclass

import pytest

from byheart.cli.app import main

SERVERS = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION", "FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR")


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    stdout: bytes
    stderr: bytes


def run(*arguments: str, **env: str) -> Done:
    """The command with these arguments; `env` is added to an environment without build server and colours."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        for name in SERVERS:
            patch.delenv(name, raising=False)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["byheart", *arguments])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(), "utf-8"))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(sys, "excepthook", sys.excepthook)
        code: object = 0
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code
    written = [stream.buffer for stream in (out, err)]
    assert all(isinstance(buffer, io.BytesIO) for buffer in written)
    stdout, stderr = (buffer.getvalue() for buffer in written if isinstance(buffer, io.BytesIO))
    return Done(code if isinstance(code, int) else 0, stdout, stderr)
