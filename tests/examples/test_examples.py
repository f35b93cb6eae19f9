"""The examples run, and say what they are there to say."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAID = {
    "audit_and_read_results": "recited word for word: 100%",
    "contaminated_benchmark": "leaked: leaked",
    "count_and_trace": "raise JSONDecodeError",
    "harness_memorizer": "accuracy of a table of the text that the items are from: 1.00",
    "memorizers_side_by_side": "mixture",
    "trainer_callback": "planted secrets stand out by",
}


def test_every_example_is_run() -> None:
    assert sorted(SAID) == sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("name", sorted(SAID))
def test_an_example_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    assert SAID[name] in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
