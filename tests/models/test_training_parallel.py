"""Two real processes on this machine."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from byheart.models.transformer.parallel import ALONE, join
from tests.models.two_trainers import trained


def test_without_torchrun_a_process_is_alone() -> None:
    with join() as group:
        assert group is ALONE
        assert group.mean(3.0) == group.agree(3.0) == 3.0


def test_two_processes_do_what_one_does_with_the_doubled_batch(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    # What torchrun sets; its own process would only import torch once more.
    common = os.environ | {"OMP_NUM_THREADS": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    command = [sys.executable, "-m", "tests.models.two_trainers", str(tmp_path), "4"]
    pair = [subprocess.Popen(command, env=common | {"RANK": rank, "LOCAL_RANK": rank}) for rank in ("0", "1")]
    assert [one.wait(timeout=120) for one in pair] == [0, 0]
    alone = trained(8, ALONE)
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first["weights"] == second["weights"]
    assert first["losses"] == second["losses"] == pytest.approx(alone["losses"], rel=1e-5)
    assert np.abs(np.subtract(first["weights"], alone["weights"])).max() < 1e-4
    assert first["tokens"] == alone["tokens"] == 6 * 8 * 32
