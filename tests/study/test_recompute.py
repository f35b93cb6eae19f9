"""A stranger's script finds the report's numbers in the tables, without byheart; and audits move no one else's bytes."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from byheart.audits import AUDITS
from byheart.core.codec import dumps, result_to_json
from byheart.core.run_record import RunRecord
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan
from tests.study.corpora import write_sides

SCRIPT = Path(__file__).parents[2] / "studies" / "recompute.py"
NAMES = ("extraction", "membership", "adaptation", "novelty")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, Path]:
    seen, unseen = write_sides(tmp_path_factory.mktemp("texts"))
    plan = StudyPlan(model="memorizer:knowledge", trained_on=(str(seen),), held_out=(str(unseen),), audits=NAMES)
    folder = tmp_path_factory.mktemp("runs") / "run"
    return execute(plan, folder), folder
