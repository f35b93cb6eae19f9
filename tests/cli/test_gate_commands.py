"""compare, gate and export as a build server runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from byheart.errors import FormatError
from byheart.study.gating import whole_run
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import RunFolder
from byheart.study.tables import parquet
from tests.cli.command import byheart
from tests.exports.hostile import ATTACKS, tainted, with_coverage
from tests.report.sample_run import MODEL, rate, sample_run, with_estimate

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "gate.toml"


def write_run(path: Path, hits: int = 7, attack: str = "") -> Path:
    record = with_estimate(
        with_coverage(sample_run()), "extraction", MODEL, rate("extraction.greedy_rate", hits, 100, 0, 100)
    )
    folder = RunFolder(path)
    folder.begin(StudyPlan(model="demo", trained_on=("a",), held_out=("b",)))
    scores = parquet([], ["subject", "need", "role", "document"])
    folder.finish(tainted(record, attack) if attack else record, scores, None, None)
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "base", hits=5)
    write_run(folder / "now", hits=7)
    write_run(folder / "hostile", attack=ATTACKS[1] + ATTACKS[4])
    write_run(folder / "damaged")
    (folder / "damaged" / "results.jsonl").write_bytes(b"{}\n")
    (folder / "unfinished").mkdir()
    (folder / "passes.toml").write_text('[[criterion]]\nrequire = "extraction.greedy_rate.high <= 0.2"\n')
    (folder / "fails.toml").write_text('[[criterion]]\nrequire = "extraction.greedy_excess.high <= 0.001"\n')
    (folder / "straddles.toml").write_text(
        '[[criterion]]\nrequire = "extraction.greedy_rate.high <= baseline + 0.05"\n'
    )
    (folder / "wrong.toml").write_text('[[criterion]]\nrequire = "extraction.gredy_rate.high <= 0.2"\n')
    return folder


@pytest.mark.parametrize(
    ("run", "criteria", "more", "code", "said"),
    [
        ("now", "passes", (), 0, "Gate passed"),
        ("now", "fails", (), 1, "Gate failed"),
        ("now", "straddles", ("--baseline", "base"), 7, "Gate undecided"),
        ("now", "straddles", (), 2, "give --baseline RUN"),
        ("now", "wrong", (), 2, "Did you mean 'extraction.greedy_rate.high'"),
        ("now", "nowhere", (), 3, "cannot be read"),
        ("unfinished", "passes", (), 3, "not a finished run"),
        ("damaged", "passes", (), 6, "is damaged"),
    ],
)
def test_exit_codes_of_the_gate(
    runs: Path, run: str, criteria: str, more: tuple[str, ...], code: int, said: str
) -> None:
    done = byheart("gate", run, "--criteria", f"{criteria}.toml", *more, cwd=runs)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"evidence": 3},
        {"evidence": ["text"]},
        {"evidence": [{"kind": "estimate", "name": "x", "value": "many"}]},
        {"status": "failed", "reason": 3},
    ],
)
def test_results_of_another_form_are_damage_and_no_failed_gate(tmp_path: Path, change: dict[str, object]) -> None:
    path = write_run(tmp_path / "run")
    first, *rest = (path / "results.jsonl").read_text("ascii").splitlines()
    (path / "results.jsonl").write_text("\n".join([json.dumps({**json.loads(first), **change}), *rest, ""]), "ascii")
    RunFolder(path).seal()
    with pytest.raises(FormatError):
        whole_run(path)


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_a_fault_of_byheart_itself_is_no_failed_gate(debug: tuple[str, ...]) -> None:
    broken = "from byheart.cli import app; app.command = lambda: 1 / 0; app.main()"
    done = subprocess.run([sys.executable, "-c", broken, *debug], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert ("Traceback" in done.stderr) == bool(debug)
    assert "ZeroDivisionError" in done.stderr


def test_gate_json_holds_its_exit_code_and_every_number(runs: Path) -> None:
    done = byheart("gate", "now", "--criteria", "straddles.toml", "--baseline", "base", "--json", cwd=runs)
    assert done.returncode == 7
    found = json.loads(done.stdout)
    assert (found["outcome"], found["baseline"]) == ("undecided", "base")
    assert found["counts"] == {"passed": 0, "failed": 0, "undecided": 1}
    (judged,) = found["judgements"]
    assert judged["limit"] == 5 / 100 + 0.05
    assert judged["interval"]["low"] < judged["limit"] < judged["interval"]["high"] == judged["found"]


def test_the_example_criteria_can_be_read_and_are_decided_by_this_run(runs: Path) -> None:
    done = byheart("gate", "now", "--criteria", str(EXAMPLE), "--json", cwd=runs)
    outcomes = {it["name"] + "/" + it["subject"]: it["outcome"] for it in json.loads(done.stdout)["judgements"]}
    assert outcomes["extraction.greedy_rate/lookup:infinigram"] == "passed"
    assert outcomes["extraction.greedy_rate/blind:infinigram"] == "passed"
    assert outcomes["membership.auc/membership.auc"[: len("membership.auc/")] + MODEL] == "undecided"
    assert done.returncode in (1, 7)


@pytest.mark.parametrize("to", ["sarif", "parquet"])
def test_an_export_goes_to_stdout_or_to_a_file_with_the_same_bytes(runs: Path, to: str, tmp_path: Path) -> None:
    command = ("export", "hostile", "--to", to, "--criteria", "fails.toml")
    written = byheart(*command, "-o", str(tmp_path / "out"), cwd=runs)
    assert written.returncode == 0, written.stderr
    assert written.stdout == ""
    if to != "parquet":
        assert byheart(*command, cwd=runs).stdout == (tmp_path / "out").read_text("utf-8")


def test_github_gets_commands_on_stdout_and_its_summary_appended(runs: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("An earlier step.\n")
    done = byheart(
        "export", "hostile", "--to", "github", "--criteria", "fails.toml", cwd=runs, GITHUB_STEP_SUMMARY=str(summary)
    )
    assert done.returncode == 0, done.stderr
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["::notice", "::error"]
    text = summary.read_text("utf-8")
    assert text.startswith("An earlier step.\n")
    assert "**Gate failed**" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "sarf"), "Did you mean 'sarif'"),
        (("--to", "junit"), "give --criteria FILE"),
        (("--to", "csv", "--redact", "ful"), "Did you mean 'full'?"),
        (("--to", "csv", "--baseline", "base"), "Give --criteria FILE too"),
    ],
)
def test_what_cannot_be_exported_is_named(runs: Path, arguments: tuple[str, ...], said: str) -> None:
    done = byheart("export", "now", *arguments, cwd=runs)
    assert done.returncode == 2
    assert said in done.stderr


def test_compare_prints_differences_for_people_and_machines(runs: Path, tmp_path: Path) -> None:
    page = tmp_path / "compared.html"
    done = byheart("compare", "base", "hostile", "-o", str(page), cwd=runs, COLUMNS="60")
    assert done.returncode == 0, done.stderr
    assert not {"\x1b", "\x00", "\u202e"} & set(done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 60
    assert "default-src 'none'" in page.read_text("utf-8")
    found = json.loads(byheart("compare", "base", "now", "--json", cwd=runs).stdout)
    greedy = next(d for d in found["others"][0]["differences"] if d["name"] == "extraction.greedy_rate")
    assert greedy["difference"] == pytest.approx(7 / 100 - 5 / 100)
    assert greedy["low"] < 0 < greedy["high"]
    assert not greedy["more_than_chance"]
