"""What was compiled ahead need not be compiled again."""

import subprocess
import sys
from pathlib import Path

import pytest

from byheart.study.warming import compiling
from tests.study.corpora import write_sides

STUDY = """
import sys
from pathlib import Path
from numba.core import event
from byheart.study.execute import execute
from byheart.study.plan import StudyPlan

class Compiled(event.Listener):
    def on_start(self, event):
        function = event.data["dispatcher"].py_func
        if function.__module__.startswith("byheart."):
            print(function.__module__, function.__name__)
    def on_end(self, event):
        pass

event.register("numba:compile", Compiled())
seen, unseen, run = sys.argv[1:]
execute(StudyPlan(model="memorizer:mixture", trained_on=(seen,), held_out=(unseen,)), Path(run))
"""


@pytest.mark.slow
def test_after_warming_a_study_of_other_text_compiles_nothing(tmp_path: Path) -> None:
    with compiling():
        seen, unseen = write_sides(tmp_path)
        (seen / "again.py").write_bytes(min(seen.iterdir()).read_bytes())
    arguments = [sys.executable, "-c", STUDY, str(seen), str(unseen), str(tmp_path / "run")]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    assert done.stdout == ""


def test_work_that_fails_ends_the_compiling() -> None:
    told: list[str] = []
    with pytest.raises(ZeroDivisionError), compiling(on_progress=lambda stage, *_: told.append(stage)):
        raise ZeroDivisionError
    assert told == []
