"""What stands before the explorer: the extra, the run, the port."""

import importlib.util
import socket
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from byheart.cli.serve_command import serve
from byheart.errors import BackendError, CapabilityError
from byheart.explorer.serving import PORT, listening
from tests.cli.command import byheart


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_uvicorn(name: str) -> ModuleSpec | None:
        return None if name == "uvicorn" else ModuleSpec(name, None)

    monkeypatch.setattr(importlib.util, "find_spec", without_uvicorn)
    with pytest.raises(CapabilityError) as refused:
        serve(Path("run"))
    assert refused.value.next_step == "pip install 'byheart[serve]'"


def test_a_folder_that_is_no_run_is_named_in_three_lines(tmp_path: Path) -> None:
    done = byheart("serve", str(tmp_path))
    assert done.returncode == 3
    assert done.stdout == ""
    assert [line.strip().split()[0] for line in done.stderr.splitlines()] == ["Error:", "It", "Give"]


def test_a_taken_port_is_refused_where_it_was_asked_for_and_else_the_next_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(BackendError, match="is taken") as refused:
            listening(other.getsockname()[1])
        assert refused.value.exit_code == 5
    with listening(None) as first, listening(None) as second:
        assert PORT <= first.getsockname()[1] < second.getsockname()[1]
        assert {it.getsockname()[0] for it in (first, second)} == {"127.0.0.1"}
