from pathlib import Path

import pytest

from byheart.cli.lab_commands import lab
from byheart.errors import ConfigError
from tests.cli.command import byheart as command


def test_an_unknown_axis_is_a_usage_error_that_names_those_there_are(tmp_path: Path) -> None:
    done = command("lab", "memory", "-o", str(tmp_path / "r"))
    assert done.returncode == 2
    assert "Unknown axis 'memory'" in done.stderr
    assert "capacity" in done.stderr
    assert not (tmp_path / "r").exists()


def test_steps_and_time_exclude_one_another(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not both"):
        lab("capacity", tmp_path / "r", steps=100, time="1m")


@pytest.mark.slow
def test_a_dry_run_says_the_time_and_trains_nothing(tmp_path: Path) -> None:
    done = command("lab", "capacity", "--dry-run", "-o", str(tmp_path / "r"))
    assert done.returncode == 0
    assert "28 trainings, 2 seeds" in done.stdout
    assert "about" in done.stdout
    assert not (tmp_path / "r").exists()
