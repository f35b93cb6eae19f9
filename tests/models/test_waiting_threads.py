"""Threads of torch that wait sleep, unless the user wants them to spin."""

import os
import subprocess
import sys

import pytest

SAYS = "import os, byheart{0}; print(os.environ.get('OMP_WAIT_POLICY'), 'torch' in __import__('sys').modules)"


def policy(module: str, **environment: str) -> list[str]:
    bare = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    run = [sys.executable, "-c", SAYS.format(module)]
    return subprocess.run(run, env=bare | environment, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    ("module", "chosen", "expected"), [(".models", {}, "PASSIVE"), (".models", {"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")]
)
def test_the_models_room_lets_waiting_threads_sleep(module: str, chosen: dict[str, str], expected: str) -> None:
    assert policy(module, **chosen) == [expected, "False"]


def test_importing_the_package_alone_changes_no_environment() -> None:
    assert policy("") == ["None", "False"]
