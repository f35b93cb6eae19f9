"""Speed and lightness of what everyone meets first."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer.main

import byheart
from byheart.cli.app import app
from byheart.cli.app import command as tree
from tests.cli.command import answer
from tests.cli.command import byheart as command

HEAVY = ("torch", "transformers", "numba", "scipy", "pyarrow", "jinja2", "altair", "starlette", "uvicorn")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.mark.parametrize("what", ["import byheart", "import byheart.cli.app"])
def test_importing_brings_nothing_heavy(what: str) -> None:
    loaded = python(f"import sys; {what}; print(*(m for m in {HEAVY!r} if m in sys.modules))")
    assert loaded == ""


def test_importing_touches_no_environment_variable() -> None:
    assert python("import os; before = dict(os.environ); import byheart; print(before == dict(os.environ))") == "True"


def test_the_front_door_is_sorted_complete_and_open() -> None:
    assert list(byheart.__all__) == sorted(byheart.__all__)
    for name in byheart.__all__:
        assert getattr(byheart, name) is not None, name
    with pytest.raises(AttributeError, match="byhart"):
        byheart.byhart  # noqa: B018


def test_an_index_of_bytes_takes_text_and_a_path_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Füße und Füße\n", "utf-8")
    assert command("index", str(tmp_path / "a.txt"), "-o", str(tmp_path / "idx"), "-q").returncode == 0
    index = byheart.Index.open(str(tmp_path / "idx"))
    assert index.count("Füße") == 2
    assert index.count("Füße".encode()) == 2
    assert [o.offset for o in index.occurrences("und", 5)] == [len("Füße ".encode())]
    assert int(index.longest_matches("Füße").lengths[0]) == len("Füße".encode())
    assert index.next_symbol_counts("Füße").symbols.tolist() == [ord("\n"), ord(" ")]
    assert "audit" in dir(byheart)


def test_help_names_every_command_with_an_example() -> None:
    shown = command("--help").stdout
    group = typer.main.get_command(app)
    for name in group.commands:  # type: ignore[attr-defined]
        assert name in shown
        assert f"byheart {name}" in command(name, "--help").stdout, name


def test_the_options_are_frozen() -> None:
    # Scripts rely on them: changing this list needs an entry in CHANGELOG.md.
    group = typer.main.get_command(app)
    commands = dict(group.commands)  # type: ignore[attr-defined]
    below = {f"canary {name}": command for name, command in commands.pop("canary").commands.items()}
    options = {
        name: sorted(o for p in c.params for o in p.opts if o.startswith("--"))
        for name, c in (commands | below).items()
    }
    assert options == {
        "demo": ["--json", "--output", "--quiet", "--seed"],
        "audit": [
            "--adapter", "--audits", "--canaries", "--chat", "--concurrency", "--device", "--dry-run", "--dtype",
            "--held-out", "--index", "--json", "--lines", "--max-requests", "--max-tokens", "--output",
            "--price-completion", "--price-prompt", "--profile", "--quiet", "--requests-per-second", "--seed",
            "--skip-bad", "--timeout", "--tokenizer", "--trained-on",
        ],
        "index": [
            "--add", "--json", "--lines", "--memory", "--output", "--quiet", "--skip-bad", "--tokenizer", "--unit",
        ],
        "lab": [
            "--dry-run", "--json", "--output", "--processes", "--profile", "--quiet", "--seed", "--seeds", "--steps",
            "--time",
        ],
        "canary make": ["--digits", "--json", "--output", "--pairs", "--repetitions", "--seed", "--words"],
        "canary plant": ["--json", "--lines", "--output", "--quiet", "--skip-bad"],
        "count": ["--file", "--index", "--json", "--near", "--within"],
        "trace": ["--held-out", "--index", "--json", "--lines", "--min", "--quiet", "--sources"],
        "duplicates": ["--against", "--json", "--limit", "--min-bytes", "--min-tokens", "--quiet"],
        "contaminated": ["--control", "--field", "--index", "--json", "--min-words", "--quiet", "--skip-bad"],
        "data-check": ["--benchmark", "--canaries", "--field", "--json", "--min-words"],
        "compare": ["--json", "--output"],
        "gate": ["--baseline", "--criteria", "--json"],
        "export": [
            "--baseline", "--criteria", "--index", "--json", "--output", "--redact", "--to", "--unchecked",
        ],
        "score": [
            "--adapter", "--all", "--calibration", "--chat", "--concurrency", "--device", "--dry-run", "--dtype",
            "--index", "--json", "--lines", "--max-requests", "--max-tokens", "--price-completion", "--price-prompt",
            "--quiet", "--requests-per-second", "--skip-bad", "--timeout", "--tokenizer", "--with",
        ],
        "attribute": [
            "--adapter", "--all", "--calibration", "--chat", "--device", "--dtype", "--floor", "--index", "--json",
            "--lines", "--quiet", "--seed", "--skip-bad", "--tokenizer", "--with",
        ],
        "explain": ["--json"],
        "explain-rules": [
            "--index", "--json", "--limit", "--min-confidence", "--min-support", "--quiet", "--token",
        ],
        "train": [
            "--context", "--dtype", "--epochs", "--form", "--json", "--learning-rate", "--lines", "--optimizer",
            "--output", "--quiet", "--seed", "--size", "--skip-bad", "--steps", "--time", "--tokens", "--vocabulary",
        ],
        "report": [
            "--baseline", "--criteria", "--index", "--json", "--output", "--quiet", "--redact", "--unchecked",
        ],
        "serve": ["--index", "--json", "--open", "--port", "--quiet", "--with"],
        "verify": ["--json"],
        "doctor": ["--json"],
    }  # fmt: skip


def test_every_command_with_quiet_has_verbose() -> None:
    group = tree()
    below = [inner for one in group.commands.values() for inner in getattr(one, "commands", {}).values()]
    flags = {c.name: {o for p in c.params for o in p.opts} for c in (*group.commands.values(), *below)}
    assert [name for name, opts in flags.items() if ("-q" in opts) != ("-v" in opts)] == []
    assert "-v" in flags["audit"]


def test_version_and_doctor_answer() -> None:
    assert command("--version").stdout.strip() == f"byheart {byheart.__version__}"
    checks = {check["name"]: check["works"] for check in answer("doctor")["checks"]}
    assert checks["numpy"]


def test_dry_run_asks_no_model(tmp_path: Path) -> None:
    planned = answer(
        "audit", "smollm2", "--trained-on", "stdlib", "--held-out", "stdlib", "-o", str(tmp_path / "r"), "--dry-run"
    )
    assert planned["tokens_to_score"] > 0
    assert planned["lines"][0] == "Profile quick."
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("nosuch/model",), "hf download nosuch/model"),
        (("127.0.0.1:9/v1#x",), "http://127.0.0.1:9/v1#x"),
        (("gguf:nosuch.gguf",), "nothing at nosuch.gguf"),
        (("smollm2", "--adapter", "nosuch"), "nothing at nosuch/adapter_config.json"),
        (("smollm2", "--trained-on", "nosuch.txt"), "nothing at nosuch.txt"),
        (("memorizer:infinigram", "--index", "nosuch.idx"), "nothing at nosuch.idx"),
    ],
)
def test_dry_run_looks_for_what_is_named(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    sides = ("--trained-on", "stdlib", "--held-out", "stdlib", "-o", "r", "--dry-run")
    done = command("audit", *options, *sides, cwd=tmp_path)
    assert done.returncode == 3
    assert words in done.stderr


def test_dry_run_says_that_an_endpoint_without_a_tokenizer_scores_nothing(tmp_path: Path) -> None:
    sides = ("--trained-on", "stdlib", "--held-out", "stdlib", "-o", "r", "--dry-run")
    assert "Without --tokenizer nothing is scored" in command("audit", "http://127.0.0.1:9/v1#x", *sides).stdout


def test_defaults_come_from_toml_and_variables_and_flags_in_that_order(tmp_path: Path) -> None:
    (tmp_path / "byheart.toml").write_text('[audit]\nprofile = "standard"\n')
    sides = ("--trained-on", "stdlib", "--held-out", "stdlib")
    arguments = ("audit", "smollm2", *sides, "-o", "r", "--dry-run", "--json")
    by_file = command(*arguments, cwd=tmp_path)
    by_variable = command(*arguments, cwd=tmp_path, BYHEART_AUDIT_PROFILE="full")
    by_flag = command(*arguments, "--profile", "quick", cwd=tmp_path, BYHEART_AUDIT_PROFILE="full")
    tokens = [int(done.stdout.split('"tokens_to_score":')[1].split(",")[0]) for done in (by_flag, by_file, by_variable)]
    assert tokens == sorted(set(tokens))


@pytest.mark.parametrize(
    "text", ["[audit]\nprofle = 'quick'\n", "[audt]\nseed = 1\n", "audit = 3\n", "[audit\n", "[canary.mak]\n"]
)
def test_a_faulty_toml_is_named_and_not_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / "byheart.toml").write_text(text)
    done = command("doctor", cwd=tmp_path)
    assert done.returncode == 2
    assert "byheart.toml" in done.stderr


@pytest.mark.slow
def test_help_and_import_are_fast_when_warm() -> None:
    for code, limit in (("import byheart", 0.3), ("import byheart.cli.app", 0.5)):
        python(code)
        times = []
        for _ in range(5):
            started = time.perf_counter()
            python(code)
            times.append(time.perf_counter() - started)
        assert min(times) < limit
