"""canary make, canary plant and audit --canaries as a user types them."""

import json
import stat
from pathlib import Path

from byheart.corpus.secrets import read_secrets
from tests.cli.command import answer
from tests.cli.command import byheart as command
from tests.study.corpora import library_texts


def two_sources(folder: Path) -> tuple[str, ...]:
    """--trained-on and --held-out, each a file of one document: a plan refuses texts that are not there."""
    for name in ("trained.txt", "held.txt"):
        (folder / name).write_text("The quick brown fox jumps over the lazy dog.\n")
    return "--trained-on", str(folder / "trained.txt"), "--held-out", str(folder / "held.txt")


def test_secrets_are_made_and_planted_and_neither_command_says_one(tmp_path: Path) -> None:
    source = tmp_path / "source.jsonl"
    source.write_text("".join(json.dumps({"name": n, "text": t}) + "\n" for n, t in library_texts(20)))
    made = command(
        "canary", "make", "-o", "c.jsonl", "--pairs", "12", "--repetitions", "1,4", "--seed", "5", cwd=tmp_path
    )
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE((tmp_path / "c.jsonl").stat().st_mode) == 0o600
    secrets = read_secrets(tmp_path / "c.jsonl")
    assert secrets.fingerprint in made.stdout
    assert "whoever tries the seed 5 has all secrets" in made.stderr
    planted = command("canary", "plant", "c.jsonl", "source.jsonl", "-o", "out.jsonl", cwd=tmp_path)
    assert planted.returncode == 0, planted.stderr
    said = made.stdout + made.stderr + planted.stdout + planted.stderr
    assert not [s for pair in secrets.pairs for s in (*pair.secrets, pair.beginning.strip()) if s in said]
    again = command("canary", "make", "-o", "c.jsonl", cwd=tmp_path)
    assert again.returncode == 6
    assert "not written over" in again.stderr
    nowhere = command("canary", "make", "-o", "absent/c.jsonl", cwd=tmp_path)
    assert nowhere.returncode == 3
    assert "no folder absent to write c.jsonl into" in nowhere.stderr
    assert len(nowhere.stderr.strip().splitlines()) == 3


def test_json_counts_what_will_be_planted_and_the_forecast_what_will_be_asked(tmp_path: Path) -> None:
    canaries = tmp_path / "c.jsonl"
    made = answer("canary", "make", "-o", str(canaries), "--pairs", "12", "--repetitions", "1,4", "--seed", "5")
    assert made["pairs"] == 12
    assert made["copies"] == 6 * 1 + 6 * 4
    bare, planned = (
        answer("audit", "memorizer:infinigram", *two_sources(tmp_path), "-o", str(tmp_path / "r"), "--dry-run", *more)
        for more in ((), ("--canaries", str(canaries)))
    )
    assert "exposure" not in [row["audit"] for row in bare["audits"]]
    (asked,) = (row["tokens"] for row in planned["audits"] if row["audit"] == "exposure")
    assert 12 * 65 * 20 < asked < 12 * 65 * 64
    assert planned["tokens_to_score"] == bare["tokens_to_score"] + asked


def test_exposure_without_canaries_says_what_is_missing(tmp_path: Path) -> None:
    done = command(
        "audit",
        "memorizer:infinigram",
        *two_sources(tmp_path),
        "-o",
        str(tmp_path / "r"),
        "--dry-run",
        "--audits",
        "exposure",
    )
    assert done.returncode == 2
    assert "--canaries" in done.stderr


def test_faulty_options_are_named(tmp_path: Path) -> None:
    done = command("canary", "make", "-o", str(tmp_path / "c"), "--repetitions", "1,two")
    assert done.returncode == 2
    assert "1,4,16" in done.stderr
    assert list(tmp_path.iterdir()) == []
