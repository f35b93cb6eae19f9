"""Each side runs in processes of its own, so that neither warms the other's memory and each peak is its own."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finished:
    """A process that ended."""

    seconds: float
    """Wall clock, start of the interpreter included."""
    peak_bytes: int
    """Largest resident memory of the process or any one of its children. The process that starts it must be small: a
    child inherits its parent's peak until it executes its own program."""
    result: dict[str, Any]
    """What it wrote to the file named by its last argument; empty where it wrote none."""
    output: str
    """Standard output and error."""
    code: int
    """Exit code, 0 when it succeeded."""


def finished(command: Sequence[str], *, folder: Path, one_core: bool = False) -> Finished:
    """Runs a command to its end.

    Args:
        command: a last argument "RESULT" is replaced by the name of a file for the result.
        folder: working folder.
        one_core: lets it use one core only.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "result.json"
        words = [str(path) if word == "RESULT" else word for word in command]
        if one_core:
            words = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *words]
        log = Path(scratch) / "log"
        started = time.perf_counter()
        with log.open("wb") as out:
            child = subprocess.Popen(words, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        result = json.loads(path.read_text("utf-8")) if path.exists() else {}
        output = log.read_text("utf-8", "replace")
    return Finished(seconds, usage.ru_maxrss * 1024, result, output, child.returncode)


def side(python: str, module: str, *arguments: str, one_core: bool = False) -> Finished:
    """Runs a module of this package and says what went wrong where it failed."""
    here = Path(__file__).parents[1]
    done = finished([python, "-m", f"contest.{module}", *arguments, "RESULT"], folder=here, one_core=one_core)
    if done.code:
        print(f"  {module} {arguments[0]} failed:\n{done.output[-2000:]}", file=sys.stderr, flush=True)
    return done


def write_result(path: str, result: dict[str, Any]) -> None:
    """What a side has to say, at the end of its process."""
    Path(path).write_text(json.dumps(result), "utf-8")
