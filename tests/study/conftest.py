"""One finished study of memorizers on real text, which several files read."""

from pathlib import Path

import pytest

from byheart.core.run_record import RunRecord
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan
from tests.study.corpora import write_sides


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> StudyPlan:
    seen, unseen = write_sides(tmp_path_factory.mktemp("texts"))
    return StudyPlan(model="memorizer:infinigram", trained_on=(str(seen),), held_out=(str(unseen),))


@pytest.fixture(scope="session")
def finished(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, Path]:
    folder = tmp_path_factory.mktemp("runs") / "one"
    return execute(plan, folder, command="byheart audit ..."), folder
